"""The catalog of a day: framing, fields and types, told from the head of each file."""

import gzip
import json
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personalize_assets.catalog.day_catalog import HEAD_BYTES, _first_events, day_catalog, describe, encode
from personalize_assets.catalog.field_stats import Fields
from personalize_assets.config import Source
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import MAX_DEPTH
from personalize_assets.storage.raw_files import RawFiles
from personalize_assets_tests.helpers.strategies import FILES

DAY = date(2026, 10, 1)
EVENT = {"type": "track", "userId": "u1"}
LINE = json.dumps(EVENT).encode()


def framing(content: bytes) -> str:
    return describe(content[:HEAD_BYTES], len(content), Fields())["framing"]


def fields(*events: Any) -> dict[str, tuple[list[str], float]]:
    """Path → types and share of nulls."""
    seen = Fields()
    for event in events:
        seen.add(event)
    return {field["path"]: (field["types"], field["nulls"]) for field in seen.as_json()}


def sampled(content: bytes) -> int:
    """How many events of a file are looked at."""
    seen = Fields()
    describe(content[:HEAD_BYTES], len(content), seen)
    return seen.events


# -- framing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        LINE,
        LINE + b"\n" + LINE,
        b"\n\n" + LINE + b"\r\n" + LINE + b"\r\n\r\n",
        b"\xef\xbb\xbf" + LINE + b"\n",
        LINE + b"\n" + b'{"broken": \n' + LINE + b"\n",
    ],
    ids=["one line", "no line end at the end", "blank lines", "a BOM", "one broken line among good ones"],
)
def test_one_object_a_line_is_lines(content: bytes) -> None:
    assert framing(content) == "lines"
    assert describe(gzip.compress(content), len(gzip.compress(content)), Fields()) == {
        "compression": "gzip",
        "framing": "lines",
    }


@pytest.mark.parametrize(
    "content",
    [
        LINE + LINE,
        (LINE + b"\n" + LINE).replace(b", ", b",\n") + LINE,
        json.dumps(EVENT, indent=2).encode(),
        b"[" + LINE + b"," + LINE + b"]",
        b"[\n" + LINE + b",\n" + LINE + b"\n]",
        json.dumps([EVENT, EVENT], indent=1).encode(),
        b"",
        b"not JSON at all\n",
    ],
    ids=["glued", "glued and wrapped", "pretty", "array", "array over lines", "pretty array", "empty", "no JSON"],
)
def test_anything_else_is_a_stream(content: bytes) -> None:
    assert framing(content) == "stream"
    assert describe(gzip.compress(content), len(gzip.compress(content)), Fields()) == {
        "compression": "gzip",
        "framing": "stream",
    }


def test_compression_is_told_by_the_bytes() -> None:
    assert describe(LINE, len(LINE), Fields())["compression"] == "none"
    assert describe(gzip.compress(LINE), 1, Fields())["compression"] == "gzip"
    assert describe(b"", 0, Fields())["compression"] == "none"


def test_a_line_longer_than_the_head_is_still_lines() -> None:
    long_line = json.dumps({"text": "x" * 1_000_000}).encode()

    assert framing(long_line + b"\n" + LINE) == "lines"
    assert framing(b"\xef\xbb\xbf" + long_line) == "lines"
    assert sampled(long_line) == 0


def test_glued_objects_longer_than_the_head_are_a_stream() -> None:
    assert framing(LINE * 10_000) == "stream"
    assert framing(b"[" + json.dumps({"text": "x" * 1_000_000}).encode() + b"]") == "stream"


def test_a_head_that_ends_within_an_event_leaves_that_event_out() -> None:
    lines = (LINE + b"\n") * 10_000

    assert framing(lines) == "lines"
    assert sampled(lines[: 2 * HEAD_BYTES]) == 1000  # no more are looked at
    wide = json.dumps({"text": "x" * 30_000}).encode() + b"\n"
    assert sampled(wide * 3) == 2
    assert sampled(wide.rstrip() * 3) == 2


def test_a_head_of_gzip_that_ends_within_an_event_leaves_that_event_out() -> None:
    noise = [
        json.dumps({"n": number, "text": f"{number * 7919 % 1_000_003:x}" * 50}).encode() for number in range(9000)
    ]
    packed = gzip.compress(b"\n".join(noise))

    seen = Fields()
    assert len(packed) > HEAD_BYTES
    assert describe(packed[:HEAD_BYTES], len(packed), seen) == {"compression": "gzip", "framing": "lines"}
    assert seen.as_json() == [
        {"path": "n", "types": ["integer"], "nulls": 0.0},
        {"path": "text", "types": ["string"], "nulls": 0.0},
    ]


def test_a_head_that_unpacks_to_gigabytes_is_read_only_so_far() -> None:
    bomb = gzip.compress(json.dumps({"text": "x" * 60_000_000}).encode())

    assert describe(bomb[:HEAD_BYTES], len(bomb), Fields()) == {"compression": "gzip", "framing": "lines"}


# -- fields --------------------------------------------------------------------------------------------------------


def test_each_type_of_json_has_its_name() -> None:
    event = {"s": "x", "b": True, "i": 1, "n": 1.5, "o": {}, "a": [], "z": None}

    assert fields(event) == {
        "a": (["array"], 0.0),
        "b": (["boolean"], 0.0),
        "i": (["integer"], 0.0),
        "n": (["number"], 0.0),
        "o": (["object"], 0.0),
        "s": (["string"], 0.0),
        "z": ([], 1.0),
    }


