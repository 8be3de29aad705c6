"""Why rows of a dataset are missing: a sample of the raw events held against the dataset's ``where`` and columns.

The counts of the days say how much is missing and for which reason; the sample says what the events have instead. Each
cause is a sentence for the user, with the config's key or column first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from personalize_assets.catalog import field_roles
from personalize_assets.catalog.field_names import folded
from personalize_assets.catalog.field_ranking import count_of
from personalize_assets.catalog.item_ids import item_candidates, items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.contract import Column, Condition, Dataset, Wanted
from personalize_assets.conversion.mapping.converters import Dropped, RejectedError, cell_converter, text_or_none
from personalize_assets.conversion.mapping.event_mapper import TOO_MANY_ELEMENTS
from personalize_assets.conversion.mapping.null_words import NullWords
from personalize_assets.conversion.mapping.paths import Path, Pick, column_path, elements, lookup, names_of, parse_path
from personalize_assets.conversion.mapping.timestamps import NANOS, epoch_nanos
from personalize_assets.conversion.mapping.values import is_null
from personalize_assets.conversion.mapping.where import matcher, value_test
from personalize_assets.conversion.reading.unwrapping import NOT_JSON

_MANY = 0.25
"""The share of rows from which a reason for rejects is explained; the same as the check `few_rows_are_rejected`."""
_FEW_MATCHES = 0.01
_MAX_MALFORMED = 0.01
_MAX_VALUES = 5
_MAX_FIELDS = 3
_VALUE_CHARS = 60
_ALIKE = 0.75
_FEWEST_CUT = 100

SEGMENT_WIDTH = 512
"""At how many characters Segment cuts a text in a warehouse (Segment docs, page storage/warehouses/schema)."""


@dataclass(frozen=True)
class CauseFacts:
    """What is known of a dataset whose rows are missing, over some arrival days together.

    Attributes:
        days: Their number.
        raw_files: Those of the dataset's source.
        read: Events read of them, malformed and unreadable ones included.
        malformed: Broken events by reason.
        unreadable: Files of no supported format.
        rows: Rows of the wanted events, kept and rejected.
        rejected: Rows by reason.
        sample: Reads a sample of the events that can be read; called only if the counts show that rows are missing.
        max_epoch_seconds: The last second that a TIMESTAMP in the sample may have.
        masked: Paths of events whose values must not be shown.
        is_converted: Whether the events were converted, so that rejects/ has what could not be used.
        unparsed: Reads the lengths of some texts that were to hold JSON and do not, by path (``source.parse``); called
            only if there are such.
    """

    dataset: Dataset
    days: int
    raw_files: int
    read: int
    malformed: Mapping[str, int]
    unreadable: int
    rows: int
    rejected: Mapping[str, int]
    sample: Callable[[], Sequence[dict[str, Any]]]
    max_epoch_seconds: int
    masked: Sequence[Path]
    is_converted: bool = True
    unparsed: Callable[[], Mapping[str, Sequence[int]]] = dict

    @property
    def readable(self) -> int:
        """The events of those read that are neither malformed nor a file of no supported format."""
        return self.read - sum(self.malformed.values()) - self.unreadable

    @property
    def where_rejects_are(self) -> str:
        """Where to look at what could not be used."""
        return "rejects/ has them" if self.is_converted else "a run writes them to rejects/"

    @cached_property
    def events(self) -> Sequence[dict[str, Any]]:
        """The sample."""
        return self.sample()

    @cached_property
    def wanted(self) -> list[dict[str, Any]]:
        """The events of the sample that match ``where``."""
        matches = matcher(self.dataset)
        return [event for event in self.events if matches(event)]

    @cached_property
    def all_fields(self) -> Observed:
        """The fields of all events of the sample."""
        return Observed(self.events)

    @cached_property
    def wanted_fields(self) -> Observed:
        """The fields of its wanted events."""
        return Observed(self.wanted)


def causes(facts: CauseFacts) -> list[str]:
    """The likely causes, the first one first to look at; empty if the counts show none."""
    return [*_unread(facts), *_unmatched(facts), *_unusable(facts)]


def unidentified(facts: CauseFacts) -> str | None:
    """What to say if no wanted event of the sample has a value at ``dedupe_by``; None if any has, or none is wanted."""
    path = facts.dataset.dedupe_by
    if not path or not facts.wanted or _filled(facts, path):
        return None
    absent = _absent(facts.wanted_fields, [path], "wanted event", ())
    return f"dedupe_by: {absent}; only rows that are equal in every column count as repeats"


def _unread(facts: CauseFacts) -> Iterator[str]:
    days = f"{facts.days} day{'s' if facts.days > 1 else ''}"
    if not facts.raw_files:
        yield (
            f"source: {days} without a raw file; if there should be some, correct `uri`, `layout` or `start_date` of "
            "the source, or name other days with --days"
        )
    elif not facts.read:
        yield f"source: the {facts.raw_files:,} raw files of {days} hold no event"
    malformed = sum(facts.malformed.values())
    if malformed > _MAX_MALFORMED * facts.read:
        reasons = _counts(sorted(facts.malformed.items(), key=lambda entry: -entry[1]))
        yield f"source: {malformed:,} of {facts.read:,} events are malformed ({reasons}); {facts.where_rejects_are}"
    if any(reason.startswith(f"{NOT_JSON}:") for reason in facts.malformed):
        yield from _cut(facts.unparsed())
    if facts.unreadable:
        yield (
            f"source: {facts.unreadable:,} of {facts.raw_files:,} raw files are of no supported format; rejects/ says "
            "which, what they seem to be and what to do (reason `unreadable_file`)"
        )


def _cut(unparsed: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """Texts of one length that are no JSON: a warehouse has cut them at the width of their column."""
    for path, lengths in unparsed.items():
        length, count = Counter(lengths).most_common(1)[0] if lengths else (0, 0)
        if length == SEGMENT_WIDTH or (length >= _FEWEST_CUT and count > 1 and count >= _MANY * len(lengths)):
            yield (
                f"source.parse: {count:,} of {len(lengths):,} texts at `{path}` that are no JSON have {length:,} "
                "characters: the warehouse cuts texts at the width of their column (Segment's have 512); widen the "
                "column there, or load it as SUPER"
            )


# where


def _unmatched(facts: CauseFacts) -> Iterator[str]:
    """If (nearly) no event satisfies ``where``."""
    where = facts.dataset.where
    if not where or facts.readable <= 0 or facts.rows >= _FEW_MATCHES * facts.readable or not facts.events:
        return
    matched = f"`where` matched {facts.rows:,} of {facts.read:,} events"
    single = {path: _matches(facts, path, allowed) for path, allowed in where.items()}
    weakest = [path for path, count in single.items() if count <= _FEW_MATCHES * len(facts.events)]
    for path in weakest:
        yield f"{matched}: {_condition(facts, path, where[path])}"
    if not weakest:
        each = ", ".join(f"`{path}` by {count:,}" for path, count in single.items())
        yield (
            f"{matched}: of {len(facts.events):,} events looked at, some satisfy each condition ({each}), but "
            f"{len(facts.wanted):,} satisfy all of them"
        )


def _matches(facts: CauseFacts, path: str, wanted: Wanted) -> int:
    """The events that satisfy a condition, or of which an element does."""
    is_wanted = value_test(wanted)
    return sum(any(map(is_wanted, _values_in(facts, event, path) or [None])) for event in facts.events)


def _condition(facts: CauseFacts, path: str, wanted: Wanted) -> str:
    """Why a condition matches nothing."""
    texts = (text_or_none(value) for event in facts.events for value in _values_in(facts, event, path))
    values = Counter(text for text in texts if text)
    if not values:
        choice = field_roles.event_names(facts.all_fields, items(facts.all_fields))
        likely = _fields_at(facts.all_fields, [*choice.paths, *choice.others] if choice else [])
        return _absent(facts.all_fields, [path], "event", likely)
    if isinstance(wanted, Condition):
        what, spelling = "meets the condition", ""
    else:
        alike = {word.strip().casefold() for word in wanted} & {text.strip().casefold() for text in values}
        what, spelling = f"is {_words(wanted)}", ", which differ by case or space" if alike else ""
    if _is_hidden(facts, path):
        return f"no value of `{path}` {what}; its values are masked"
    return f"no value of `{path}` {what}{spelling}; the most frequent `{path}` values are {_sampled(facts, values)}"


# columns


def _unusable(facts: CauseFacts) -> Iterator[str]:
    """The frequent reasons for rejects."""
    columns = {column.name: column for column in facts.dataset.columns}
    if sum(facts.rejected.values()) < _MANY * facts.rows:
        return
    most = max(facts.rejected.values(), default=0)
    for reason, count in sorted(facts.rejected.items(), key=lambda entry: -entry[1]):
        if count < min(_MANY * facts.rows, most):
            continue
        kind, _, name = reason.partition(":")
        column = columns.get("TIMESTAMP" if kind == "bad_timestamp" else name)
        rows = f"{count:,} of {facts.rows:,} rows are rejects ({reason})"
        if kind == TOO_MANY_ELEMENTS:
            yield f"each: {rows}: look at the array `{facts.dataset.each}`"
        elif column is None or not facts.wanted:
            yield f"{name or kind}: {rows}; {facts.where_rejects_are}"
        elif kind == "missing":
            yield f"{column.name}: {_missing(facts, column)}; {rows}"
        else:
            yield f"{column.name}: {_bad(facts, column, reason)}; {rows}"


def _missing(facts: CauseFacts, column: Column) -> str:
    if not column.paths:
        return "its `constant` is empty"
    filled = {path: _filled(facts, path) for path in column.paths}
    at = set().union(*filled.values())
    if not at:
        return _absent(facts.wanted_fields, column.paths, "wanted event", _role(facts.wanted_fields, column.name))
    found = ", ".join(f"`{path}` is in {len(numbers):,}" for path, numbers in filled.items())
    fields = facts.wanted_fields
    alike = {_written(one): one for one in (*_similar(fields, column.paths), *_role(fields, column.name))}
    others = {path: len(one.at - at) for path, one in alike.items() if path not in filled}
    more = ", ".join(f"`{path}` is in {count:,}" for path, count in others.items() if count)
    junk = _null_values(facts, column)
    return (
        f"of {len(facts.wanted):,} wanted events looked at {found}"
        + (f"; of the others {more}" if more else "")
        + (f"; values that count as missing: {_counted(junk)}" if junk else "")
    )


def _null_values(facts: CauseFacts, column: Column) -> Counter[str]:
    """Texts at a column's paths that are blank or among ``nulls``."""
    words = NullWords(facts.dataset.nulls)
    values = (value for path in column.paths for value in _raw_values(facts, path) if type(value) is str)
    return Counter(value for value in values if is_null(words.without(value) if words else value))


