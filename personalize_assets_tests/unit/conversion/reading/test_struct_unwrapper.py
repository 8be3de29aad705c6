"""The shortcut around writing unwrapped events anew: what it takes, and that nothing else comes of it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.event_sink import SourceMappers
from personalize_assets.conversion.reading import struct_unwrapper, unwrapping
from personalize_assets.conversion.reading.batches import Batch, Batches
from personalize_assets.conversion.reading.event_source import JsonText
from personalize_assets.conversion.reading.field_tree import NoShapeError
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.framer import everything
from personalize_assets.conversion.reading.struct_decoder import StructDecoder
from personalize_assets.conversion.reading.struct_unwrapper import StructUnwrapper, UnwrappedLines
from personalize_assets.conversion.reading.unwrapping import Unwrapper
from personalize_assets_tests.helpers.wrapped import DATASETS, FORMATS, files, outcome


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_the_shortcut_gives_the_rows_rejects_and_counts_of_the_exact_path(name: str, data: st.DataObject) -> None:
    text = data.draw(files(FORMATS[name]))
    with tempfile.TemporaryDirectory() as scratch:
        fast, exact = Path(scratch, "fast"), Path(scratch, "exact")
        assert outcome(fast, text, FORMATS[name], is_exact=False) == outcome(exact, text, FORMATS[name], is_exact=True)


# -- what is taken -----------------------------------------------------------------------------------------------------

ITEMS = Dataset("items", (Column("ITEM_ID", ("sku", "payload.sku", "parent.shop"), required=True),), where={})
TEXTS = SourceFormat(parse=("payload", "unused"))
ENVELOPE = SourceFormat(events="data.batch", parse=("data.batch.payload",))
ANY_CASE = SourceFormat(ignore_case=True)
PLAIN: dict[str, tuple[SourceFormat, list[dict[str, Any]]]] = {
    "texts": (TEXTS, [{"payload": '{"sku":"a"}', "unused": "1"}, {"payload": '{"sku":null}'}, {"payload": None}, {}]),
    "objects where texts may be": (TEXTS, [{"payload": {"sku": "a"}}, {"payload": " "}]),
    "envelopes": (ENVELOPE, [{"shop": "s", "data": {"batch": [{"sku": "a"}, {"payload": '{"sku":"b"}'}, {}]}}] * 2),
    "envelopes of objects": (ENVELOPE, [{"data": {"batch": {"x": {"sku": "a"}, "y": {"sku": 1}}}}]),
    "names in upper case": (ANY_CASE, [{"SKU": "a"}, {"SKU": None}, {"SKU": 7, "Other": {"sku": 1}}, {"Other": 1}]),
    "names of several spellings": (ANY_CASE, [{"SKU": "a"}, {"Sku": "b"}, {"SKU": None, "Sku": "c"}]),
    "objects of several spellings": (ANY_CASE, [{"Payload": {"SKU": "a"}}, {"PAYLOAD": {"Sku": "b"}}]),
}


def taken(text: bytes, format: SourceFormat, datasets: tuple[Dataset, ...] = (ITEMS,)) -> list[bool]:
    """For each thing that is found in a text after all its names were learned: whether it was unwrapped as a struct."""
    mappers = SourceMappers(datasets, tuple(dataset.name for dataset in datasets))
    shortcut = mappers.shortcut(format)
    assert shortcut is not None
    for line in text.splitlines():
        shortcut.learn(json.loads(line))
    found = [
        one
        for batch in JsonText([text], everything).events(lambda framer: iter(Batches(framer, shortcut)))
        for one in (shortcut.unwrapped(batch) if isinstance(batch, Batch) else [batch])
    ]
    return [isinstance(one, Batch) for one in found]


def lines(*events: Any) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_wrappings_are_unwrapped_together(name: str, tmp_path: Path) -> None:
    format, events = PLAIN[name]
    text = lines(*events * 3)
    assert taken(text, format) == [True]
    assert outcome(tmp_path / "fast", text, format, (ITEMS,), is_exact=False) == outcome(
        tmp_path / "exact", text, format, (ITEMS,), is_exact=True
    )


@pytest.mark.parametrize(
    ("format", "event"),
    [
        (TEXTS, {"payload": "no JSON"}),
        (TEXTS, {"payload": "[]"}),
        (TEXTS, {"payload": '{"sku":1e999}'}),
        (TEXTS, {"payload": '{"sku":"\\ud800"}'}),
        (TEXTS, {"payload": '{"other":' + "[" * 300 + "]" * 300 + "}"}),
        (TEXTS, {"unused": "NaN"}),
        (TEXTS, {"unused": ["1"]}),
        (ENVELOPE, {"data": {}}),
        (ENVELOPE, {"data": {"batch": [1]}}),
        (ENVELOPE, {"data": {"batch": [{"payload": "{"}]}}),
        (ANY_CASE, {"SKU": "a", "Sku": "b"}),
        (ANY_CASE, {"SKU": {"a": 1}}),
        (ANY_CASE, {"a\n": 1}),
        (ANY_CASE, {'"': 1, "\\": 2}),
    ],
)
def test_a_wrapping_of_another_form_is_for_the_exact_path_and_others_around_it_are_not(
    format: SourceFormat, event: dict[str, Any], tmp_path: Path
) -> None:
    good = {"data": {"batch": [{"sku": "a"}]}} if format is ENVELOPE else {"sku": "a"}
    text = lines(good, event, good)
    assert taken(text, format) == [True, False, True]
    assert outcome(tmp_path / "fast", text, format, (ITEMS,), is_exact=False) == outcome(
        tmp_path / "exact", text, format, (ITEMS,), is_exact=True
    )


def test_a_name_that_is_not_known_is_learned_from_one_event() -> None:
    mappers = SourceMappers((ITEMS,), ("items",))
    shortcut = mappers.shortcut(ANY_CASE)
    assert shortcut is not None
    assert shortcut.decode_lines(b'{"SKU":1}') is None
    shortcut.learn({"SKU": 1, "payload": {"Sku": 2}})
    assert len(shortcut.decode_lines(b'{"SKU":1}\n{"payload":{"Sku":1}}') or []) == 2
    assert shortcut.decode_lines(b'{"SKU":1,"\xe2\x84\xaa":2}') is None


def test_names_are_learned_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(struct_unwrapper, "_MOST_NAMES", 3)
    shortcut = SourceMappers((ITEMS,), ("items",)).shortcut(ANY_CASE)
    assert shortcut is not None
    for number in range(10):
        shortcut.learn({f"id{number}": 1})
    assert len(shortcut.decode_lines(b'{"id0":1}\n{"id2":1}') or []) == 2
    assert shortcut.decode_lines(b'{"id9":1}') is None


def test_one_event_teaches_no_more_names_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(struct_unwrapper, "_MOST_NAMES", 3)
    shortcut = SourceMappers((ITEMS,), ("items",)).shortcut(ANY_CASE)
    assert shortcut is not None
    shortcut.learn({f"id{number}": 1 for number in range(10)})

    assert len(shortcut.decode_lines(b'{"id2":1}\n{"id0":1}') or []) == 2
    assert shortcut.decode_lines(b'{"id3":1}') is None


@pytest.mark.parametrize("ignores_case", [False, True])
@pytest.mark.parametrize("text", ['{"a":null}', '{"a":" "}', '{"A":null}', '{"a":{"b":null}}', "{}", '{"a":1}'])
def test_an_envelope_without_an_object_on_the_way_to_its_events_is_a_reject(
    text: str, ignores_case: bool, tmp_path: Path
) -> None:
    format = SourceFormat(events="a.b.batch", parse=("a",), ignore_case=ignores_case)
    data = f'{text}\n{{"a":{{"b":{{"batch":[{{"sku":"x"}}]}}}}}}\n{text}\n'.encode()

    fast = outcome(tmp_path / "fast", data, format, (ITEMS,), is_exact=False)

    assert fast == outcome(tmp_path / "exact", data, format, (ITEMS,), is_exact=True)
    assert fast.counts["items"][1] == 1


def test_an_envelope_that_its_events_cannot_all_repeat_is_a_reject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = lines({"shop": "x" * 300, "data": {"batch": [{"sku": "a"}] * 4}}, {"data": {"batch": [{"sku": "a"}] * 40}})
    for module in (unwrapping, struct_unwrapper):
        monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 1_000)
    assert taken(text, ENVELOPE) == [False, True]
    fast = outcome(tmp_path / "fast", text, ENVELOPE, (ITEMS,), is_exact=False)
    assert fast == outcome(tmp_path / "exact", text, ENVELOPE, (ITEMS,), is_exact=True)
    assert fast.counts["source"] == (41, 40, {"unpacked_too_large": 1}, False)


def test_the_lines_of_events_are_made_in_any_order() -> None:
    raws = [b'{"x":1,"batch":[{"a":1},{"a":2}]}', b'{"batch":[]}', b'{"batch":[{"a":3}]}']
    found = UnwrappedLines(raws, [2, 0, 1], Unwrapper(SourceFormat(events="batch")))
    first, second, third = (
        b'{"a":1,"parent":{"x":1}}',
        b'{"a":2,"parent":{"x":1}}',
        b'{"a":3,"parent":{}}',
    )
    assert (len(found), found[2], found[0], found[0], found[1], found[-1]) == (3, third, first, first, second, third)
    assert found[:] == [first, second, third]
    with pytest.raises(IndexError):
        found[3]


# -- what has no shape -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("datasets", "format"),
    [
        ((ITEMS,), SourceFormat(parse=("payload.sku.x",))),
        ((ITEMS,), SourceFormat(parse=("payload.unused", "payload"))),
        ((ITEMS,), SourceFormat(parse=("payload", "payload"))),
        ((ITEMS,), SourceFormat(parse=("a[b=c].payload",))),
        ((ITEMS,), SourceFormat(events="a[b=c].batch")),
        ((ITEMS,), SourceFormat(events="shop")),
        ((Dataset("items", (Column("ITEM_ID", ("parent",)),), where={}),), SourceFormat(events="batch")),
        ((Dataset("items", (Column("ITEM_ID", ("SKU",)),), where={}),), ANY_CASE),
        ((DATASETS[0],), SourceFormat(parse=("products.sku",))),
    ],
)
def test_what_structs_cannot_hold_has_no_shortcut(datasets: tuple[Dataset, ...], format: SourceFormat) -> None:
    with pytest.raises(NoShapeError):
        StructUnwrapper(StructDecoder(datasets), format)
    assert SourceMappers(datasets, ()).shortcut(format) is None
