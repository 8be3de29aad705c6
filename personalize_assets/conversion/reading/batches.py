"""The fast path from bytes to events: many at once.

``Batches`` guesses where whole events are, has a ``Reader`` prove each guess by decoding it, and where a guess fails
falls back to the ``Framer``'s exact path for one value. So the events are those of the exact path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, overload

from personalize_assets.conversion.reading.framer import MAX_RAW_BYTES, SEPARATORS, Framer
from personalize_assets.conversion.reading.json_value import REFUSALS, Event, decode_whole, is_utf8, parse

# How many bytes are cut into lines at once: as many as the processor's cache takes, or few where guesses often fail.
# Few enough, too, that their brackets can prove that no line is nested too deeply (``StructDecoder.decode_lines``).
_SMALLEST_GUESS = 4 * 1024
_LARGEST_GUESS = 32 * 1024
_LONGEST_LINE = 256 * 1024
_GLUED_AT_ONCE = 1024


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


class Lines(Sequence[bytes]):
    """The lines of a text. Each is cut out on access, because only rejects need them; fast in ascending order."""

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
        if number < self._line:
            self._line = self._at = 0
        for _ in range(number - self._line):
            self._at = self._text.index(b"\n", self._at) + 1
        self._line = number
        end = self._text.find(b"\n", self._at)
        return self._text[self._at : end if end >= 0 else None].strip(SEPARATORS)


class Batches:
    """Iterates over the events of a framer: batches where ``reader`` decodes them, single events elsewhere."""

    def __init__(self, framer: Framer, reader: Reader) -> None:
        """Read ``framer`` from its current place on."""
        self._framer = framer
        self._reader = reader
        self._guess = _LARGEST_GUESS

    def __iter__(self) -> Iterator[Batch | Event]:
        """Yield the events that are not skipped, in their order. No batch is empty."""
        framer = self._framer
        while framer.seek_value():
            left = len(framer.buffer) - framer.at
            if not framer.has_ended and left < MAX_RAW_BYTES and framer.buffer.find(b"\n", framer.at) < 0:
                framer.refill()
            batch = self._take_lines()
            if not batch.values:
                batch = self._take_glued()
            if batch.values:
                yield batch
            else:
                yield from framer.read_value()
        yield from framer.read_end()

    def _take_lines(self) -> Batch:
        """Take events on lines of their own from here on, as far as they are whole."""
        buffer, at = self._framer.buffer, self._framer.at
        stop = buffer.rfind(b"\n", at, at + self._guess)
        if stop < 0:
            stop = buffer.find(b"\n", at, at + _LONGEST_LINE)
            if stop < 0:
                return _EMPTY
        text = buffer[at:stop]
        decoded = self._reader.decode_lines(text)
        if decoded is not None:
            self._guess = min(2 * self._guess, _LARGEST_GUESS)
            self._framer.at = stop
            return Batch(Lines(text, len(decoded)), decoded, len(text))
        raws = [raw for line in text.split(b"\n") if (raw := line.strip(SEPARATORS))]
        found = self._reader.decode_many(raws, is_utf8(text))
        if len(found) == len(raws):
            self._guess = min(2 * self._guess, _LARGEST_GUESS)
            self._framer.at = stop if raws else at
            return Batch(raws, found, len(text))
        taken = 0
        if found:
            for raw in raws[: len(found)]:
                taken = text.index(raw, taken) + len(raw)
            self._framer.at = at + taken
        # Lines that were cut and not taken are the cost of a wrong guess: guess less where guesses are wrong.
        self._guess = max(2 * taken, _SMALLEST_GUESS)
        return Batch(raws[: len(found)], found, taken)

    def _take_glued(self) -> Batch:
        """Take events that follow one another as ``{…}{…}`` from here on, as far as they are whole."""
        buffer, start = self._framer.buffer, self._framer.at
        at = start
        raws: list[bytes] = []
        found: list[Any] = []
        while len(raws) < _GLUED_AT_ONCE and (end := buffer.find(b"}{", at, at + _LONGEST_LINE) + 1):
            raw = buffer[at:end]
            decoded = self._reader.decode_many([raw], is_utf8(raw))
            if not decoded:
                break
            found += decoded
            raws.append(raw)
            at = end
        self._framer.at = at
        return Batch(raws, found, at - start)


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
            else:
                try:
                    decode_whole(raw)
                except REFUSALS:
                    break
                found.append(None)
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
