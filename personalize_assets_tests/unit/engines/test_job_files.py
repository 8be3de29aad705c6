"""What a job elsewhere leaves in S3: equal work, the spec for a role, reports, and what is swept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.spec import (
    ConvertReport,
    ConvertSpec,
    DailyFiles,
    DatasetExport,
    DayReport,
    ExportSpec,
    Plan,
    encode,
)
from personalize_assets.engines.glue.engine import GlueEngine
from personalize_assets.engines.job_files import (
    FailedReport,
    JobError,
    Staging,
    fingerprint_of_work,
    for_role,
    read_report,
    report_in,
    sweep,
)
from personalize_assets.storage.object_store import open_store

ENGINE = GlueEngine(job="shop", destination="s3://made/out")
STAGING = Staging("s3://made/out", "_glue/r")
REPORT = ConvertReport(days={"2026-10-01": DayReport()}, seconds=0.5)


def convert(
    run_id: str = "20261001T000000-aaaaaa", *, now: int = 1, make: tuple[str, ...] = (), **s3: str
) -> ConvertSpec:
    return ConvertSpec(sources=(), plan=Plan(run_id, make=make, folders={}, now=now, s3=dict(s3)))


def export(run_id: str, daily: str = "20260930T000000-cccccc-0.parquet", **s3: str) -> ExportSpec:
    items = Dataset("items", columns=(), where={})
    one = DatasetExport(
        items, daily=(DailyFiles("2026-10-01", (daily,)),), to_csv=f"s3://made/out/_parts/items-{run_id}"
    )
    return ExportSpec(exports=(one,), s3=dict(s3))


def test_a_staging_folder_names_its_files() -> None:
    staging = Staging("s3://made/out", "_glue/r")

    assert staging.key("spec.json") == "_glue/r/spec.json"
    assert staging.uri("spec.json") == "s3://made/out/_glue/r/spec.json"
    assert staging.in_bucket("spec.json") == ("made", "out/_glue/r/spec.json")


def test_the_same_work_has_the_same_fingerprint_in_every_run() -> None:
    assert fingerprint_of_work(convert("20261001T000000-aaaaaa")) == fingerprint_of_work(
        convert("20261002T000000-bbbbbb", now=99)
    )
    assert fingerprint_of_work(export("20261001T000000-aaaaaa")) == fingerprint_of_work(
        export("20261002T000000-bbbbbb")
    )


def test_other_work_has_another_fingerprint() -> None:
    assert fingerprint_of_work(convert()) != fingerprint_of_work(convert(make=("items",)))
    assert fingerprint_of_work(export("20261001T000000-aaaaaa")) != fingerprint_of_work(
        export("20261001T000000-aaaaaa", daily="20260930T000000-dddddd-0.parquet")
    )


@pytest.mark.parametrize(
    "spec",
    [convert(region="eu-west-1", profile="mine"), export("20261001T000000-aaaaaa", region="eu-west-1", profile="mine")],
)
def test_the_job_gets_its_roles_credentials_and_no_profile(spec: ConvertSpec | ExportSpec) -> None:
    sent = json.loads(encode(for_role(spec)))

    assert sent.get("plan", sent)["s3"] == {"region": "eu-west-1", "credentials": "boto3"}


def test_the_last_message_with_a_report_counts() -> None:
    messages = ["hello", {"report": {"job": "convert", "days": {}}}, {"report": json.loads(encode(REPORT))}, {"a": 1}]

    assert report_in(messages) == REPORT


@pytest.mark.parametrize("messages", [[], ["hello"], [{"report": {"job": "convert"}}], [{"report": None}]])
def test_messages_without_a_whole_report_give_none(messages: list[Any]) -> None:
    assert report_in(messages) is None


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (encode(REPORT), REPORT),
        (
            b'{"error": {"type": "E", "message": "m", "traceback": "t"}}',
            FailedReport(JobError("E", "m", "t")),
        ),
        (encode(REPORT)[:-1], None),
        (b'{"job": "convert"}', None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_a_report_file_holds_a_report_an_error_or_nothing_whole(data: bytes, found: Any, tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.write("report.json", data)

    assert read_report(store, f"{store.uri}/report.json") == found


def test_a_report_that_does_not_exist_or_is_elsewhere_is_none(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))

    assert read_report(store, f"{store.uri}/report.json") is None
    assert read_report(store, "s3://elsewhere/report.json") is None


def test_a_runs_folder_is_deleted_and_so_are_old_ones(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    for folder in ("mine", "running", "old"):
        store.write(f"_glue/{folder}/spec.json", b"{}")
    os.utime(tmp_path / "_glue/old/spec.json", (0, 0))

    sweep(store, Staging(store.uri, "_glue/mine"))

    assert [file.key for file in store.files()] == ["_glue/running/spec.json"]


def test_a_spec_survives_json() -> None:
    spec = convert()

    assert msgspec.json.decode(encode(spec), type=ConvertSpec) == spec
