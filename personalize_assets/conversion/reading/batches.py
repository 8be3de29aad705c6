"""The fast path from bytes to events: many at once.

``Batches`` guesses where whole events are, has a ``Reader`` prove each guess by decoding it, and where a guess fails
falls back to the ``Framer``'s exact path for one value. So the events are those of the exact path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple, Protocol, overload

import numpy as np

from personalize_assets.conversion.reading.framer import SAMPLE_BYTES, SEPARATORS, Framer
from personalize_assets.conversion.reading.json_value import (
    MAX_RAW_BYTES,
    Event,
    is_utf8,
    is_whole,
    parse,
)
from personalize_assets.conversion.reading.resumption import NOTHING

_LINE_END, _OPENING, _CLOSING = b"\n{}"
# How many bytes are cut into lines at once: as many as the processor's cache takes. Few enough, too, that their
# brackets can prove that no line is nested too deeply (``StructDecoder.decode_lines``).
_CUT_BYTES = 32 * 1024
_LONGEST_LINE = 256 * 1024
_GLUED_AT_ONCE = 1024
_VALUES_AT_ONCE = 256
# Lines that are decoded one by one and together, where others of the same bytes broke.
_FEWEST_LINES = 4
_MOST_LINES = 256
# Where so many events in a row are none, the next one is likely to be none either: it is not guessed first.
_MALFORMED_TO_EXPECT = 2


class Reader(Protocol):
    """Decodes bytes that are probably whole and plain events."""

    def decode_lines(self, text: bytes) -> list[Any] | None:
        """Decode a text in which each line is one event. None if a line is not, or is not for this reader."""

    def decode_many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """Decode one event from each of these bytes, up to the first that is none, or is not for this reader.

        ``is_text``: whether all of them are known to be UTF-8.
        """


class Batch(NamedTuple):
    """Events as bytes and as a reader decoded them, in the same order; ``size`` is how many bytes they hold."""

    raws: Sequence[bytes]
    values: list[Any]
    size: int


_EMPTY = Batch([], [], 0)
# The beginning of an event up to its first name: what stands between two events, and this, is where another begins.
_HEAD = re.compile(rb'\{[ \t\r\n]*+"[^"\\\r\n]{0,64}+"')
_BETWEEN = re.compile(b"(?:" + NOTHING + b")*+")
_LONGEST_BETWEEN = 16
_PLAIN_LINE_ENDS = (b"\n", b"\r\n")


class Lines(Sequence[bytes]):
    """The events of a text that has one a line.

    Each is cut out on access, because only rejects need them; fast in ascending order.
    """

    def __init__(self, text: bytes, count: int) -> None:
        """Cut ``text``, which has ``count`` lines."""
        self._text = text
        self._count = count
        # The line that was sought last, and its beginning.
        self._line = 0
        self._at = 0

    def __len__(self) -> int:
        """Number of lines."""
        return self._count

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        """A line without the separators around it."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self._count))]
        number += self._count if number < 0 else 0
        if not 0 <= number < self._count:
            raise IndexError(number)
        if self._events is not None:
            return self._events[number]
        if number < self._line:
            self._line = self._at = 0
        for _ in range(number - self._line):
            self._at = self._text.index(b"\n", self._at) + 1
        self._line = number
        end = self._text.find(b"\n", self._at)
        return self._text[self._at : end if end >= 0 else None].strip(SEPARATORS)

    def _has_one_a_line(self) -> bool:
        """Whether each line end is between two events: in none of them can it follow } and come before {."""
        text = self._text
        # In arrays: searching the bytes for three at once takes ten times as long.
        characters = np.frombuffer(text, np.uint8)
        is_end = characters == _LINE_END
        is_between = is_end[1:-1] & (characters[:-2] == _CLOSING) & (characters[2:] == _OPENING)
        ends = np.count_nonzero(is_end)
        return bool(ends == np.count_nonzero(is_between) or ends == text.count(b"}\n{") + text.count(b"}\r\n{"))

    @cached_property
    def _events(self) -> list[bytes] | None:
        """The events, if lines are not: one over two lines and two on one line are as many events as lines, too."""
        if self._has_one_a_line():
            return None
        return [event.raw for event in Framer([self._text]).one_by_one()]


