"""Takes events out of wrappings as structs: many at once, without writing them anew. ``unwrapping`` is the exact path.

What a wrapping holds is decoded into structs of the fields that are asked for: an envelope into one with the structs of
its events, a text with JSON in it into text first and then into a struct of its own. Where case is ignored, the structs
have each name as it is written; the exact path's events show how. An object with an unknown name is not taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import accumulate
from operator import attrgetter
from typing import Any, overload

from msgspec.structs import force_setattr

from personalize_assets.conversion.mapping.paths import Path, Pick, parse_path
from personalize_assets.conversion.mapping.values import is_blank
from personalize_assets.conversion.reading.batches import Batch
from personalize_assets.conversion.reading.brackets import is_nested_deeper
from personalize_assets.conversion.reading.damage import MAX_UNPACKED_BYTES
from personalize_assets.conversion.reading.field_tree import Field, NoShapeError, Spellings, is_name
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.json_value import MAX_DEPTH, REFUSALS, parse
from personalize_assets.conversion.reading.struct_decoder import StructDecoder, StructReader
from personalize_assets.conversion.reading.unwrapping import PARENT, Unwrapper, decoded_text, line_of, lowered

# The most spellings that are learned: each makes new structs. A source of more has ids as names, new in each event.
_MOST_NAMES = 300
# A character of JSON becomes at most so many when it is written anew (1e9 as 1000000000.0).
_MOST_GROWTH = 8


class StructUnwrapper:
    """Unwraps the events of a source; what it cannot is for ``Unwrapper``. A ``batches.Reader`` of the wrappings."""

    def __init__(self, decoder: StructDecoder, format: SourceFormat) -> None:
        """Raise ``NoShapeError`` if structs cannot hold what is asked for. ``decoder`` reads the structs' fields."""
        self._unwrapper = Unwrapper(format)
        self._event = deepcopy(decoder.root)
        self._outer = self._event
        self._parent = ""
        events = parse_path(format.events) if format.events else None
        if events:
            self._wrap(events)
        for text in format.parse:
            steps = parse_path(text)
            if events and len(steps) > len(events) and steps[: len(events)] == events:
                _mark_text(self._event, steps[len(events) :])
            else:
                _mark_text(self._outer, steps)
        *above, last = (events and self._outer.attributes(events).split(".")) or [""]
        self._events, self._holders = last, attrgetter(".".join(above)) if above else None
        self._ignores_case = format.ignore_case
        if format.ignore_case:
            for field in self._outer.all_below():
                if any(name != name.lower() for name in field.children):
                    raise NoShapeError
                field.spellings = Spellings()
        self._names = 0
        # Each level of texts may be as deep as this, and an event is put into its line one level deeper.
        self._max_depth = (MAX_DEPTH - 1) // (1 + _levels(self._outer))
        self._reader: StructReader | None = None
        self._make_reader()

    def decode_lines(self, text: bytes) -> list[Any] | None:
        """As ``batches.Reader`` has it: wrappings."""
        return self._made().decode_lines(text)

    def decode_many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """As ``batches.Reader`` has it: wrappings."""
        return self._made().decode_many(raws, is_text)

    def learn(self, fields: dict[str, Any]) -> None:
        """Note how names are written in a wrapping that was not taken, before it is changed."""
        if self._ignores_case and self._names < _MOST_NAMES and self._learn(self._outer, fields):
            self._reader = None

    def unwrapped(self, wrappings: Batch) -> Iterator[Batch | bytes]:
        """Yield batches of the events of wrappings, and the bytes of wrappings that are for the exact path.

        They come in order. The values of ``wrappings`` are changed.
        """
        found = self._found(wrappings.values, wrappings.size)
        if found is not None:
            yield from self._batch(wrappings.raws, found, wrappings.size)
            return
        for raw in wrappings.raws:
            values = self.decode_many([raw], is_text=False)
            found = self._found(values, len(raw), raw) if values else None
            if found is None:
                yield raw
            else:
                yield from self._batch([raw], found, len(raw))

    def _wrap(self, events: Path) -> None:
        """Make the event an element of an envelope, of which it has the other fields as ``parent``."""
        parent = self._event.children.get(PARENT)
        self._outer = deepcopy(parent) if parent else Field()
        if any(type(step) is Pick for step in events) or self._outer.is_value or self._outer.element:
            raise NoShapeError
        if parent:
            self._parent = self._event.attributes((PARENT,))
        field = self._outer.descend(events)
        if field.children or field.element:
            raise NoShapeError
        field.element, field.holds_events = self._event, True

    def _made(self) -> StructReader:
        return self._reader or self._make_reader()

    def _make_reader(self) -> StructReader:
        self._reader = StructReader(self._outer.struct(), self._max_depth)
        self._changing = {id(field) for field in self._outer.all_below() if any(map(_changes, field.all_below()))}
        return self._reader

    def _learn(self, field: Field, value: Any) -> bool:
        """Whether anything is new."""
        if field.holds_json and type(value) is str:
            _, value = decoded_text(value)
        is_new = False
        if field.element is not None:
            for element in value if type(value) is list else ():
                is_new |= self._learn(field.element, element)
        elif type(value) is dict and field.spellings is not None:
            for name, child in value.items():
                if self._names >= _MOST_NAMES:
                    break
                name_of = name.lower()
                known: Any = field.spellings.others
                if name_of in field.children:
                    known = field.spellings.wanted.setdefault(name_of, [])
                    is_new |= self._learn(field.children[name_of], child)
                if name not in known and is_name(name):  # an object with any other name is never taken
                    if name_of in field.children:
                        known.append(name)
                    else:
                        known[name] = None
                    self._names += 1
                    is_new = True
        return is_new

    def _found(self, wrappings: list[Any], size: int, raw: bytes | None = None) -> tuple[list[Any], list[int]] | None:
        """The events, and how many come from each of these wrappings, which have ``size`` bytes; None if not certain.

        ``raw``: the bytes of the only one.
        """
        if not self._change(self._outer, wrappings):
            return None
        if not self._events:
            return wrappings, [1] * len(wrappings)
        found: list[Any] = []
        counts: list[int] = []
        for envelope in wrappings:
            try:
                holder = self._holders(envelope) if self._holders else envelope
            except AttributeError:  # an object on the way to the events is null
                return None
            events = getattr(holder, self._events, None)
            if events is None:
                return None
            events = list(events.values()) if type(events) is dict else events
            counts.append(len(events))
            # What each event would have as a line with its envelope may be too large.
            if _MOST_GROWTH * size * len(events) > MAX_UNPACKED_BYTES and not (raw and self._is_taken(raw)):
                return None
            force_setattr(holder, self._events, None)  # no circle of references
            if self._parent:
                for event in events:
                    force_setattr(event, self._parent, envelope)
            found += events
        return found, counts

    def _is_taken(self, raw: bytes) -> bool:
        fields = parse(raw).fields
        return fields is not None and next(self._unwrapper.unwrap(raw, fields)).fields is not None

    def _batch(self, raws: Sequence[bytes], found: tuple[list[Any], list[int]], size: int) -> Iterator[Batch]:
        events, counts = found
        if events:
            yield Batch(UnwrappedLines(raws, counts, self._unwrapper), events, size)

    def _change(self, field: Field, structs: list[Any]) -> bool:
        """Bring structs of a field into the form that events have; False if that is not certain."""
        if id(field) not in self._changing:
            return True
        for number, (name, child) in enumerate(field.children.items()):
            attribute = f"f{number}"
            for again in range(1, len(field.spellings.wanted.get(name, ())) if field.spellings else 0):
                if not _merge(structs, attribute, f"{attribute}_{again}", child.missing):
                    return False
            if child.holds_json and not self._decode_texts(structs, attribute, child):
                return False
            if child.is_picked and field.spellings:
                for struct in structs:
                    force_setattr(struct, attribute, lowered(getattr(struct, attribute)))
            if id(child) not in self._changing:
                continue
            inside = [value for struct in structs if (value := getattr(struct, attribute)) is not None]
            if child.element is None:
                if not self._change(child, inside):
                    return False
                continue
            elements: list[Any] = []
            for value in inside:
                elements += value.values() if type(value) is dict else value
            if not self._change(child.element, elements):
                return False
        return True

    def _decode_texts(self, structs: list[Any], attribute: str, field: Field) -> bool:
        decode = field.decode_text
        assert decode is not None
        long = 2 * self._max_depth
        for struct in structs:
            text = getattr(struct, attribute)
            if type(text) is not str:
                continue
            if len(text) > long and is_nested_deeper(encoded := text.encode(), 0, len(encoded), self._max_depth):
                return False
            try:
                value = decode(text)
            except REFUSALS:
                if not is_blank(text):
                    return False
                value = text if field.is_value else None
            force_setattr(struct, attribute, value)
        return True


