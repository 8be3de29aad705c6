"""Rows of any table give the same as columns and as lines of JSON: rows, rejects, counts and profile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Condition, Dataset, Wanted
from personalize_assets.conversion.convert.event_sink import SourceMappers
from personalize_assets.conversion.dataset_types import DATASETS, EVENT_DATASETS
from personalize_assets.conversion.mapping.batch_rows import paths_of
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.conversion.reading.event_source import Rows
from personalize_assets.conversion.reading.formats.row_batches import Slices
from personalize_assets_tests.helpers.sinks import open_sink

NAMES = ("a", "b", "at", "per.cent")
SECONDS = 1_790_812_800  # 2026-10-01T00:00:00Z

TEXTS = st.one_of(
    st.sampled_from(["View", "Sale", "00123", "12345678901234567890", "u1", "u2", "sku 1", "ü", "x" * 300, "x" * 1001]),
    st.sampled_from(
        ["", " ", "\t", "\0", " \0", "a\0b", "\u2003", "\x1c", "a\nb", "a\u2028b", 'q"\\', "a|b", "a,b , c"]
    ),
    st.sampled_from(
        ["1", "0", "1.50", "-0", "-0.0", ".5", "5.", "-", ".", "1.2.3", "1e5", "+1", " 1 ", "9" * 400, "nan"]
    ),
    st.sampled_from(["true", "False", "TRUE", "no", "undefined", "NaN", "{", "[1]", "null"]),
    st.text(max_size=4),
)
ISO = st.sampled_from(
    [
        *("2026-10-01T10:00:00Z", "2026-10-01T10:00:00.5Z", "2026-10-01 10:00:00", "2026-10-01 10:00:00.123456789"),
        *("2026-10-01T10:00:00.123", "2026-10-01T10:00:00.Z", "2026-10-01T10:00:00.1234567890", "2026-02-30T10:00:00Z"),
        *("2026-10-01T24:00:00Z", "2026-10-01T10:00:60Z", "2026-10-01t10:00:00Z", "2026-10-01T10:00:00+02:00"),
        *(
            "1600-01-01 00:00:00",
            "2026-10-01",
            "2026-10-01 10:00:00 UTC",
            "2026/10/01 10:00:00",
            "2026-10-01T1a:00:00Z",
        ),
        *("1942-11-26 00:00:00", "9999-12-31 23:59:59", "", " "),
    ]
)
EPOCHS = st.sampled_from(
    [
        *("1790812800", "1790812800123", "1790812800123456", "1790812800123456789", "01790812800", "20261001"),
        *("20261001050000", "0", "99999999999", "-5", "1790812800.5", "9223372036854775807", "١٧٩٠٨١٢٨٠٠"),
    ]
)
NUMBERS = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.sampled_from([SECONDS, SECONDS * 1000]))
FLOATS = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, 35.0, 0.1, 1e15, 1e16, 1e21, 5e-324, float("nan"), float("inf"), float(SECONDS)]),
)
INTEGERS: dict[pa.DataType, tuple[int, int]] = {
    pa.int8(): (-(2**7), 2**7 - 1),
    pa.int32(): (-(2**31), 2**31 - 1),
    pa.uint64(): (0, 2**64 - 1),
}
TIMES = st.one_of(
    st.sampled_from([SECONDS * 10**6, SECONDS, 0, -1, 4_000_000_000, -(2**62), 2**62]), st.integers(-(10**10), 10**18)
)


def _of(kind: pa.DataType, values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[pa.DataType, Any]]:
    return st.tuples(st.just(kind), st.just(st.one_of(values, values, values, st.none())))


KINDS = st.one_of(
    _of(pa.string(), TEXTS),
    _of(pa.string(), TEXTS),
    _of(pa.string(), ISO),
    _of(pa.string(), EPOCHS),
    _of(pa.string(), st.sampled_from(["u1", "u2", "View"])),
    _of(pa.string(), st.sampled_from(["2026-10-01 10:00:00", "2026-10-01 10:00:00.5"])),
    _of(pa.string(), st.sampled_from(["1790812800", "1790812801"])),
    _of(pa.string(), st.sampled_from(["1.5", "2", "-0"])),
    _of(pa.large_string(), TEXTS),
    _of(pa.dictionary(pa.int8(), pa.string()), TEXTS),
    _of(pa.bool_(), st.booleans()),
    _of(pa.int64(), NUMBERS),
    *(_of(kind, st.one_of(st.integers(0, 3), st.integers(*bounds))) for kind, bounds in INTEGERS.items()),
    _of(pa.float64(), FLOATS),
    _of(pa.float32(), st.floats(width=32)),
    *(_of(pa.timestamp(unit), TIMES) for unit in ("s", "ms", "us", "ns")),
    _of(pa.timestamp("us", "Europe/Berlin"), TIMES),
    _of(pa.date32(), st.dates()),
    _of(pa.time64("us"), st.times()),
    _of(
        pa.decimal128(20, 2), st.decimals(-(10**6), 10**6, places=2).map(lambda found: found.quantize(Decimal("0.01")))
    ),
    _of(pa.null(), st.none()),
    # Not taken as columns:
    _of(pa.binary(), st.binary(max_size=2)),
    _of(pa.list_(pa.int8()), st.lists(st.integers(0, 3), max_size=2)),
    _of(pa.struct([("b", pa.string())]), st.fixed_dictionaries({"b": st.sampled_from(["u1", ""])})),
)


@st.composite
def batches(draw: st.DrawFn) -> list[pa.RecordBatch]:
    """Rows of one table, in batches of which some are slices of larger ones."""
    size = draw(st.integers(1, 12))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    columns = []
    for _ in names:
        kind, values = draw(KINDS)
        columns.append(pa.array(draw(st.lists(values, min_size=size, max_size=size)), kind))
    whole = pa.RecordBatch.from_arrays(columns, names=names)
    cut = draw(st.integers(0, size))
    return [batch for batch in (whole.slice(0, cut), whole.slice(cut)) if batch.num_rows]


PATHS = st.sampled_from([*NAMES[:3], "a", "b", "at", "`per.cent`", "a.b", "missing", "each.a", "a[b=u1].b"])
WORDS = ("undefined", "u1", "1", "0", "true", "1.5", "2026-10-01 10:00:00")
WANTED: st.SearchStrategy[Wanted] = st.one_of(
    st.lists(st.sampled_from(("View", "u1", "1", "1.50", "true", "2026-10-01 00:00:00")), min_size=1).map(tuple),
    st.builds(Condition, none_of=st.sampled_from([(), ("u1", "1")]), exists=st.sampled_from([None, True, False])),
    st.builds(Condition, min=st.sampled_from([None, "0", "2026-01-01"]), max=st.sampled_from([None, "1.5"])),
)
COLUMNS = st.one_of(
    st.builds(
        Column,
        st.sampled_from(("USER_ID", "ITEM_ID", "EVENT_TYPE", "IMPRESSION", "TEXT", "NUMBER")),
        st.lists(PATHS, min_size=1, max_size=2).map(tuple),
        constant=st.sampled_from([None, None, None, "web", "1", 2]),
        type=st.sampled_from(("string", "string", "int", "long", "float", "double", "boolean", "timestamp")),
        required=st.booleans(),
        textual=st.booleans(),
        event_times=st.sampled_from([(), ("at",), ("a",)]),
    ),
    st.builds(
        Column,
        st.just("CHANGED"),
        st.tuples(PATHS),
        map=st.sampled_from([{}, {"u1": "U", "1": "one", "true": ""}]),
        split=st.sampled_from([",", "1"]),
    ),
    st.builds(
        Column,
        st.just("BOUNDED"),
        st.tuples(PATHS),
        constant=st.sampled_from([None, 2]),
        type=st.sampled_from(("int", "long")),
        bounds=st.just((1, 10)),
        required=st.booleans(),
    ),
    st.builds(
        Column, st.just("HIDDEN"), st.tuples(PATHS), hash=st.just(True), hash_key=st.just("key"), required=st.booleans()
    ),
)
PLAIN_PATHS = PATHS.filter(lambda path: not path.startswith("each"))
ID = st.one_of(st.none(), PLAIN_PATHS)


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    """A mapping of a dataset of any type."""
    name = draw(st.sampled_from(DATASETS))
    columns = draw(st.lists(COLUMNS, min_size=1, max_size=4, unique_by=lambda column: column.name))
    if name in EVENT_DATASETS:
        columns.append(Column("TIMESTAMP", (draw(PLAIN_PATHS),), type="timestamp", required=True))
    each = draw(st.sampled_from([None, None, "b", "missing"]))
    if each is None:  # as in a config, where only `each` has elements
        columns = [column for column in columns if not any(path.startswith("each") for path in column.paths)]
    where = draw(st.dictionaries(PATHS if each else PLAIN_PATHS, WANTED, max_size=2))
    return Dataset(
        name,
        tuple(columns),
        where,
        each,
        dedupe_by=draw(ID),
        event_time=draw(ID),
        message_id=draw(ID),
        nulls=draw(st.sampled_from([(), (), WORDS])),
    )


def outcome(folder: Path, found: Iterable[pa.RecordBatch], made: list[Dataset], as_columns: bool) -> dict[str, Any]:
    """All that a day's rows become: the counts, and by file what is in it."""
    mappers = SourceMappers(made, [dataset.name for dataset in made])
    sink = open_sink(folder, mappers)
    slices = Slices(as_columns=as_columns)
    source = Rows((part for batch in found for part in slices.parts(batch)), mappers.may_match)
    for event in source.events(mappers.read):
        sink.accept(event, "file")
    sink.end_text(source.skipped)
    counts = msgspec.to_builtins(sink.close())
    return {"counts": counts, **{file.name: _content(file) for file in sorted(folder.iterdir())}}