def _bad(facts: CauseFacts, column: Column, reason: str) -> str:
    """Which values cannot be used, and what was wanted."""
    plain = replace(column, hash=False)
    convert = cell_converter(plain)
    bad: Counter[str] = Counter()
    words = NullWords(facts.dataset.nulls)
    for path in column.paths:
        latest = facts.max_epoch_seconds if column.needs_event_time(path) else None
        for value in _raw_values(facts, path):
            value = words.without(value) if words else value
            if is_null(value):
                continue
            try:
                is_bad = type(convert(value, latest)) is Dropped
            except RejectedError as error:
                is_bad = error.reason == reason
            if is_bad:
                bad[_short(value)] += 1
    paths = " and ".join(f"`{path}`" for path in column.paths)
    for path in column.paths:
        if way := _blocked(facts.wanted_fields, path):
            return f"{paths} cannot be used; {way}"
    if not bad:
        return f"values of {paths} cannot be used"
    if any(_is_hidden(facts, path) for path in column.paths) or column.hash:
        return f"values of {paths} cannot be used; they are masked"
    if reason.startswith("too_long"):
        return f"values of {paths} have more than {column.max_chars:,} characters, such as {_sampled(facts, bad)}"
    if reason.startswith("out_of_range") and column.value_range:
        least, greatest = column.value_range
        return f"{paths} holds numbers that are not {least} to {greatest}, such as {_sampled(facts, bad)}"
    if not column.is_event_time:
        return f"{paths} holds what is no {column.type}, such as {_sampled(facts, bad)}"
    if all(epoch_nanos(text) is not None for text, _ in bad.most_common(_MAX_VALUES)):
        return (
            f"{paths} holds times before 1990 or after the day that follows the file's arrival, such as "
            f"{_sampled(facts, bad)}{_read_as(bad.most_common(1)[0][0])}; map another field, or correct `layout` if "
            "the arrival day is wrong"
        )
    forms = "docs/reference/mapping.md lists the forms that are read"
    return f"{paths} holds what is no time, such as {_sampled(facts, bad)}; {forms}"


