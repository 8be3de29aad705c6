"""The interface of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod

import dagster as dg

from personalize_assets.conversion.reading.filesystem import UnreadableDailyFile, UnreadableFile
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec, Report, Spec
from personalize_assets.errors import PersonalizeAssetsError


class Engine(dg.ConfigurableResource, ABC):  # type: ignore[type-arg]
    """Runs a job spec somewhere and returns its report (``conversion.spec``)."""

    @abstractmethod
    def run(self, context: dg.AssetExecutionContext, spec: Spec) -> Report:
        """Run the job of a spec and wait for its end. Raises ``PersonalizeAssetsError`` for what the user can fix."""

    def convert(self, context: dg.AssetExecutionContext, spec: ConvertSpec) -> ConvertReport:
        """``run`` for a spec of ``convert``, with the type of its report."""
        report = self.run(context, spec)
        assert isinstance(report, ConvertReport), type(report)
        return report

    def export(self, context: dg.AssetExecutionContext, spec: ExportSpec) -> ExportReport:
        """``run`` for a spec of ``export``, with the type of its report."""
        report = self.run(context, spec)
        assert isinstance(report, ExportReport), type(report)
        return report

    def prepare(self, raw_bytes: int) -> None:
        """Start in the background what a run over so many raw bytes will wait for. By default nothing."""


def unreadable(error: UnreadableFile) -> PersonalizeAssetsError:
    """The error for the user about a file that cannot be read."""
    if isinstance(error, UnreadableDailyFile):
        return PersonalizeAssetsError(str(error))
    return PersonalizeAssetsError(f"{error}; if the file is gone, materialize raw_event_catalog again")
