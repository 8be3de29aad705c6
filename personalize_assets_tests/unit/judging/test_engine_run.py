"""What a failed run of an engine leaves: nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.engine_run import discarding
from personalize_assets.judging.judged_days import make_days
from personalize_assets.judging.judged_export import make_export
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.small_group import (
    CLICK,
    FIRST,
    IDENTIFY,
    convert_here,
    export_here,
    put_events,
    run_here,
    small_group,
)


class Died(BaseException):
    """What no handler of errors catches, as an interrupt."""


def stored(group: DatasetGroup) -> list[str]:
    return [file.key for file in group.destination.store.files()]


def failing(run: Callable[[Any], Any], error: BaseException) -> Callable[[Any], Any]:
    """An engine that does its work, and then fails."""

    def run_and_fail(spec: Any) -> Any:
        run(spec)
        raise error

    return run_and_fail


@pytest.mark.parametrize("error", [PersonalizeAssetsError("full"), ValueError("bug"), Died()])
def test_a_conversion_that_fails_leaves_no_file_and_the_days_as_they_were(tmp_path: Path, error: BaseException) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK, "no event")
    convert_here(group, FIRST)
    put_events(group, FIRST, CLICK, IDENTIFY, name="b.json")
    catalog_days(group, [FIRST])
    before = stored(group)
    run: Callable[[ConvertSpec], ConvertReport] = failing(run_here, error)

    with pytest.raises(type(error)):
        make_days(group, [FIRST], ["interactions", "users"], run)

    assert stored(group) == before


@pytest.mark.parametrize("single_file", [True, False])
def test_an_export_that_fails_leaves_no_file_and_the_former_one(tmp_path: Path, single_file: bool) -> None:
    group = small_group(tmp_path, destination={"uri": "out", "single_file": single_file})
    put_events(group, FIRST, CLICK, IDENTIFY)
    convert_here(group, FIRST)
    before = stored(group)
    run: Callable[[ExportSpec], ExportReport] = failing(export_here, PersonalizeAssetsError("full"))

    with pytest.raises(PersonalizeAssetsError, match="full"):
        make_export(group, ["interactions_csv", "users", "users_csv"], run)

    assert stored(group) == before


def test_the_error_is_that_of_the_run_also_if_its_files_cannot_be_deleted() -> None:
    def discard() -> None:
        raise PersonalizeAssetsError("access denied")

    with pytest.raises(ValueError, match="disk full") as found, discarding(discard):
        raise ValueError("disk full")

    assert found.value.__notes__ == ["The files that it wrote could not be deleted: access denied"]
