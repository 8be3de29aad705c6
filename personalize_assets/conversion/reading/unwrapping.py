"""Takes events out of wrappings: JSON within text, envelopes with arrays of events, names of any case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from personalize_assets.conversion.mapping.paths import Path, lookup, parse_path
from personalize_assets.conversion.mapping.values import is_blank
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.json_value import NOT_AN_OBJECT, REFUSALS, Event
from personalize_assets.conversion.reading.json_value import parse as parse_event

PARENT = "parent"
"""The name under which an event of an envelope has the envelope's other fields."""
NO_EVENTS = "no_events"
"""Reason of the reject for an object without the array that ``source.events`` names."""
_NOT_JSON = "not_json"
_NESTED = (dict, list)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Unwrapper:
    """Makes events of what a source's files hold. False if they hold events as they are.

    In this order: all names are made lower case, if case is ignored; the texts at the paths of ``parse`` are decoded,
    one after another; the elements of ``events`` become events, each with the other fields of its envelope as
    ``parent``.
    """

    def __init__(self, format: SourceFormat) -> None:
        """Take the settings of a source; with ``ignore_case`` its paths must be in lower case."""
        self._parse = [(path, parse_path(path)) for path in format.parse]
        self._events = parse_path(format.events) if format.events else None
        self._ignores_case = format.ignore_case

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return bool(self._parse or self._events or self._ignores_case)

    def unwrap(self, raw: bytes, fields: dict[str, Any]) -> Iterator[Event]:
        """Yield the events of an object, whose ``fields`` are changed; for what is none an ``Event`` without fields.

        A text at a path of ``parse`` that is no JSON makes the whole object a reject; a value that is no text stays.
        """
        if self._ignores_case:
            fields = _lower(fields)
        for text, steps in self._parse:
            if not self._decode_at(fields, steps):
                yield _reject(fields, raw, f"{_NOT_JSON}:{text}")
                return
        if self._events is None:
            yield Event(raw, fields)
            return
        found = lookup(fields, self._events)
        if type(found) is dict:
            found = list(found.values())
        if type(found) is not list:
            yield _reject(fields, raw, NO_EVENTS)
            return
        envelope = _without(fields, self._events)
        for element in found:
            if type(element) is dict:
                yield Event(raw, {**element, PARENT: envelope})
            else:
                yield Event(msgspec.json.encode(element), None, NOT_AN_OBJECT)

    def _decode_at(self, value: Any, steps: Path) -> bool:
        """Decode the text at the end of a path in place, also in the elements of arrays; False if one is no JSON."""
        if type(value) is list:
            is_json = True
            for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
                is_json = self._decode_at(element, steps) and is_json
            return is_json
        if type(value) is not dict or steps[0] not in value:
            return True
        inner = value[steps[0]]
        if len(steps) > 1:
            return self._decode_at(inner, steps[1:])
        decoded = [_decoded(one) for one in (inner if type(inner) is list else [inner])]
        found = [_lower(one) if self._ignores_case else one for _, one in decoded]
        value[steps[0]] = found if type(inner) is list else found[0]
        return all(is_json for is_json, _ in decoded)


def _reject(fields: dict[str, Any], raw: bytes, reason: str) -> Event:
    """A reject with the fields under the names that masks know."""
    return Event(line_of(fields) or raw, None, reason)


def _decoded(value: Any) -> tuple[bool, Any]:
    """Whether a value is JSON or no text at all, and what it holds; blank text stays."""
    if type(value) is not str:
        return True, value
    with suppress(*REFUSALS):
        return True, _decode(value)
    if is_blank(value):
        return True, value
    # As the field of an object, so that it is read as events are: NaN as null, and so on.
    found = parse_event(b'{"a":' + value.encode("utf-8", "surrogatepass") + b"}").fields
    return (True, found["a"]) if found is not None and found.keys() == {"a"} else (False, value)


def _without(fields: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy of the objects along a path, without its end."""
    first, *rest = path
    copy = dict(fields)
    if not rest:
        copy.pop(first, None)
    elif type(copy.get(first)) is dict:
        copy[first] = _without(copy[first], tuple(rest))
    return copy


def _lower(value: Any) -> Any:
    """A value with all names in lower case; of names that become equal the first one with a value counts."""
    if type(value) is list:
        elements = []
        for element in value:  # no comprehension: see above
            elements.append(_lower(element) if type(element) in _NESTED else element)
        return elements
    if type(value) is not dict:
        return value
    found: dict[str, Any] = {}
    for name, child in value.items():
        lower = name.lower()
        if found.get(lower) is None:
            found[lower] = _lower(child) if type(child) in _NESTED else child
    return found


def line_of(fields: dict[str, Any]) -> bytes | None:
    """An event as a line of JSON; None for one that is nested too deeply to be written."""
    try:
        return _encode(fields)
    except (RecursionError, *REFUSALS):
        return None
