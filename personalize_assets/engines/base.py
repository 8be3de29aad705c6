"""The interface of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import dagster as dg

from personalize_assets.conversion.convert.task import UnreadableFile
from personalize_assets.errors import PersonalizeAssetsError


class Engine(dg.ConfigurableResource, ABC):  # type: ignore[type-arg]
    """Runs a job spec (``conversion.job``) somewhere and returns its report; both are plain JSON."""

    @abstractmethod
    def run(self, context: dg.AssetExecutionContext, spec: dict[str, Any]) -> dict[str, Any]:
        """Run the job of a spec and wait for its end. Raises ``PersonalizeAssetsError`` for what the user can fix."""

    def prepare(self, raw_bytes: int) -> None:
        """Start in the background what a run over so many raw bytes will wait for. By default nothing."""


def unreadable(error: UnreadableFile) -> PersonalizeAssetsError:
    """The error for the user about a raw file that cannot be read."""
    return PersonalizeAssetsError(f"{error}; if the file is gone, materialize raw_event_catalog again")
