"""Specs and reports: the JSON they become, and how counts add up."""

import json
from datetime import date

import msgspec
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.spec import (
    Blamed,
    ConvertReport,
    ConvertSpec,
    DailyFiles,
    DatasetCounts,
    DatasetExport,
    DayProfile,
    DayReport,
    ExportReport,
    ExportSpec,
    Plan,
    RawFile,
    RawFileSet,
    SourceCounts,
    decode_report,
    decode_spec,
    encode,
    sum_counts,
)

USERS = Dataset("users", (Column("USER_ID", ("id",), required=True),), {"type": ("identify",)})


def test_a_convert_spec_is_json_with_its_job_and_days_as_iso_dates() -> None:
    file = RawFile("/raw/a.gz", date(2026, 10, 1), 3, "lines", compression="gzip")
    plan = Plan("r", ("users",), {"users": "/out/user_traits"}, 1, {})
    spec = ConvertSpec((RawFileSet("source", True, (file,), (USERS,)),), plan, {"2026-10-01": "c"})

    found = json.loads(encode(spec))

    assert found.keys() == {"job", "sources", "plan", "contents"}
    assert found["job"] == "convert"
    assert found["sources"][0]["files"] == [
        {
            "uri": "/raw/a.gz", "day": "2026-10-01", "bytes": 3, "framing": "lines", "compression": "gzip", "share": 0,
            "shares": 1,
        }
    ]  # fmt: skip
    assert decode_spec(encode(spec)) == spec


def test_an_export_spec_is_json_with_its_job() -> None:
    daily = (DailyFiles("2026-10-01", ("/out/a.parquet",)),)
    spec = ExportSpec((DatasetExport(USERS, daily=daily, to_csv="/out/_parts/r"),), {})

    found = json.loads(encode(spec))

    assert (found["job"], found["s3"], found["mask"]) == ("export", {}, [])
    assert found["exports"][0].keys() == {
        "dataset", "daily", "table", "to_table", "to_csv", "csv_header",
        "keep_in", "kept", "last_days", "suppress_list",
    }  # fmt: skip
    assert decode_spec(encode(spec)) == spec


@pytest.mark.parametrize(
    "report", [ConvertReport(days={"2026-10-01": DayReport()}, seconds=1.5), ExportReport(datasets={})]
)
def test_a_report_is_read_as_it_was_written(report: ConvertReport | ExportReport) -> None:
    assert decode_report(encode(report)) == report


def test_a_report_names_an_engines_own_facts_only_if_there_are_any() -> None:
    assert json.loads(encode(ConvertReport(days={}, seconds=1.0))) == {"job": "convert", "days": {}, "seconds": 1.0}
    assert json.loads(encode(ExportReport(datasets={}, engine={"run": "jr_1"})))["engine"] == {"run": "jr_1"}


@pytest.mark.parametrize("text", [b"{}", b'{"job": "import"}', b'{"job": "convert"}', b"[", b"[]"])
def test_what_is_no_spec_or_report_is_refused(text: bytes) -> None:
    for decode in (decode_spec, decode_report):
        with pytest.raises(msgspec.DecodeError):
            decode(text)


def test_counts_of_a_source_add_up() -> None:
    one = SourceCounts(raw_files=1, bytes=10, read=5, wanted=3, not_wanted=1, malformed={"a": 1}, reject_files=("x",))
    two = SourceCounts(raw_files=2, bytes=1, read=4, wanted=1, malformed={"a": 1, "b": 2}, reject_files=("y",))

    assert one + two == SourceCounts(
        raw_files=3,
        bytes=11,
        read=9,
        wanted=4,
        not_wanted=1,
        malformed={"a": 2, "b": 2},
        reject_files=("x", "y"),
    )


def test_counts_of_a_dataset_add_up_and_keep_the_only_profile() -> None:
    profile = DayProfile(nulls={"A": 1})
    one = DatasetCounts(rows=2, kept=1, rejected={"r": 1}, dropped={"d": 1}, files=("f",), profile=profile, untimed=1)
    two = DatasetCounts(rows=1, kept=1, dropped={"d": 2, "e": 1}, untimed=2, files=("g",), reject_files=("h",))

    assert one + two == DatasetCounts(
        rows=3,
        kept=2,
        rejected={"r": 1},
        dropped={"d": 3, "e": 1},
        files=("f", "g"),
        reject_files=("h",),
        profile=profile,
        untimed=3,
    )
    assert (two + two).profile is None


def test_profiles_of_a_day_have_the_first_and_last_time_of_both_and_ten_rows_at_most() -> None:
    one = DayProfile(nulls={"A": 1}, events={"View": 2}, hours={"3": 2}, times=(5, 9), preview=({"A": 1},) * 7)
    two = DayProfile(nulls={"A": 1}, events={"Buy": 1}, hours={"3": 1}, times=(2, 6), preview=({"A": 2},) * 7)

    total = one + two

    assert (total.nulls, total.events, total.hours) == ({"A": 2}, {"View": 2, "Buy": 1}, {"3": 3})
    assert total.times == (2, 9)
    assert total.preview == ({"A": 1},) * 7 + ({"A": 2},) * 3
    assert (DayProfile() + DayProfile()).times == ()


def test_rows_with_a_problem_add_up_and_five_are_kept() -> None:
    assert Blamed(rows=4, shown=({"n": 1},) * 4) + Blamed(rows=9, shown=({"n": 2},) * 5) == Blamed(
        rows=13, shown=({"n": 1},) * 4 + ({"n": 2},)
    )


def test_counts_are_summed_by_key() -> None:
    assert sum_counts({"a": 1}, {}, {"a": 2, "b": 3}) == {"a": 3, "b": 3}