def _read_as(text: str) -> str:
    """Which time a text is read as; empty for years that no calendar of Python has."""
    try:
        return f", read as {datetime.fromtimestamp((epoch_nanos(text) or 0) // NANOS, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return ""


# what the events have


def _absent(fields: Observed, paths: Sequence[str], what: str, likely: Sequence[Field]) -> str:
    """What to say of paths that no event has a value at."""
    names = " and ".join(f"`{path}`" for path in paths)
    absent = f"path{'s' if len(paths) > 1 else ''} {names} {'are' if len(paths) > 1 else 'is'} in no {what}"
    for path in paths:
        if way := _blocked(fields, path):
            return f"{absent}; {way}"
    similar = _similar(fields, paths) or [one for one in likely if _written(one) not in paths][:_MAX_FIELDS]
    if similar:
        return f"{absent}; events have {_words(map(_written, similar))}"
    filled = sorted((field for field in fields if field.is_scalar), key=lambda field: -len(field.at))
    others = _words([_written(field) for field in filled[: 2 * _MAX_FIELDS]])
    return f"{absent}; events have {others}" if others else absent


def _blocked(fields: Observed, path: str) -> str | None:
    """Where a path ends early: at an array, or at a text."""
    steps = column_path(path).steps
    for end in range(1, len(steps)):
        for field in fields:
            if field.array or field.steps != steps[:end] or type(steps[end]) is Pick:
                continue
            rest = ".".join(steps[end:])
            if list in field.kinds and not column_path(path).in_element:
                return (
                    f"`{field.path}` is an array: `each: {field.path}` makes a row of each element, and `each.{rest}` "
                    "leads to the field of one"
                )
            if str in field.kinds:
                return f"`{field.path}` is text there and no object"
    return None