def test_a_path_with_several_types_names_them_all() -> None:
    assert fields({"price": 1}, {"price": "1"}, {"price": 1.5}, {"price": None}) == {
        "price": (["integer", "number", "string"], 0.25)
    }


def test_nulls_are_the_share_of_events_without_a_value() -> None:
    assert fields({"a": 1}, {"a": None}, {"b": 2})["a"] == (["integer"], 0.6667)


def test_an_empty_text_is_null_as_in_the_conversion() -> None:
    assert fields({"a": ""}, {"a": "x"})["a"] == (["string"], 0.5)


def test_fields_of_array_elements_follow_the_arrays_path() -> None:
    assert fields({"products": [{"sku": "a"}, {"sku": "b", "price": 1}]}) == {
        "products": (["array"], 0.0),
        "products.price": (["integer"], 0.0),
        "products.sku": (["string"], 0.0),
    }


def test_an_event_counts_once_however_many_types_its_elements_have() -> None:
    assert fields({"products": [{"sku": "a"}, {"sku": 1}]}, {})["products.sku"] == (["integer", "string"], 0.5)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Favorite Departments", "traits.`Favorite Departments`"),
        ("Invited User?", "traits.`Invited User?`"),
        ("a.b", "traits.`a.b`"),
        ("tick`", "traits.`tick```"),
        ("größe", "traits.größe"),
        ("each", "traits.each"),
    ],
)
def test_a_path_is_written_as_a_config_takes_it(name: str, path: str) -> None:
    assert path in fields({"traits": {name: 1}})
    assert parse_path(path) == ("traits", name)


def test_a_field_called_each_is_quoted_where_it_would_mean_an_element() -> None:
    assert list(fields({"each": {"sku": 1}})) == ["`each`", "`each`.sku"]


def test_a_field_without_a_name_has_no_path() -> None:
    assert fields({"": 1, "a": {"": 2}}) == {"a": (["object"], 0.0)}


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1, max_size=3))
def test_every_path_leads_back_to_its_name(event: dict[str, int]) -> None:
    assert {parse_path(path) for path in fields({"outer": event})} == {("outer",), *(("outer", name) for name in event)}


# -- a day ---------------------------------------------------------------------------------------------------------


def day(root: Path) -> dict[str, Any]:
    raw = RawFiles(Source(uri=str(root), layout="hive", start_date=DAY))
    return day_catalog(DAY, {"source": raw}, {"source": raw.of([DAY]).days[DAY]})


def test_a_days_catalog_names_its_files_and_fields(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    (folder / "b.gz").write_bytes(gzip.compress(b'{"a": 1}\n{"a": null}\n', mtime=0))
    (folder / "a.json").write_bytes(b'{"b": {"c": "x"}}{"b": {}}')
    (folder / "empty").write_bytes(b"")

    assert day(tmp_path) == {
        "day": "2026-10-01",
        "sources": {"source": {"uri": str(tmp_path), "layout": "hive"}},
        "bytes": 26 + (folder / "b.gz").stat().st_size,
        "files": [
            {
                "source": "source",
                "key": "day=2026-10-01/a.json",
                "bytes": 26,
                "compression": "none",
                "framing": "stream",
            },
            {
                "source": "source",
                "key": "day=2026-10-01/b.gz",
                "bytes": (folder / "b.gz").stat().st_size,
                "compression": "gzip",
                "framing": "lines",
            },
            {"source": "source", "key": "day=2026-10-01/empty", "bytes": 0, "compression": "none", "framing": "stream"},
        ],
        "sampled_events": 4,
        "fields": [
            {"path": "a", "types": ["integer"], "nulls": 0.75},
            {"path": "b", "types": ["object"], "nulls": 0.5},
            {"path": "b.c", "types": ["string"], "nulls": 0.75},
        ],
    }


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.json").write_text(json.dumps({f"field {number % 7}": number, "x": [number]}) + "\n")

    assert encode(day(tmp_path)) == encode(day(tmp_path))


def test_a_day_without_files_has_an_empty_catalog(tmp_path: Path) -> None:
    found = day(tmp_path)

    assert (found["files"], found["fields"], found["bytes"], found["sampled_events"]) == ([], [], 0, 0)


def test_a_file_that_goes_after_it_was_listed_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_bytes(LINE)
    raw = RawFiles(Source(uri=str(tmp_path), layout="hive", start_date=DAY))
    files = raw.of([DAY]).days[DAY]
    (folder / "a").unlink()

    found = day_catalog(DAY, {"source": raw}, {"source": files})

    assert [file["key"] for file in found["files"]] == ["day=2026-10-01/b"]
    assert found["bytes"] == len(LINE)


def test_more_files_than_are_read_at_once_are_all_there_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("personalize_assets.catalog.day_catalog._HEADS_AT_ONCE", 3)
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    for number in range(7):
        (folder / str(number)).write_bytes(LINE)

    assert [file["key"][-1] for file in day(tmp_path)["files"]] == ["0", "1", "2", "3", "4", "5", "6"]


def test_people_can_read_a_catalog() -> None:
    assert encode({"fields": ["größe"]}) == '{\n "fields": [\n  "größe"\n ]\n}'.encode()


@given(FILES, st.integers(1, 4))
@example(b'{"a":\n{"b":1}}\n{"c":2}', 2)
@example(b'{"a":1}\n\n{"b":1}\n', 2)
@example(b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1) + b'\n{"b":1}', 2)
def test_the_first_events_are_those_that_the_conversion_reads(text: bytes, count: int) -> None:
    read = islice(Framer([text]).one_by_one(), count)
    assert list(_first_events(text, count)) == [event.fields for event in read if event.fields is not None]
