"""Takes events out of wrappings: JSON within text, envelopes with arrays of events, names of any case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from personalize_assets.conversion.mapping.paths import Path, Pick, elements, lookup, parse_path
from personalize_assets.conversion.mapping.values import is_blank
from personalize_assets.conversion.reading.damage import MAX_UNPACKED_BYTES, UNPACKED_TOO_LARGE
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.json_value import NOT_AN_OBJECT, REFUSALS, Event
from personalize_assets.conversion.reading.json_value import parse as parse_event

PARENT = "parent"
"""The name under which an event of an envelope has the envelope's other fields."""
NO_EVENTS = "no_events"
"""Reason of the reject for an object without the array that ``source.events`` names."""
NOT_JSON = "not_json"
"""Reason of the reject for an event with a text that is to hold JSON and does not; a colon and the path follow it."""
_NESTED = (dict, list)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Unwrapper:
    """Makes events of what a source's files hold. False if they hold events as they are.

    In this order: all names are made lower case, if case is ignored; the texts at the paths of ``parse`` are decoded,
    one after another; the elements of ``events`` become events, each with the other fields of its envelope as
    ``parent``. Paths of ``parse`` below ``events`` are those of an element, whose text costs no other event.
    """

    def __init__(self, format: SourceFormat) -> None:
        """Take the settings of a source; with ``ignore_case`` its paths must be in lower case."""
        self._events = parse_path(format.events) if format.events else None
        self._ignores_case = format.ignore_case
        self._of_object: list[tuple[str, Path]] = []
        self._of_element: list[tuple[str, Path]] = []
        for text in format.parse:
            steps, above = parse_path(text), self._events or ()
            if above and len(steps) > len(above) and steps[: len(above)] == above:
                self._of_element.append((text, steps[len(above) :]))
            else:
                self._of_object.append((text, steps))

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return bool(self._of_object or self._events or self._ignores_case)

    def unwrap(self, raw: bytes, fields: dict[str, Any]) -> Iterator[Event]:
        """Yield the events of an object, whose ``fields`` are changed; for what is none an ``Event`` without fields.

        A text at a path of ``parse`` that is no JSON makes what has it a reject; a value that is no text stays.
        """
        if self._ignores_case:
            fields = lowered(fields)
        if wrong := self._parse(fields, self._of_object):
            yield _reject(fields, raw, wrong, is_envelope=self._events is not None)
        elif self._events is None:
            yield Event(raw, fields)
        else:
            yield from self._elements(raw, fields, self._events)

    def _elements(self, raw: bytes, fields: dict[str, Any], events: Path) -> Iterator[Event]:
        found = elements(fields, events)
        if not found and not _is_array(lookup(fields, events)):
            yield _reject(fields, raw, NO_EVENTS, is_envelope=True)
            return
        envelope = _without(fields, events)
        # Each event gets a copy: an envelope must not unpack to more than a packed file may.
        if len(found) > 1 and len(line_of(envelope) or b"") * len(found) > MAX_UNPACKED_BYTES:
            yield _reject(envelope, raw, UNPACKED_TOO_LARGE, is_envelope=True)
            return
        for element in found:
            if type(element) is not dict:
                yield Event(_encode(element), None, NOT_AN_OBJECT)
                continue
            event = {**element, PARENT: envelope}
            wrong = self._parse(event, self._of_element)
            yield _reject(event, raw, wrong) if wrong else Event(raw, event)

    def _parse(self, fields: dict[str, Any], paths: list[tuple[str, Path]]) -> str | None:
        """Decode the texts at paths in place; the reason of the reject if one is no JSON."""
        for text, steps in paths:
            if not self._decode_at(fields, steps):
                return f"{NOT_JSON}:{text}"
        return None

    def _decode_at(self, value: Any, steps: Path) -> bool:
        """Decode the text at the end of a path in place, also in the elements of arrays; False if one is no JSON."""
        step = steps[0]
        if type(step) is Pick or type(value) is list:
            inside, rest = (step.all_of(value), steps[1:]) if type(step) is Pick else (value, steps)
            is_json = True
            for element in inside:  # no comprehension: one frame a level, however deeply arrays are nested
                is_json = self._decode_at(element, rest) and is_json
            return is_json
        if type(value) is not dict or step not in value:
            return True
        inner = value[step]
        if len(steps) > 1:
            return self._decode_at(inner, steps[1:])
        decoded = [decoded_text(one) for one in (inner if type(inner) is list else [inner])]
        found = [lowered(one) if self._ignores_case else one for _, one in decoded]
        value[step] = found if type(inner) is list else found[0]
        return all(is_json for is_json, _ in decoded)


def _is_array(value: Any) -> bool:
    """Whether a path has led to an array or object, or to one in any element of arrays on the way."""
    if type(value) is list:
        return not value or any(type(element) in _NESTED for element in value)
    return type(value) is dict


def _reject(fields: dict[str, Any], raw: bytes, reason: str, *, is_envelope: bool = False) -> Event:
    """A reject with the fields under the names that masks know.

    An envelope is shown in brackets, as what is no event: masks are paths of events, and hide nothing in it. Where
    there are masks, it is then not shown at all.
    """
    shown = line_of(fields) or raw
    return Event(b"[" + shown + b"]" if is_envelope else shown, None, reason)


def decoded_text(value: Any) -> tuple[bool, Any]:
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
    """A copy of the objects along a path, without its end, or without the first array on the way."""
    first, *rest = path
    copy = dict(fields)
    if rest and type(copy.get(first)) is dict:
        copy[first] = _without(copy[first], tuple(rest))
    else:
        copy.pop(first, None)
    return copy


def lowered(value: Any) -> Any:
    """A value with all names in lower case; of names that become equal the first one with a value counts."""
    if type(value) is list:
        elements = []
        for element in value:  # no comprehension: see above
            elements.append(lowered(element) if type(element) in _NESTED else element)
        return elements
    if type(value) is not dict:
        return value
    found: dict[str, Any] = {}
    for name, child in value.items():
        lower = name.lower()
        if found.get(lower) is None:
            found[lower] = lowered(child) if type(child) in _NESTED else child
    return found


def line_of(fields: dict[str, Any]) -> bytes | None:
    """An event as a line of JSON; None for one that is nested too deeply to be written."""
    try:
        return _encode(fields)
    except (RecursionError, *REFUSALS):
        return None
