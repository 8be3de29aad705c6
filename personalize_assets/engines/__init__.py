"""Where the Spark logic runs: one class an engine behind one interface, chosen by the config's ``engine``."""

from typing import TYPE_CHECKING

from personalize_assets.engines.base import Engine
from personalize_assets.engines.glue import GlueEngine
from personalize_assets.engines.local import LocalEngine
from personalize_assets.engines.sail import SailEngine
from personalize_assets.errors import PersonalizeAssetsError

if TYPE_CHECKING:
    from personalize_assets.config import Config

__all__ = ["Engine", "GlueEngine", "LocalEngine", "SailEngine", "make_engine"]


def make_engine(name: str, config: "Config | None" = None) -> Engine:
    """The engine that a config names; only `glue` needs more of it. Nothing is started: no JVM, no call to AWS."""
    if name == "local":
        return LocalEngine.on_all_cores()
    if name == "sail":
        return SailEngine()
    if name != "glue":
        raise PersonalizeAssetsError(f"engine: {name!r} is not an engine; use one of sail, local, glue")
    if config is None:
        raise ValueError("the engine glue needs the whole config")
    return GlueEngine.of(config)
