"""The interface of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod

import dagster as dg

from personalize_assets.conversion.convert.task import UnreadableFile
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec, Report, Spec
from personalize_assets.errors import PersonalizeAssetsError


class Engine(dg.ConfigurableResource, ABC):  # type: ignore[type-arg]
    """Runs a job spec somewhere and returns its report (``conversion.spec``)."""

    @abstractmethod
    def run(self, context: dg.AssetExecutionContext, spec: Spec) -> Report:
        """Do what the spec says and wait for it. Raises ``PersonalizeAssetsError`` for what the user can mend."""

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
        """Begin in the background, while other things are done, what a run over so many raw bytes will wait for.

        Does nothing unless an engine says otherwise.
        """


def unreadable(error: UnreadableFile) -> PersonalizeAssetsError:
    """A raw file that could not be read, with what to do about it."""
    return PersonalizeAssetsError(f"{error}; if the file is gone, materialize raw_event_catalog again")
