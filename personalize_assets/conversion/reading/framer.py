"""JSON events out of bytes: exact, by blocks, without Spark.

One ``Framer`` reads one file. Its events are the same on both paths: ``one_by_one`` is the exact one; ``batches`` is
the fast one, which guesses where whole events lie, has each guess proved by decoding it, and goes the exact path, for
one value, where a guess fails.

The rules (design §5): values stand one after another with any white space, commas or nothing between them, or in an
array. A stretch that is not JSON is one malformed event; it ends before the next line that begins with ``{``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, overload

import msgspec
import numpy as np

from personalize_assets.conversion.reading.json_value import (
    MALFORMED,
    Event,
    brackets_end,
    decode_whole,
    is_utf8,
    parse,
    skip_value,
    value_end,
)

# A single event larger than this is taken for a broken stretch. Segment allows 32 KB, Firehose 1,000 KiB a record.
MAX_EVENT_BYTES = 128 * 1024 * 1024
# What is kept of a broken stretch: enough to see what it was, little enough to keep a reader's memory bounded.
MAX_RAW_BYTES = 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n,"
_LINE_END = ord("\n")
# A broken stretch is searched window by window, at places that do not depend on the blocks; windows overlap, as what is
# wanted may lie across two of them.
_OVERLAP = 4096
_IN_A_WORD = b"-+.0123456789abcdefghijklmnopqrstuvwxyzE"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BROKEN_AT = re.compile(r"JSON is malformed: (?!trailing characters|.*surrogate|.*escape).*\(byte (\d+)\)")
# How many bytes are cut into lines at once: as many as the processor's cache takes, or few where that is often in vain.
# Few enough, too, for what opens in them to show that none of them is nested too deeply (``shape``).
_SMALLEST_GUESS = 4 * 1024
_LARGEST_GUESS = 32 * 1024
_LONGEST_LINE = 256 * 1024
_GLUED_AT_ONCE = 1024
_AFTER_SCALAR = frozenset(b' \t\r\n,]{["')


REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What a decoder may raise for bytes that are not one event."""


class Reader(Protocol):
    """Reads events that are probably whole and plain, at speed."""

    def lines(self, text: bytes) -> list[Any] | None:
        """The events of a text in which each line may be one; None if one is not, or is not for this reader."""

    def many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """The events in these bytes, each of which may be one: up to the first that is not, or is not for this reader.

        ``is_text``: whether all of them are known to be UTF-8.
        """


class Lines(Sequence[bytes]):
    """Events as they are written, a line each, which is cut out when it is asked for: only rejects are."""

    def __init__(self, text: bytes, events: int) -> None:
        self._text = text
        self._events = events
        self._ends: list[int] = []

    def __len__(self) -> int:
        return self._events

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self._events))]
        if not self._ends:
            ends = np.flatnonzero(np.frombuffer(self._text, np.uint8) == _LINE_END)
            self._ends = [-1, *ends.tolist(), len(self._text)]
        number += self._events if number < 0 else 0
        return self._text[self._ends[number] + 1 : self._ends[number + 1]].strip(_SPACE)


class Batch(NamedTuple):
    """Events as they are written, and as the decoder gave them; ``size`` is how many bytes are kept for them."""

    raws: Sequence[bytes]
    values: list[Any]
    size: int


_NOTHING = Batch([], [], 0)


class WholeEvents:
    """Reads all fields of events; None for one that cannot be wanted."""

    def __init__(self, may_match: Callable[[bytes], bool]) -> None:
        self._may_match = may_match

    def lines(self, text: bytes) -> list[Any] | None:
        """None: each event is looked at by itself."""
        return None

    def many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """As ``Reader`` says; each is a mapping of the event's fields, or None."""
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


class TruncatedStream(Exception):
    """Raised by a source of blocks where its bytes stop making sense (a gzip file that was cut off)."""


def everything(_raw: bytes) -> bool:
    """The prefilter that lets every event through."""
    return True


