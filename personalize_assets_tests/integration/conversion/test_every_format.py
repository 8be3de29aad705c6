"""The same events, written in any format and packed in any way, give the same rows, rejects and counts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_assets.conversion.reading.formats.settings import CsvDialect, SourceFormat
from personalize_assets_tests.helpers.event_files import (
    TABLES,
    TEXTS,
    Converted,
    as_csv,
    as_orc,
    convert_file,
    json_lines,
)
from personalize_assets_tests.helpers.packing import PACKERS

DAY_SECONDS = 1790812800
CSV = SourceFormat("csv", CsvDialect(null=("",)))

IDS = st.sampled_from(["u1", "00123", "12345678901234567890", "ü", " x ", "", "  ", "a,b", 'q"q', "\\N", "null", None])
NOTES = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["a\nb", "a\r\nb"])
EVENT: dict[str, Any] = {
    "user": IDS,
    "item": IDS,
    "kind": st.sampled_from(["view", "buy", "View", "other", "", None]),
    "at": st.sampled_from([DAY_SECONDS, DAY_SECONDS * 1000 + 1, 0, -1, DAY_SECONDS * 2, 20261001, None]),
    "price": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, 1.0, -0.0, 1e300]),
    "stock": st.none() | st.integers(-(2**63), 2**63 - 1),
    "flag": st.none() | st.booleans(),
    "note": NOTES,
}
LINES = st.none() | st.lists(st.fixed_dictionaries({"sku": IDS, "price": EVENT["price"]}), max_size=3)
FLAT = st.lists(st.fixed_dictionaries(EVENT), min_size=1, max_size=8)
NESTED = st.lists(st.fixed_dictionaries({**EVENT, "lines": LINES}), min_size=1, max_size=8)
PACKING = st.lists(st.sampled_from([*PACKERS]), max_size=1) | st.just(["gzip", "gzip"])


def converted(data: bytes, format: SourceFormat | None = None) -> Converted:
    with tempfile.TemporaryDirectory() as folder:
        return convert_file(data, Path(folder), format)


def packed(data: bytes, packing: list[str]) -> bytes:
    for name in packing:
        data = PACKERS[name](data)
    return data


@given(events=FLAT, packing=PACKING, dialect=st.sampled_from([{}, {"delimiter": ";"}, {"quoting": 1}]))
def test_a_csv_gives_what_lines_of_json_give(events: Any, packing: list[str], dialect: dict[str, Any]) -> None:
    assert converted(packed(as_csv(events, **dialect), packing), CSV) == converted(json_lines(events))


@given(events=NESTED, form=st.sampled_from([*TEXTS]), packing=PACKING)
def test_json_in_any_form_and_packing_gives_what_lines_give(events: Any, form: str, packing: list[str]) -> None:
    assert converted(packed(TEXTS[form](events), packing)) == converted(json_lines(events))


@given(events=NESTED, form=st.sampled_from([name for name in TABLES if name != "orc"]))
def test_parquet_and_avro_give_what_lines_of_json_give(events: Any, form: str) -> None:
    assert converted(TABLES[form](events)) == converted(json_lines(events))


# A file of ORC is read by a process of its own.
@settings(max_examples=settings().max_examples // 8)
@given(events=NESTED)
def test_orc_gives_what_lines_of_json_give(events: Any) -> None:
    assert converted(as_orc(events)) == converted(json_lines(events))