def _content(file: Path) -> list[Any]:
    return pq.read_table(file).to_pylist() if file.suffix == ".parquet" else file.read_text().splitlines()


def without_order(outcome: dict[str, Any]) -> dict[str, Any]:
    """An outcome without the order of rows: lines that need the exact path come before others."""
    for counts in outcome["counts"]["datasets"].values():
        counts["profile"]["preview"] = len(counts["profile"]["preview"])
    return {name: sorted(map(repr, found)) if type(found) is list else found for name, found in outcome.items()}


def needs_order(made: list[Dataset]) -> bool:
    """Whether no path of a dataset leads into a value, which may be none of plain events."""
    paths = [path.steps for dataset in made for path in paths_of(dataset)]
    paths += [parse_path(path) for dataset in made for path in (*dataset.where, dataset.each or "x")]
    return all(len(steps) == 1 for steps in paths) and all(dataset.each in (None, "missing") for dataset in made)


@given(batches(), st.lists(datasets(), min_size=1, max_size=3, unique_by=lambda dataset: dataset.name))
def test_columns_and_lines_give_the_same(found: list[pa.RecordBatch], made: list[Dataset]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"  # of one name, as the counts have the names of files
        outcomes = []
        for as_columns in (True, False):
            out.mkdir()
            outcomes.append(outcome(out, found, made, as_columns))
            shutil.rmtree(out)
    if not needs_order(made):
        outcomes = [without_order(found) for found in outcomes]
    assert outcomes[0] == outcomes[1]