class UnwrappedLines(Sequence[bytes]):
    """The lines of JSON that the exact path makes of unwrapped events.

    Each is made on access, because only rejects need them; fast in ascending order.
    """

    def __init__(self, raws: Sequence[bytes], counts: Sequence[int], unwrapper: Unwrapper) -> None:
        """Take the bytes of wrappings, and how many events come from each."""
        self._raws = raws
        self._ends = list(accumulate(counts))
        self._unwrapper = unwrapper
        # The wrapping that was sought last, the number of its next event, and its events from there on.
        self._wrapping = 0
        self._next = 0
        self._events = self._unwrapped(0)

    def __len__(self) -> int:
        """Number of events."""
        return self._ends[-1]

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        """The line of an event."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        number += len(self) if number < 0 else 0
        if not 0 <= number < len(self):
            raise IndexError(number)
        wrapping = bisect_right(self._ends, number)
        if wrapping != self._wrapping or number < self._next:
            self._wrapping = wrapping
            self._next = self._ends[wrapping - 1] if wrapping else 0
            self._events = self._unwrapped(wrapping)
        for _ in range(number - self._next):
            next(self._events)
        self._next = number + 1
        return line_of(next(self._events)) or b""

    def _unwrapped(self, wrapping: int) -> Iterator[dict[str, Any]]:
        raw = self._raws[wrapping]
        for event in self._unwrapper.unwrap(raw, parse(raw).fields or {}):
            yield event.fields or {}


def _merge(structs: list[Any], attribute: str, again: str, missing: Any) -> bool:
    """Move the values of another spelling to the first one; False if a struct has both: it has lost their order."""
    for struct in structs:
        value = getattr(struct, again)
        if value is None:
            continue
        first = getattr(struct, attribute)
        if first is not None and first is not missing:
            return False
        force_setattr(struct, attribute, value)
    return True


def _mark_text(field: Field, steps: Path) -> None:
    """Note that a text at the end of a path holds JSON, after those that were noted before."""
    if any(type(step) is Pick for step in steps):
        raise NoShapeError
    above = [field.descend(steps[:end]) for end in range(1, len(steps))]
    text = field.descend(steps)
    if (
        any(one.is_value or one.element for one in above)
        or any(one.holds_json for one in text.all_below())
        or (text.element and not text.holds_events and text.element.is_value)
    ):
        raise NoShapeError
    text.holds_json = True


def _levels(field: Field) -> int:
    """How many texts are within one another at most."""
    inside = (*field.children.values(), *([field.element] if field.element else []))
    return int(field.holds_json) + max(map(_levels, inside), default=0)


def _changes(field: Field) -> bool:
    """Whether structs of a field are changed after they were decoded."""
    if field.holds_json:
        return True
    spellings = field.spellings
    return spellings is not None and (field.is_picked or any(len(one) > 1 for one in spellings.wanted.values()))
