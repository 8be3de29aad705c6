"""The interface of all engines. It imports no Dagster, which an engine may do without."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.reading.file_errors import (
    FileError,
    UnansweredFile,
    UnreadableDailyFile,
    UnwritableFile,
)
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec, Report, Spec
from personalize_assets.errors import PersonalizeAssetsError, TransientError

if TYPE_CHECKING:
    import dagster as dg


class Engine(ABC):
    """Runs a job spec somewhere and returns its report (``conversion.spec``).

    Attributes:
        name: That of the config and of the pool of its steps; by default that of the class.
        kind: What the UI shows on assets that it makes; by default its name.
        needs_dagster: Whether ``run`` works in a run of Dagster only.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    needs_dagster: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Name the class of an engine that has no name of its own, ``TheirEngine`` as ``theirengine``."""
        super().__init_subclass__(**options)
        if "name" not in cls.__dict__:
            cls.name = cls.__name__.lower()
        if "kind" not in cls.__dict__:
            cls.kind = cls.name

    @abstractmethod
    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        """Run the job of a spec and wait for its end. Raises ``PersonalizeAssetsError`` for what the user can fix.

        Args:
            context: Dagster's, if this is a run of Dagster.
            on_progress: Is called as tasks finish, by engines that know it.
        """

    def convert(
        self, context: dg.AssetExecutionContext | None, spec: ConvertSpec, on_progress: OnProgress | None = None
    ) -> ConvertReport:
        """``run`` for a spec of ``convert``, with the type of its report."""
        report = self.run(context, spec, on_progress)
        assert isinstance(report, ConvertReport), type(report)
        return report

    def export(
        self, context: dg.AssetExecutionContext | None, spec: ExportSpec, on_progress: OnProgress | None = None
    ) -> ExportReport:
        """``run`` for a spec of ``export``, with the type of its report."""
        report = self.run(context, spec, on_progress)
        assert isinstance(report, ExportReport), type(report)
        return report

    def prepare(self, raw_bytes: int) -> None:  # noqa: B027 - most engines need not
        """Start in the background what a run over so many raw bytes will wait for. By default nothing."""

    @contextmanager
    def several_jobs(self) -> Iterator[None]:
        """Jobs within may use what the one before has started; it ends with the block. By default nothing."""
        yield


def for_user(error: FileError) -> PersonalizeAssetsError:
    """The error for the user about a file that cannot be read or written."""
    if isinstance(error, UnansweredFile):
        return TransientError(str(error))
    if isinstance(error, UnreadableDailyFile | UnwritableFile):
        return PersonalizeAssetsError(str(error))
    return PersonalizeAssetsError(f"{error}; if the file is gone, materialize raw_event_catalog again")