class Marked(Sequence[bytes]):
    """The events of a text that are separated by a mark, which is the end of one and the beginning of the next.

    They are cut out on first access, because only rejects need them.
    """

    def __init__(self, text: bytes, mark: bytes, head: bytes, count: int) -> None:
        """Cut ``text``, in which ``count`` events begin with ``head`` at a ``mark``, but for the first."""
        self._text = text
        self._mark = mark
        self._head = head
        self._count = count

    def __len__(self) -> int:
        """Number of events."""
        return self._count

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        """An event as it is in the text."""
        return self._events[number]

    @cached_property
    def _events(self) -> list[bytes]:
        found = _between_marks(self._text, self._mark, self._head)
        if len(found) == self._count:
            return found
        return [event.raw for event in Framer([self._text]).one_by_one()]


def _between_marks(text: bytes, mark: bytes, head: bytes) -> list[bytes]:
    first, *others = text.split(mark)
    pieces = [first, *(head + piece for piece in others)]
    return [*(piece + b"}" for piece in pieces[:-1]), pieces[-1]]


def _ends_with_comma(text: bytes) -> bool:
    return b"," in text[len(text.rstrip(SEPARATORS)) :]


class Batches:
    """Iterates over the events of a framer: batches where ``reader`` decodes them, single events elsewhere."""

    def __init__(self, framer: Framer, reader: Reader) -> None:
        """Read ``framer`` from its current place on."""
        self._framer = framer
        self._reader = reader
        # Lines that were cut and hold no batch as a whole, without the separators around them; where in the file each
        # ends, which is the next one, whether they are UTF-8, and where all of them end.
        self._cut: list[bytes] = []
        self._cut_ends: list[int] = []
        self._next_line = 0
        self._is_text = False
        self._cut_end = 0
        self._lines_at_once = _FEWEST_LINES
        # What stands between the last two events and how the second begins, unless it is on a line of its own; and the
        # place in the file up to which events are not separated like that.
        self._between: tuple[bytes, bytes] | None = None
        self._is_repeated = False
        self._not_alike_to = 0
        # For each mark: the place in the file of one up to which there is no event, and how far away that was.
        self._wrong: dict[bytes, tuple[int, int]] = {}

    def __iter__(self) -> Iterator[Batch | Event]:
        """Yield the events that are not skipped, in their order. No batch is empty."""
        framer = self._framer
        while self._seek_value():
            if framer.malformed_in_a_row >= _MALFORMED_TO_EXPECT:
                event = framer.read_value()
                if event is not None:
                    yield event
                continue
            left = len(framer.buffer) - framer.at
            if not framer.has_ended and left < MAX_RAW_BYTES and framer.find(b"\n") < 0:
                framer.refill(at_least=2 * left)
            text, at = framer.buffer, framer.at
            batch = self._take_alike()
            if not batch.values:
                batch = self._take_lines()
            if not batch.values:
                batch = self._take_glued()
            if batch.values:
                framer.found_whole(text[at : at + SAMPLE_BYTES])
                yield batch
            else:
                yield from self._read_values()
        yield from framer.read_end()

    def _seek_value(self) -> bool:
        """As ``Framer.seek_value``; looks at what stands before the value."""
        framer = self._framer
        if framer.is_at_value:
            return True
        before = framer.offset + framer.at
        if not framer.seek_value():
            return False
        begin, at = before - framer.offset, framer.at
        if begin > 0 and at - begin <= _LONGEST_BETWEEN and framer.buffer[begin - 1] == _CLOSING:
            between = framer.buffer[begin:at]
            head = None
            # Not behind a bracket of an array: only one may stand there.
            if (between not in _PLAIN_LINE_ENDS or self._is_wrapped(at)) and _BETWEEN.fullmatch(between):
                head = _HEAD.match(framer.buffer, at)
            found = (between, head[0]) if head else None
            self._is_repeated, self._between = found == self._between, found
        return True

    def _is_wrapped(self, at: int) -> bool:
        """Whether an event goes on behind the end of its first line."""
        return self._framer.buffer.startswith((b"{\n", b"{\r\n"), at)

    def _take_alike(self) -> Batch:
        """Take events that are separated and begin like the last two, as far as they are whole."""
        framer = self._framer
        buffer, at = framer.buffer, framer.at
        if self._between is None or framer.offset + at < self._not_alike_to:
            return _EMPTY
        between, head = self._between
        mark = b"}" + between + head
        stop = buffer.rfind(mark, at, min(at + _CUT_BYTES, framer.known_end)) + 1
        if not stop:
            return _EMPTY
        original = buffer[at:stop]
        # Another white space for line ends: they separate the events. In a text both are refused.
        text = original.replace(b"\n", b"\r") if b"\n" in original else original
        as_mark = mark.replace(b"\n", b"\r") if b"\n" in mark else mark
        as_head = as_mark[-len(head) :]
        # From the right: Python searches backwards twice as fast.
        decoded = self._reader.decode_lines((b"}\n" + as_head).join(text.rsplit(as_mark)))
        if decoded is not None:
            framer.at = stop
            return Batch(Marked(original, mark, head, len(decoded)), decoded, len(original))
        self._not_alike_to = framer.offset + stop
        raws = _between_marks(original, mark, head)
        found = self._reader.decode_many(raws, is_utf8(original))
        if not found:
            return _EMPTY
        size = sum(map(len, raws[: len(found)])) + len(between) * (len(found) - 1)
        framer.at = at + size
        if len(found) == len(raws):
            self._not_alike_to = 0
        elif 4 * size >= len(original):
            # A guess costs as much as it is long: the next one is worth it behind the event that broke.
            self._not_alike_to = framer.offset + framer.at + len(between) + len(raws[len(found)])
        return Batch(raws[: len(found)], found, size)

    def _read_values(self) -> Iterator[Batch | Event]:
        """Read values by their ends, up to the end of a line or to one that is not for the reader."""
        framer = self._framer
        raws: list[bytes] = []
        found: list[Any] = []
        size = 0
        while True:
            end, reason = framer.find_end()
            if end is None or end - framer.at > _LONGEST_LINE:
                break
            raw = framer.buffer[framer.at : end]
            decoded = self._reader.decode_many([raw], is_utf8(raw))
            if not decoded:
                break
            raws.append(raw)
            found += decoded
            size += len(raw)
            framer.at = end
            framer.found_whole(raw)
            is_line = framer.buffer.startswith(b"\n", end)
            if len(raws) == _VALUES_AT_ONCE or is_line or not self._seek_value() or self._is_alike():
                yield Batch(raws, found, size)
                return
        if found:
            yield Batch(raws, found, size)
        event = framer.read_found(end, reason)
        if event is not None:
            yield event

    def _is_alike(self) -> bool:
        """Whether the next events may be separated like the last two."""
        is_behind = self._framer.offset + self._framer.at >= self._not_alike_to
        return is_behind and self._is_repeated and self._between is not None

    def _take_lines(self) -> Batch:
        """Take events on lines of their own from here on, as far as they are whole."""
        framer = self._framer
        buffer, at = framer.buffer, framer.at
        if framer.offset + at < self._cut_end:
            return self._take_cut_lines()
        stop = buffer.rfind(b"\n", at, min(at + _CUT_BYTES, framer.known_end))
        if stop < 0:
            stop = self._next(b"\n")
            if stop < 0:
                return _EMPTY
        text = buffer[at:stop]
        decoded = self._reader.decode_lines(text)
        if decoded is not None:
            framer.at = stop
            framer.has_comma_behind = _ends_with_comma(text)
            return Batch(Lines(text, len(decoded)), decoded, len(text))
        self._cut = text.split(b"\n")
        self._cut_ends = list(accumulate(map(len, self._cut), lambda end, length: end + 1 + length, initial=-1))[1:]
        self._cut_ends = [framer.offset + at + end for end in self._cut_ends]
        self._next_line = 0
        self._is_text = is_utf8(text)
        self._cut_end = framer.offset + stop
        return self._take_cut_lines()

    def _take_cut_lines(self) -> Batch:
        """Take events on lines that were cut before, up to the first line that is none."""
        framer, ends = self._framer, self._cut_ends
        here = framer.offset + framer.at
        number = self._next_line
        while ends[number] <= here:
            number += 1
        self._next_line = number
        line_end = ends[number] - framer.offset
        if self._is_wrong(b"\n", line_end):
            return _EMPTY
        # The first line may have been read in part.
        first = framer.buffer[framer.at : line_end].strip(SEPARATORS)
        lines = [first, *(line.strip(SEPARATORS) for line in self._cut[number + 1 : number + self._lines_at_once])]
        if b"" in lines:
            lines = lines[: lines.index(b"")]
        found = self._reader.decode_many(lines, self._is_text)
        if len(found) == len(lines):
            self._lines_at_once = min(2 * self._lines_at_once, _MOST_LINES)
        else:
            self._lines_at_once = max(2 * len(found), _FEWEST_LINES)
        if not found:
            self._note_wrong(b"\n", line_end)
            return _EMPTY
        stop = ends[number + len(found) - 1] - framer.offset
        framer.has_comma_behind = _ends_with_comma(self._cut[number + len(found) - 1])
        size = stop - framer.at
        framer.at = stop
        if len(found) < len(lines):  # the next line needs no guess of its own
            self._note_wrong(b"\n", ends[number + len(found)] - framer.offset)
        return Batch(lines[: len(found)], found, size)

    def _take_glued(self) -> Batch:
        """Take events that follow one another as ``{…}{…}`` from here on, as far as they are whole."""
        buffer, start = self._framer.buffer, self._framer.at
        at, known_end = start, self._framer.known_end
        raws: list[bytes] = []
        found: list[Any] = []
        end = self._next(b"}{") + 1
        # One shows how events begin.
        most = 1 if self._framer.offset + at >= self._not_alike_to else _GLUED_AT_ONCE
        while 0 < end <= known_end and len(raws) < most:
            raw = buffer[at:end]
            decoded = self._reader.decode_many([raw], is_utf8(raw))
            if not decoded:
                if not found:
                    self._note_wrong(b"}{", end - 1)
                break
            found += decoded
            raws.append(raw)
            at = end
            end = buffer.find(b"}{", at, at + _LONGEST_LINE) + 1
        self._framer.at = at
        return Batch(raws, found, at - start)

    def _next(self, mark: bytes) -> int:
        """The place of the next ``mark`` if it is worth a guess; -1 if there is none, or it is too far away."""
        framer = self._framer
        place = framer.find(mark)
        length = place - framer.at
        if place < 0 or length > _LONGEST_LINE or place >= framer.known_end:
            return -1
        return -1 if self._is_wrong(mark, place) else place

    def _is_wrong(self, mark: bytes, place: int) -> bool:
        """Whether a guess up to this place was wrong from not much farther away.

        A guess costs as much as it is long: after a wrong one the same place is guessed again from half as far.
        """
        wrong, length = self._wrong.get(mark, (-1, 0))
        return wrong == self._framer.offset + place and 2 * (place - self._framer.at) > length

    def _note_wrong(self, mark: bytes, place: int) -> None:
        framer = self._framer
        self._wrong[mark] = framer.offset + place, place - framer.at


class WholeEvents:
    """Reader that decodes all fields of an event into a dict; None for an event that ``may_match`` refuses."""

    def __init__(self, may_match: Callable[[bytes], bool]) -> None:
        """Take the prefilter of the events."""
        self._may_match = may_match

    def decode_lines(self, text: bytes) -> list[Any] | None:
        """Return None: ``may_match`` must see each event by itself."""
        return None

    def decode_many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """Decode each into a dict or None, up to the first that is no event."""
        found: list[Any] = []
        for raw in raws:
            if self._may_match(raw):
                event = parse(raw)
                if event.fields is None:
                    break
                found.append(event.fields)
            elif is_whole(raw):
                found.append(None)
            else:
                break
        return found


def whole_events(framer: Framer, may_match: Callable[[bytes], bool]) -> Iterator[Event]:
    """Yield the events of a framer with all their fields; faster than ``Framer.one_by_one``, and the same.

    ``may_match`` is the framer's own.
    """
    for found in Batches(framer, WholeEvents(may_match)):
        if isinstance(found, Event):
            yield found
            continue
        for raw, fields in zip(found.raws, found.values, strict=True):
            if fields is None:
                framer.skipped += 1
            else:
                yield Event(raw, fields)
