"""The interface of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import dagster as dg


class Engine(dg.ConfigurableResource, ABC):  # type: ignore[type-arg]
    """Runs a job spec (``conversion.job``) somewhere and returns its report; both are plain JSON."""

    @abstractmethod
    def run(self, context: dg.AssetExecutionContext, spec: dict[str, Any]) -> dict[str, Any]:
        """Do what the spec says and wait for it. Raises ``PersonalizeAssetsError`` for what the user can mend."""