class Framer:
    """The events of one file, given as blocks of (unpacked) bytes.

    ``may_match`` is asked before anything is parsed; what it refuses is only counted, in ``skipped``, whole or broken.
    ``is_cut``, at the end: whether the bytes ended within something that more of them might have made whole.
    Memory is bounded by the largest event, not by the file.
    """

    def __init__(self, blocks: Iterable[bytes], may_match: Callable[[bytes], bool] = everything) -> None:
        self.skipped = 0
        self._blocks = iter(blocks)
        self._may_match = may_match
        self._buffer = b""
        self._text: str | None = None
        self._at = 0
        self._ended = False
        self._truncated = False
        self._is_cut = False
        # How the last event ended is tried first.
        self._marks = (b"}{", b"}\n")
        self._in_array = False
        # Whether an array was open where a stretch broke: whether it still is, only its end will tell.
        self._perhaps_in_array = False
        self._guess = _LARGEST_GUESS

    @property
    def is_cut(self) -> bool:
        return self._is_cut or self._in_array or self._perhaps_in_array

    def batches(self, reader: Reader) -> Iterator[Batch | Event]:
        """The fast path: events that ``reader`` takes, many at once; all else as ``one_by_one`` gives it."""
        while self._to_next_value():
            left = len(self._buffer) - self._at
            if not self._ended and left < MAX_RAW_BYTES and self._buffer.find(b"\n", self._at) < 0:
                self._refill()
            for take in (self._take_lines, self._take_glued):
                batch = take(reader)
                if batch.values:
                    yield batch
                    break
            else:
                yield from self._next()
        yield from self._end()

    def one_by_one(self) -> Iterator[Event]:
        """The exact path: value by value, wherever they stand."""
        while self._to_next_value():
            yield from self._next()
        yield from self._end()

    def _take_lines(self, reader: Reader) -> Batch:
        """Whole events on lines of their own, from here on, as long as there are any."""
        buffer, at = self._buffer, self._at
        stop = buffer.rfind(b"\n", at, at + self._guess)
        if stop < 0:
            stop = buffer.find(b"\n", at, at + _LONGEST_LINE)
            if stop < 0:
                return _NOTHING
        text = buffer[at:stop]
        whole = reader.lines(text)
        if whole is not None:
            self._guess = min(2 * self._guess, _LARGEST_GUESS)
            self._at = stop
            return Batch(Lines(text, len(whole)), whole, len(text))
        raws = [raw for line in text.split(b"\n") if (raw := line.strip(_SPACE))]
        found = reader.many(raws, is_utf8(text))
        if len(found) == len(raws):
            self._guess = min(2 * self._guess, _LARGEST_GUESS)
            self._at = stop if raws else at
            return Batch(raws, found, len(text))
        taken = 0
        if found:
            for raw in raws[: len(found)]:
                taken = text.index(raw, taken) + len(raw)
            self._at = at + taken
        # What was cut into lines in vain is the price of a wrong guess: guess less where guesses are wrong.
        self._guess = max(2 * taken, _SMALLEST_GUESS)
        return Batch(raws[: len(found)], found, taken)

    def _take_glued(self, reader: Reader) -> Batch:
        """Whole events in ``{…}{…}``, from here on, as long as there are any."""
        buffer, at = self._buffer, self._at
        raws: list[bytes] = []
        found: list[Any] = []
        while len(raws) < _GLUED_AT_ONCE and (end := buffer.find(b"}{", at, at + _LONGEST_LINE) + 1):
            raw = buffer[at:end]
            taken = reader.many([raw], is_utf8(raw))
            if not taken:
                break
            found += taken
            raws.append(raw)
            at = end
        size = at - self._at
        self._at = at
        return Batch(raws, found, size)

    def _to_next_value(self) -> bool:
        """Go to where the next value begins; false at the end of the file."""
        while True:
            buffer, at = self._buffer, self._at
            while at < len(buffer):
                byte = buffer[at]
                if byte in _SPACE:
                    at += 1
                elif byte == 0x5B and not self._in_array:  # [
                    self._in_array = True
                    at += 1
                elif byte == 0x5D and (self._in_array or self._perhaps_in_array):  # ]
                    self._perhaps_in_array &= self._in_array
                    self._in_array = False
                    at += 1
                elif byte == _BOM[0] and buffer.startswith(_BOM, at):
                    at += len(_BOM)
                elif byte == _BOM[0] and not self._ended and _BOM.startswith(buffer[at:]):
                    break
                else:
                    self._at = at
                    return True
            self._at = at
            if self._ended:
                return False
            self._refill()

    def _next(self) -> Iterator[Event]:
        """The value, or the broken stretch, that begins here."""
        end = self._end_of_value()
        if end is None:
            yield from self._broken()
            return
        raw = self._buffer[self._at : end]
        self._at = end
        if self._may_match(raw):
            yield parse(raw)
        else:
            self.skipped += 1

    def _end_of_value(self) -> int | None:
        """Where the value that begins here ends; None if no value does, or one that is too large."""
        end = self._read_value()
        return end if end is not None and end - self._at <= MAX_EVENT_BYTES else None

    def _read_value(self) -> int | None:
        """Where the value that begins here ends. Reads on as far as it must."""
        while True:
            end = self._glued_end()
            if end is not None:
                return end
            if self._is_surely_broken():
                return None
            if self._text is None:
                # Latin-1 maps every byte to one character: JSON's own marks are ASCII, and places stay the same.
                self._text = self._buffer.decode("latin-1")
            try:
                _, end = value_end(self._text, self._at)
            except RecursionError:
                end = brackets_end(self._buffer, self._at)
                if end is not None:
                    return end
            except ValueError:
                could_go_on = self._could_go_on()
                if self._ended or not could_go_on:
                    self._is_cut |= could_go_on
                    return None
            else:
                if self._buffer[self._at] in b'{["':
                    return end
                follows = self._buffer[end : end + 3]
                if follows and follows[0] in _AFTER_SCALAR:
                    return end
                if self._ended:
                    return None if follows else end
                if len(follows) == 3:  # fewer may be a number's point or exponent, cut off before its digits
                    return None
            size = len(self._buffer) - self._at
            if self._ended or size > MAX_EVENT_BYTES:
                self._is_cut = True
                return None
            # Twice as much each time, so that one long value is not read again for every block of it.
            self._refill(at_least=2 * size)

    def _glued_end(self) -> int | None:
        """A quick guess for ``{…}{…}`` and ``{…}⏎``, proved by decoding: a prefix that is an object is the object."""
        buffer, at = self._buffer, self._at
        if buffer[at] != 0x7B:
            return None
        window = at + 16_384
        for mark in self._marks:
            end = buffer.find(mark, at, window) + 1
            if end:
                try:
                    decode_whole(memoryview(buffer)[at:end])
                except (msgspec.MsgspecError, RecursionError):
                    continue
                if mark is not self._marks[0]:
                    self._marks = self._marks[::-1]
                return end
        return None

    def _is_surely_broken(self) -> bool:
        """A quick guess for what breaks well before the end of the buffer: Python's decoder is slow to say so."""
        try:
            skip_value(memoryview(self._buffer)[self._at :])
        except msgspec.DecodeError as error:
            place = _BROKEN_AT.search(str(error))
            return place is not None and int(place[1]) < len(self._buffer) - self._at - 16
        except RecursionError:
            return False
        return False

    def _could_go_on(self) -> bool:
        """Whether the bytes from here on could still become a value if more of them came."""
        try:
            # Without a number or literal that the cut may have halved; before it, the decoder tells cut from broken.
            # Half of a surrogate pair is a matter of the value's text (``parse`` refuses it), not of where it ends.
            skip_value(_SURROGATE.sub(rb"\\u0041", self._buffer[self._at :].rstrip(_IN_A_WORD)))
        except msgspec.DecodeError as error:
            return "truncated" in str(error)
        except RecursionError:
            return True
        return False

    def _broken(self) -> Iterator[Event]:
        """One malformed event: from here to the next line that begins with ``{``, or to the end."""
        raw, window, matched = b"", b"", False
        search_from = self._at
        while True:
            found = self._buffer.find(b"\n{", search_from)
            stop = found + 1 if found >= 0 else len(self._buffer)
            window += self._buffer[self._at : stop]
            self._at = stop
            while len(window) > MAX_RAW_BYTES:
                matched = matched or self._may_match(window[:MAX_RAW_BYTES])
                raw = raw or window[:MAX_RAW_BYTES]
                window = window[MAX_RAW_BYTES - _OVERLAP :]
            if found >= 0 or self._ended:
                break
            self._refill()
            # The byte before this place was kept: it may be the line end that the brace follows.
            search_from = max(self._at - 1, 0)
        if found < 0 and self._truncated:
            matched, self._truncated = True, False
        if self._in_array:
            self._in_array, self._perhaps_in_array = False, True
        if matched or self._may_match(window):
            raw = raw or window
            yield Event(raw.strip(_SPACE), None, MALFORMED)
        else:
            self.skipped += 1

    def _end(self) -> Iterator[Event]:
        """A stream that was cut off is told of once, even where it stopped between two events."""
        if self._truncated:
            self._truncated = False
            yield Event(b"", None, MALFORMED)

    def _refill(self, at_least: int = 0) -> None:
        """Append a block (or as many as give ``at_least`` bytes); forget what was read, but for its last byte."""
        keep = max(self._at - 1, 0)
        pieces = [self._buffer[keep:]]
        size = len(pieces[0])
        self._at -= keep
        while not self._ended:
            try:
                block = next(self._blocks)
            except StopIteration:
                self._ended = True
            except TruncatedStream:
                self._ended = self._truncated = self._is_cut = True
            else:
                pieces.append(block)
                size += len(block)
                if block and size >= at_least:
                    break
        self._buffer = b"".join(pieces)
        self._text = None
