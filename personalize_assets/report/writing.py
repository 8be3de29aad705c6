"""Stores the report: in the destination, beside what it is about, or in a file that the user names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.converted_days import converted_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.ownership import claim_destination
from personalize_assets.report.gathering import gather_report
from personalize_assets.report.page import render
from personalize_assets.storage.manifests import DayState

_LOG = logging.getLogger(__name__)


def write_report(group: DatasetGroup, states: Mapping[str, DayState] | None = None) -> str:
    """Replace the report in the destination; returns its URI. Arguments as in ``gather_report``.

    Raises ``PersonalizeAssetsError`` for a destination that cannot be read or written, is another group's, or has
    nothing to report, as one whose URI is mistyped; then nothing is written.
    """
    states = converted_days(group) if states is None else states
    _check_holds(group, states)
    claim_destination(group)
    return group.destination.put_report(render(gather_report(group, states)))


def write_report_to(group: DatasetGroup, file: Path) -> str:
    """Write the report to a file of this machine, and nothing to the destination; returns the file's absolute path.

    Raises ``PersonalizeAssetsError`` for a destination that cannot be read or has nothing to report, or a file that
    cannot be written.
    """
    states = converted_days(group)
    _check_holds(group, states)
    page = render(gather_report(group, states))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise PersonalizeAssetsError(
            f"the report cannot be written to {file}: {error.strerror}; name another file"
        ) from error
    return str(file.absolute())


def _check_holds(group: DatasetGroup, states: Mapping[str, DayState]) -> None:
    if not states and group.destination.exports.latest() is None:
        raise PersonalizeAssetsError(
            f"{group.destination.uri} has no converted day from {group.config.source.start_date} on and no export, so "
            "there is nothing to report; correct destination.uri or source.start_date, or use `personalize-assets run` "
            "first"
        )


def try_report(
    group: DatasetGroup,
    states: Mapping[str, DayState] | None = None,
    warn: Callable[[str], None] = _LOG.warning,
) -> str | None:
    """As ``write_report``; None after a warning if that fails, because a run has done its work without it.

    The log has the traceback at its level DEBUG.
    """
    try:
        return write_report(group, states)
    except Exception as error:
        _LOG.debug("the report was not written", exc_info=True)
        warn(
            f"the report was not written: {type(error).__name__}: {error}; what was exported is complete, and "
            "`personalize-assets report` tries again"
        )
        return None
