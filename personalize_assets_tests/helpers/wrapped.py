"""Wrapped events, written in ways that two readers may take for different ones; and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.event_sink import SourceMappers
from personalize_assets.conversion.reading.event_source import JsonText, Unwrapped
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.framer import everything
from personalize_assets.conversion.reading.unwrapping import Unwrapper
from personalize_assets_tests.helpers.sinks import open_sink
from personalize_assets_tests.helpers.strategies import SCRAPS, VALUES

DATASETS = (
    Dataset(
        "interactions",
        (
            Column("USER_ID", ("user", "payload.user", "parent.context.user"), required=True),
            Column("ITEM_ID", ("each.sku", "payload.sku", "sku"), required=True),
            Column("EVENT_VALUE", ("each.price", "price"), type="float"),
            Column("TIMESTAMP", ("at",), type="timestamp", required=True, constant="1790830800"),
        ),
        where={"event": ("view", "1")},
        each="products",
        dedupe_by="id",
    ),
    Dataset(
        "users",
        (
            Column("USER_ID", ("context.user", "parent.user"), required=True),
            Column("AGE", ("params[key=age].value", "parent.data.age"), type="int"),
            Column("SEGMENT", ("context.more.segment", "text"), categorical=True),
        ),
        where={},
        message_id="id",
    ),
)
FORMATS = {
    "texts": SourceFormat(parse=("payload", "products", "text")),
    "texts in a text": SourceFormat(parse=("context", "context.more", "unused", "unused.x")),
    "an envelope": SourceFormat(events="batch"),
    "an envelope's texts": SourceFormat(
        events="data.batch", parse=("data", "data.batch.payload", "context", "data.batch.context")
    ),
    "a text of events": SourceFormat(events="batch", parse=("batch", "data")),
    "any case": SourceFormat(ignore_case=True),
    "any case in texts": SourceFormat(ignore_case=True, parse=("payload", "context", "context.more")),
    "any case in an envelope": SourceFormat(ignore_case=True, events="batch", parse=("batch.payload",)),
}
_KEYS = st.sampled_from(["age", "age", "Age", 1])
_IDS = st.sampled_from(["a", "b", 7, 7.0, 10**30, -0.0, "", " ", None, "ü😀", "\x00", True])
_NAMES: dict[str, tuple[str, ...]] = {
    "event": ("event", "id", "user", "sku", "price", "products", "payload", "context", "params", "text", "unused"),
    "products": ("sku", "price"),
    "payload": ("user", "sku", "more"),
    "context": ("user", "more", "context"),
    "more": ("segment", "Segment"),
    "data": ("age", "batch", "user"),
    "envelope": ("batch", "data", "context", "user", "parent"),
    "params": ("key", "value"),
    "unused": ("x", "y"),
}
_IN_ARRAYS = ("products", "params", "batch")


@st.composite
def _objects(draw: st.DrawFn, kind: str, spell: Callable[[str], str]) -> str:
    names = draw(st.lists(st.sampled_from(_NAMES[kind]), max_size=len(_NAMES[kind]), unique=not draw(_RARELY)))
    pairs = [f"{draw(_names(name, spell))}:{draw(_values(name, spell))}" for name in names]
    return "{" + draw(st.sampled_from([",", ", ", " ,\t"] if draw(_RARELY) else [","])).join(pairs) + "}"


_RARELY = st.sampled_from([False] * 15 + [True])


@st.composite
def _names(draw: st.DrawFn, name: str, spell: Callable[[str], str]) -> str:
    if draw(_RARELY):
        name = draw(st.sampled_from([name.upper(), name.title(), name.replace("k", "\u212a"), name + "\u0131", ""]))
    else:
        name = spell(name)
    if name.isascii() and name and draw(_RARELY):
        return f'"\\u{ord(name[0]):04x}{name[1:]}"'
    return json.dumps(name, ensure_ascii=draw(st.booleans()))


@st.composite
def _values(draw: st.DrawFn, name: str, spell: Callable[[str], str]) -> str:
    if draw(_RARELY):
        return draw(
            st.one_of(
                VALUES.map(json.dumps),
                st.sampled_from(["NaN", "1e999", "01", '"\\ud800"', "null", "[" * 170 + "]" * 170, '"\n"', "{}", "[]"]),
            )
        )
    if name == "event":
        return draw(st.sampled_from(['"view"', '"view"', "1", '"other"', '"\\u0076iew"']))
    if name in _IN_ARRAYS:
        inside = _objects("event" if name == "batch" else name, spell)
        text = "[" + ",".join(draw(st.lists(inside, max_size=3))) + "]"
    elif name in _NAMES:
        text = draw(_objects(name, spell))
    elif name == "key":
        return json.dumps(draw(_KEYS))
    else:
        text = json.dumps(draw(_IDS))
    return json.dumps(text, ensure_ascii=draw(st.booleans())) if draw(st.booleans()) else text


@st.composite
def files(draw: st.DrawFn, format: SourceFormat) -> bytes:
    """A file of wrappings for a format, most of which are well-formed."""
    spells: list[Callable[[str], str]] = [str, str.upper, str.title] if format.ignore_case else [str]
    spell = draw(st.sampled_from(spells))
    kind = "envelope" if format.events else "event"
    lines = draw(st.lists(_objects(kind, spell), min_size=1, max_size=8))
    data = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "", ",\n"])).join(lines).encode("utf-8", "surrogatepass")
    if draw(_RARELY):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(SCRAPS) + data[at + draw(st.sampled_from([0, 1, 5])) :]
    return data


class Outcome(NamedTuple):
    """What became of a file: counts, and rows and rejects in any order."""

    counts: dict[str, Any]
    rows: dict[str, list[str]]
    rejects: dict[str, list[str]]


def outcome(
    folder: Path, data: bytes, format: SourceFormat, datasets: tuple[Dataset, ...] = DATASETS, *, is_exact: bool
) -> Outcome:
    """Unwrap and map a file, on the exact path or on the fast one."""
    names = tuple(dataset.name for dataset in datasets)
    mappers = SourceMappers(datasets, names)
    sink = open_sink(folder, mappers)
    source = Unwrapped(
        JsonText(_blocks(data), everything),
        Unwrapper(format),
        mappers.may_match,
        None if is_exact else mappers.shortcut(format),
    )
    for found in source.events((lambda framer: framer.one_by_one()) if is_exact else mappers.read):
        sink.accept(found, "file")
    sink.end_text(source.skipped)
    day = sink.close()
    counts: dict[str, Any] = {
        name: (found.rows, found.kept, found.rejected, found.dropped) for name, found in day.datasets.items()
    }
    counts["source"] = day.source.read, day.source.wanted, day.source.malformed, source.is_cut
    rejects = {name: _lines(folder / f"{name}.jsonl") for name in (*names, "source")}
    return Outcome(counts, {name: _rows(folder / f"{name}.parquet") for name in names}, rejects)


def _blocks(data: bytes) -> Iterator[bytes]:
    yield data


def _rows(path: Path) -> list[str]:
    return sorted(map(repr, pq.read_table(path).to_pylist())) if path.exists() else []


def _lines(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines()) if path.exists() else []