def _similar(fields: Observed, paths: Sequence[str]) -> list[Field]:
    """Fields whose names are spelt like one of these, the likeliest first."""
    by_name: dict[str, list[Field]] = {}
    for field in fields:
        if field.is_scalar and _written(field) not in paths:
            by_name.setdefault(folded(field.name), []).append(field)
    found: dict[str, Field] = {}
    for path in paths:
        name = folded(parse_path(path)[-1])
        for close in get_close_matches(name, by_name, n=_MAX_FIELDS, cutoff=_ALIKE):
            found.update({field.path: field for field in by_name[close]})
    return list(found.values())[:_MAX_FIELDS]


def _role(fields: Observed, name: str) -> list[Field]:
    """The fields that look like those of a column."""
    everywhere = set(range(len(fields.events)))
    if name == "ITEM_ID":
        return item_candidates(fields)
    roles = {"USER_ID": field_roles.user, "TIMESTAMP": field_roles.time}
    choice = roles[name](fields, everywhere) if name in roles else None
    return _fields_at(fields, [*choice.paths, *choice.others] if choice else [])


def _fields_at(fields: Observed, paths: Sequence[str]) -> list[Field]:
    return [fields.fields[path] for path in paths if path in fields.fields]


def _written(field: Field) -> str:
    """A field as a config names it."""
    return f"{field.column_path} (each: {field.array})" if field.array else field.path


def _raw_values(facts: CauseFacts, path: str) -> Iterator[Any]:
    """The values at a column's path in the wanted events, as they are."""
    return (value for event in facts.wanted for value in _values_in(facts, event, path))


def _values_in(facts: CauseFacts, event: dict[str, Any], path: str) -> list[Any]:
    """The values at a path in an event; with ``each.`` those of its elements."""
    parsed = column_path(path)
    if not parsed.in_element:
        return [lookup(event, parsed.steps)]
    found = elements(event, parse_path(facts.dataset.each)) if facts.dataset.each else []
    return [lookup(element, parsed.steps) for element in found]


def _filled(facts: CauseFacts, path: str) -> set[int]:
    """The numbers of the wanted events that have a value at a path; with ``each.`` in any element."""
    words = NullWords(facts.dataset.nulls)
    return {
        number
        for number, event in enumerate(facts.wanted)
        if any(not is_null(words.without(value) if words else value) for value in _values_in(facts, event, path))
    }


def _is_hidden(facts: CauseFacts, path: str) -> bool:
    parsed = column_path(path)
    each = parse_path(facts.dataset.each) if facts.dataset.each and parsed.in_element else ()
    steps = names_of((*each, *parsed.steps))
    return any(steps[: len(hidden)] == hidden or hidden[: len(steps)] == steps for hidden in facts.masked)


def _counted(values: Counter[str]) -> str:
    """The most frequent of these texts, with their counts."""
    return ", ".join(f"{_quoted(text)} ({count:,})" for text, count in values.most_common(_MAX_VALUES))


def _sampled(facts: CauseFacts, values: Counter[str]) -> str:
    """As ``_counted``; if the sample does not have all events that could be read, with its size."""
    is_part = len(facts.events) < facts.readable
    return f"{_counted(values)} in a sample of {count_of(len(facts.events), 'event')}" if is_part else _counted(values)


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in counts)


def _words(texts: Iterable[str]) -> str:
    found = [_quoted(text) for text in texts]
    return " or ".join(found) if len(found) < _MAX_VALUES else ", ".join(found[:_MAX_VALUES]) + ", …"


def _quoted(text: str) -> str:
    return f"`{text if len(text) <= _VALUE_CHARS else text[: _VALUE_CHARS - 1] + '…'}`"


def _short(value: Any) -> str:
    """A value as text, an object or array as JSON."""
    if type(value) in (dict, list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
