"""What the values of columns have in common: one value for all, none twice, spellings alike, ids that are no ids.

``ColumnValues`` counts a part; parts add up. Only numbers that a check needs are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import Column

Value = str | int | float | bool

# As trackers, SDKs and exports write what they do not have; each in lower case, capitals and as a title.
_MISSING = ("null", "undefined", "none", "nil", "nan", "n/a", "unknown", "anonymous")
_MISSING_AS_THEY_ARE = (
    *("NaN", "0", "-1", "(not set)", "(null)", "(none)", "not set", "<null>", "\\N", "[object Object]"),
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
)
MISSING_IDS: frozenset[str] = frozenset(
    (*_MISSING_AS_THEY_ARE, *(form(word) for word in _MISSING for form in (str.lower, str.upper, str.title)))
)
"""Texts that are no id of anything, though a CSV takes them."""
ALIKE_SHOWN = 5
"""How many groups of spellings are reported of a column."""


@cache
def _missing_set() -> pa.Array:
    # Not when the module is imported: PyArrow would load pandas, which tasks leave out.
    return pa.array(sorted(MISSING_IDS))


class ColumnValues(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the values of the columns of some rows have in common. Nulls count nowhere.

    Attributes:
        only: The value of each column that has one value alone; ids are left out.
        varied: The columns that have several values.
        repeating: The categorical columns in which a category occurs twice.
        missing_ids: By id column, the rows of each id in ``MISSING_IDS``.
    """

    only: dict[str, Value] = {}
    varied: frozenset[str] = frozenset()
    repeating: frozenset[str] = frozenset()
    missing_ids: dict[str, dict[str, int]] = {}

    def __add__(self, other: ColumnValues) -> ColumnValues:
        """Both together, but for categories that the two have in common: see ``with_repeating``."""
        differing = {name for name in self.only.keys() & other.only.keys() if self.only[name] != other.only[name]}
        varied = self.varied | other.varied | differing
        missing = {name: dict(found) for name, found in self.missing_ids.items()}
        for name, found in other.missing_ids.items():
            of_column = missing.setdefault(name, {})
            for id, rows in found.items():
                of_column[id] = of_column.get(id, 0) + rows
        return ColumnValues(
            only={name: value for name, value in {**self.only, **other.only}.items() if name not in varied},
            varied=varied,
            repeating=self.repeating | other.repeating,
            missing_ids=missing,
        )

    def with_repeating(self, names: Iterable[str]) -> ColumnValues:
        """The same, with more columns in which a category occurs twice."""
        return msgspec.structs.replace(self, repeating=self.repeating | frozenset(names))


def count_values(columns: Iterable[Column], table: pa.Table, before: ColumnValues) -> ColumnValues:
    """The columns of a table; those that have several values in ``before`` are not looked at."""
    only: dict[str, Value] = {}
    varied = set()
    for column in columns:
        if column.is_id or column.name in before.varied:
            continue
        values = table.column(column.name).drop_null()
        if not len(values):
            continue
        first = values[0].as_py()
        if pc.all(pc.equal(values, values[0])).as_py():
            only[column.name] = first
        else:
            varied.add(column.name)
    return ColumnValues(only=only, varied=frozenset(varied))


def missing_ids(counted: pa.StructArray) -> dict[str, int]:
    """The ids of ``MISSING_IDS`` among ``pc.value_counts`` of ids, with their rows."""
    found = counted.filter(pc.is_in(counted.field("values"), _missing_set())).to_pylist()
    return {each["values"]: each["counts"] for each in found}


def alike(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Names that differ only by case, or by white space around or within; at most ``ALIKE_SHOWN`` groups."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault("".join(name.split()).casefold(), []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)[:ALIKE_SHOWN]


def all_distinct(categories: Mapping[str, frozenset[str]], values: ColumnValues) -> tuple[str, ...]:
    """The categorical columns in which no category occurs twice."""
    return tuple(name for name, found in categories.items() if found and name not in values.repeating)
