"""Where job specs run: one class an engine behind one interface, chosen by ``engine`` in the config."""

from typing import TYPE_CHECKING

from personalize_assets.engines.base import Engine, for_user
from personalize_assets.errors import PersonalizeAssetsError

if TYPE_CHECKING:
    from personalize_assets.config import Config

__all__ = ["Engine", "for_user", "make_engine"]


def make_engine(name: str, config: "Config | None" = None) -> Engine:
    """The engine of that name; `arrow` and `local` need no ``config``. Starts nothing: no JVM, no call to AWS.

    Imports only the module of that engine. Raises ``PersonalizeAssetsError`` for an unknown name.
    """
    from personalize_assets.config.fields import ENGINES

    if name == "local":
        from personalize_assets.engines.local import LocalEngine

        return LocalEngine.on_all_cores(config.spark_config if config else None)
    if name == "arrow":
        from personalize_assets.engines.arrow import ArrowEngine

        return ArrowEngine()
    if name not in ENGINES:
        raise PersonalizeAssetsError(f"engine: {name!r} is not an engine; use one of {', '.join(ENGINES)}")
    if config is None:
        raise ValueError(f"the engine {name} needs the whole config")
    if name == "spark":
        from personalize_assets.engines.spark import SparkEngine

        return SparkEngine.of(config)
    if name == "emr-serverless":
        from personalize_assets.engines.emr_serverless.engine import EmrServerlessEngine

        return EmrServerlessEngine.of(config)
    from personalize_assets.engines.glue.engine import GlueEngine

    return GlueEngine.of(config)
