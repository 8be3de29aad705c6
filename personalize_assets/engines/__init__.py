"""Where the Spark logic runs: one class an engine behind one interface, chosen by the config's ``engine``."""

from typing import TYPE_CHECKING

from personalize_assets.engines.base import Engine
from personalize_assets.engines.glue import GlueEngine
from personalize_assets.engines.local import LocalEngine
from personalize_assets.errors import PersonalizeAssetsError

if TYPE_CHECKING:
    from personalize_assets.config import Config

__all__ = ["Engine", "GlueEngine", "LocalEngine", "make_engine"]


def make_engine(name: str, config: "Config | None" = None) -> Engine:
    """The engine that a config names; only `glue` needs more of it. Nothing is started: no JVM, no call to AWS."""
    if name == "local":
        return LocalEngine.on_all_cores()
    if name == "glue" and config is not None:
        return GlueEngine.of(config)
    raise PersonalizeAssetsError(f"engine: {name!r} is not part of this version yet; use local or glue")
