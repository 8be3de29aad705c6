"""Where the Spark logic runs: one class an engine behind one interface, chosen by the config's ``engine``."""

from personalize_assets.engines.base import Engine
from personalize_assets.engines.local import LocalEngine
from personalize_assets.engines.sail import SailEngine
from personalize_assets.errors import PersonalizeAssetsError

__all__ = ["Engine", "LocalEngine", "SailEngine", "make_engine"]


def make_engine(name: str) -> Engine:
    """The engine that a config names. Nothing is started: no JVM, no call to AWS."""
    if name == "local":
        return LocalEngine.on_all_cores()
    if name == "sail":
        return SailEngine()
    raise PersonalizeAssetsError(f"engine: {name!r} is not part of this version yet; use local or sail")
