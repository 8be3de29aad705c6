"""How a status is printed."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from personalize_assets.local_run.printed_json import print_json
from personalize_assets.local_run.status import (
    DatasetStatus,
    DaysStatus,
    ExportStatus,
    Gathered,
    RefusedStatus,
    Status,
)
from personalize_assets.local_run.status_lines import head_lines, import_lines, import_row, print_status
from personalize_assets.local_run.summary import Summary
from personalize_assets.pipeline.importing.import_status import ComparedStatus, ImportStatus, PlanStatus

STATUS = Status(
    dataset_group="shop",
    destination="s3://events/made",
    days=DaysStatus(count=12, first="2026-10-01", last="2026-10-12", with_rejects=("2026-10-02", "2026-10-04")),
    datasets={"items": DatasetStatus(kept=9, rejected=1, duplicates=2, exported=7, bytes=80, file="s3://x")},
    export=ExportStatus(run="R1", made="2026-10-12T04:00:00Z"),
    refused=None,
    imports={},
    checks=(),
)
RECORDED = ImportStatus(holds="R0", rows_held=5, is_pending=True, reading={}, untrained={})


def planned(**changes: object) -> ImportStatus:
    plan = {"mode": "", "pending": 0, "bytes": 0, "why": "as it is", "steps": (), "unfinished": {}, **changes}
    return ImportStatus(
        holds="R0",
        rows_held=5,
        is_pending=True,
        reading={},
        untrained={},
        plan=PlanStatus(**plan),  # type: ignore[arg-type]
    )


def test_days_and_export_are_named() -> None:
    assert list(head_lines(STATUS)) == [
        "Group:    shop, in s3://events/made",
        "Days:     12 converted, 2026-10-01 to 2026-10-12; 2 with rejects, the last 2026-10-04",
        "Export:   R1, made 2026-10-12T04:00:00Z",
    ]


def test_nothing_is_named_as_nothing() -> None:
    empty = Status(
        dataset_group="shop",
        destination="s3://events/made",
        days=DaysStatus(count=0, first="", last="", with_rejects=()),
        datasets={},
        export=None,
        refused=None,
        imports={},
        checks=(),
    )

    assert list(head_lines(empty))[1:] == ["Days:     none is converted", "Export:   none yet"]


def test_a_refused_export_has_a_line_a_reason() -> None:
    refused = RefusedStatus(run="R2", made="2026-10-13T04:00:00Z", findings={"items": ("found 1", "found 2")})
    found = Status(
        dataset_group="shop",
        destination="s3://events/made",
        days=STATUS.days,
        datasets={},
        export=STATUS.export,
        refused=refused,
        imports={},
        checks=(),
    )

    assert list(head_lines(found))[3:] == [
        "Refused:  items of R2, made 2026-10-13T04:00:00Z; what was current before still is",
        "  items: found 1",
        "  items: found 2",
    ]


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (RECORDED, ("items", "5", "some", "the rows of the export R0, as recorded")),
        (
            ImportStatus(holds="R1", rows_held=7, is_pending=False, reading={}, untrained={}),
            ("items", "7", "0", "the rows of the current export, as recorded"),
        ),
        (
            ImportStatus(holds="", rows_held=0, is_pending=True, reading={}, untrained={}),
            ("items", "0", "some", "no import is recorded"),
        ),
        (
            ImportStatus(holds="R0", rows_held=None, is_pending=True, reading={}, untrained={}),
            ("items", "unknown", "some", "the rows of the export R0, as recorded"),
        ),
        (
            planned(mode="INCREMENTAL", pending=2, why="2 rows are new or changed"),
            ("items", "5", "2", "next import INCREMENTAL: 2 rows are new or changed"),
        ),
        (planned(pending=2, why="2 rows wait for more"), ("items", "5", "2", "2 rows wait for more")),
        (planned(), ("items", "7", "0", "as it is")),
    ],
)
def test_the_row_of_a_dataset_says_what_is_held_and_what_is_next(found: ImportStatus, row: tuple[str, ...]) -> None:
    assert import_row("items", found, 7) == row


def test_what_goes_on_and_what_is_not_trained_on_has_lines() -> None:
    found = ImportStatus(
        holds="R0",
        rows_held=5,
        is_pending=True,
        reading={"R1": "2026-10-12T05:00:00+00:00"},
        untrained={"GENRE": "2026-10-12T05:00:01+00:00"},
        compared=ComparedStatus(run="R0", exported=1200, held=1199, at="2026-10-12T04:00:00+00:00"),
        plan=PlanStatus(
            mode="FULL",
            pending=7,
            bytes=80,
            why="x",
            steps=("create dataset items",),
            unfinished={"j": "CREATE PENDING"},
        ),
    )
    status = replace(STATUS, refused=None, imports={"items": found}, checks=())

    assert list(import_lines(status)) == [
        "items: an import reads the export R1 since 2026-10-12T05:00:00+00:00",
        "items: the next import would create dataset items",
        "items: import job j is CREATE PENDING",
        "items: Personalize exported 1,199 rows on 2026-10-12T04:00:00+00:00, of 1,200 imported of R0",
        "items: column GENRE, added 2026-10-12T05:00:01+00:00, is not yet trained on by every solution",
    ]


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(STATUS)

    found = json.loads(capsys.readouterr().out)

    assert found["days"]["with_rejects"] == ["2026-10-02", "2026-10-04"]
    assert found["datasets"]["items"]["exported"] == 7
    assert found["refused"] is None


def test_without_a_terminal_tables_are_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    status = replace(STATUS, refused=None, imports={"items": RECORDED}, checks=())

    print_status(Gathered(status, Summary([], {}, "s3://events/made/rejects", []), []))

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "import  held  pending  state",
        "items      5     some  the rows of the export R0, as recorded",
    ]
