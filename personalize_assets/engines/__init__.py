"""Where the Spark logic runs: one class an engine behind one interface, chosen by the config's ``engine``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from personalize_assets.engines.base import Engine
from personalize_assets.errors import PersonalizeAssetsError

if TYPE_CHECKING:
    from personalize_assets.config import Config
    from personalize_assets.engines.glue import GlueEngine
    from personalize_assets.engines.local import LocalEngine
    from personalize_assets.engines.sail import SailEngine

__all__ = ["Engine", "GlueEngine", "LocalEngine", "SailEngine", "make_engine"]

_MODULES = {"GlueEngine": "glue", "LocalEngine": "local", "SailEngine": "sail"}


def __getattr__(name: str) -> Any:
    """An engine's class, loaded when it is asked for: none should wait for what another one needs."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def make_engine(name: str, config: "Config | None" = None) -> Engine:
    """The engine that a config names; only `glue` needs more of it. Nothing is started: no JVM, no call to AWS."""
    if name == "local":
        from personalize_assets.engines.local import LocalEngine

        return LocalEngine.on_all_cores()
    if name == "sail":
        from personalize_assets.engines.sail import SailEngine

        return SailEngine()
    if name != "glue":
        raise PersonalizeAssetsError(f"engine: {name!r} is not an engine; use one of sail, local, glue")
    if config is None:
        raise ValueError("the engine glue needs the whole config")
    from personalize_assets.engines.glue import GlueEngine

    return GlueEngine.of(config)
