"""The exact path from bytes to JSON events: value by value, wherever they are. Without Spark.

Values follow one another with any white space, commas or nothing between them, or in an array. A stretch of bytes that
is not JSON is one malformed event; it ends before the next line that begins with ``{``. ``batches`` is the fast path
over the same ``Framer`` and gives the same events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from personalize_assets.conversion.reading.brackets import OpenBrackets, brackets_end, is_nested_deeper
from personalize_assets.conversion.reading.gzip_blocks import TruncatedStream
from personalize_assets.conversion.reading.json_value import (
    MALFORMED,
    MAX_DEPTH,
    MAX_RAW_BYTES,
    Event,
    Scan,
    Verdict,
    parse,
    scan,
    without_surrogates,
)

MAX_EVENT_BYTES = 128 * 1024 * 1024
"""A larger event is read as a broken stretch. Segment allows 32 KB an event, Firehose 1,000 KiB a record."""
EVENT_TOO_LARGE = "event_too_large"
MAX_MALFORMED_IN_A_ROW = 100_000
"""After so many events without a whole one between them, reading a file ends with the next one.

Such a file holds something else, and each event of two bytes would make a reject of a hundred. A broken stretch in a
file of events ends at the next line that begins with ``{``, so that whole events come between.
"""
TOO_MANY_MALFORMED = "too_many_malformed"
SEPARATORS = b" \t\r\n,"
"""Bytes that mean nothing between two events."""

_BOM = b"\xef\xbb\xbf"
# What means nothing between two events: separators, and arrays without elements.
_NOTHING_OUTSIDE = re.compile(rb"(?:[ \t\r\n,]++|\xef\xbb\xbf|\[(?:[ \t\r\n,]++|\xef\xbb\xbf)*+\])*+")
_NOTHING_IN_ARRAY = re.compile(rb"(?:[ \t\r\n,]++|\xef\xbb\xbf|\](?:[ \t\r\n,]++|\xef\xbb\xbf)*+\[)*+")
# Windows of a broken stretch, in which the prefilter searches, overlap by this: what it searches may cross two windows.
# They begin at places that do not depend on the blocks.
_OVERLAP = 4096
_NUMBER_OR_WORD = b"-+.0123456789abcdefghijklmnopqrstuvwxyzE"
_MAY_FOLLOW_SCALAR = frozenset(b' \t\r\n,]{["')
# Reading a shorter stretch again costs less than to note what is open in it.
_NOTED_BYTES = 1024
# Two for each way to see what is in a string; they differ where a value is nested too deeply to be checked.
_MOST_NOTED = 4
# A share that begins or ends with so many malformed events is read again as part of the whole file, where they may be
# too many. Far less than ``MAX_MALFORMED_IN_A_ROW``, as a row may cross several shares.
_MALFORMED_AT_AN_EDGE = 100
# A value that is too large is known to be so when this many more bytes are there.
_LARGEST_UNCERTAINTY = 32


def everything(_raw: bytes) -> bool:
    """Prefilter that accepts every event."""
    return True


class _Noted:
    """A stretch in which a value broke: whatever opens in it and is not closed breaks at the same place."""

    def __init__(self, buffer: bytes, at: int, end: int, offset: int, reason: str) -> None:
        self._open = OpenBrackets(buffer, at, end)
        self._offset = offset
        self.end = offset + end
        self.reason = reason

    def __contains__(self, place: int) -> bool:
        return place - self._offset in self._open


class Framer:
    """The events of one file, given as blocks of unpacked bytes. Memory is bounded by the largest event.

    Time is linear in the bytes, whatever they are: a stretch is read at most once as part of a value that breaks, and
    once more for the values in it that are whole.

    Attributes:
        skipped: Number of events, whole or broken, that ``may_match`` refused. They are not parsed.
        buffer: The bytes at hand.
        offset: Place of ``buffer`` in the file.
        at: Place in ``buffer`` where the next event is searched.
        has_ended: Whether ``buffer`` holds the rest of the file.
        malformed_in_a_row: How many events that are none were read since the last whole one.
    """

    def __init__(self, blocks: Iterable[bytes], may_match: Callable[[bytes], bool] = everything) -> None:
        """Read ``blocks``; events whose bytes ``may_match`` refuses are skipped before they are parsed."""
        self.skipped = 0
        self.buffer = b""
        self.at = 0
        self.has_ended = False
        self.malformed_in_a_row = 0
        self._blocks = iter(blocks)
        self.offset = 0
        self._may_match = may_match
        self._without_surrogates: tuple[bytes | None] | None = None  # of the buffer, made when a value breaks
        self._noted: list[_Noted] = []
        # For each mark: the place in the file of the next one, or up to which there is none, and which of both.
        self._next_marks: dict[bytes, tuple[int, bool]] = {}
        self._truncation: str | None = None
        self._is_cut = False
        self._has_whole_events = False
        self._in_array = False
        # Whether a stretch broke inside an array: only a later ] can tell whether the array is still open.
        self._may_be_in_array = False

    @property
    def is_cut(self) -> bool:
        """After the last event: whether the bytes ended inside a value or an array that more bytes could complete."""
        # Or whether only the whole file can show how long a row of malformed events is.
        is_edge = self.malformed_in_a_row >= _MALFORMED_AT_AN_EDGE
        return self._is_cut or self._in_array or self._may_be_in_array or is_edge

    def one_by_one(self) -> Iterator[Event]:
        """Yield the events of the file that are not skipped."""
        while self.seek_value():
            event = self.read_value()
            if event is not None:
                yield event
        yield from self.read_end()

    def seek_value(self) -> bool:
        """Move to the beginning of the next value. False at the end of the file."""
        while True:
            buffer, at = self.buffer, self.at
            while at < len(buffer):
                nothing = _NOTHING_IN_ARRAY if self._in_array else _NOTHING_OUTSIDE
                at = nothing.match(buffer, at).end()  # type: ignore[union-attr]  # it matches nothing as well
                if at == len(buffer):
                    break
                byte = buffer[at]
                if byte == 0x5B and not self._in_array:  # [
                    self._in_array = True
                    at += 1
                elif byte == 0x5D and (self._in_array or self._may_be_in_array):  # ]
                    self._may_be_in_array &= self._in_array
                    self._in_array = False
                    at += 1
                elif byte == _BOM[0] and not self.has_ended and _BOM.startswith(buffer[at:]):
                    break
                else:
                    self.at = at
                    return True
            self.at = at
            if self.has_ended:
                return False
            self.refill()

    def read_value(self) -> Event | None:
        """Read the value, or the broken stretch, that begins at ``at``. None if it is skipped."""
        return self.read_found(*self.find_end())

    def read_found(self, end: int | None, reason: str) -> Event | None:
        """Read what ``find_end`` found at ``at``, as ``read_value`` does."""
        if end is None:
            event, is_wanted = self._read_broken(reason)
        else:
            raw = self.buffer[self.at : end]
            self.at = end
            is_wanted = self._may_match(raw)
            event = parse(raw) if is_wanted else Event(raw, {} if raw.startswith(b"{") else None)
        if event.fields is not None:
            self.found_whole()
        else:
            self.malformed_in_a_row += 1
            if self.malformed_in_a_row > MAX_MALFORMED_IN_A_ROW:
                self._give_up()
                return Event(event.raw[:MAX_RAW_BYTES], None, TOO_MANY_MALFORMED)
        if is_wanted:
            return event
        self.skipped += 1
        return None

    def found_whole(self) -> None:
        """Note that the last event is a whole one."""
        if self.malformed_in_a_row >= _MALFORMED_AT_AN_EDGE and not self._has_whole_events:
            self._is_cut = True
        self.malformed_in_a_row = 0
        self._has_whole_events = True

    def read_end(self) -> Iterator[Event]:
        """After the last value: yield one malformed event if the stream was truncated and no event reports it yet."""
        if self._truncation is not None:
            reason, self._truncation = self._truncation, None
            yield Event(b"", None, reason)

    def find(self, mark: bytes) -> int:
        """The place in ``buffer`` of the next ``mark`` from ``at`` on; -1 if it holds none.

        No byte is searched twice for the same mark.
        """
        here = self.offset + self.at
        place, is_found = self._next_marks.get(mark, (0, False))
        if not is_found or place < here:
            found = self.buffer.find(mark, max(place, here) - self.offset)
            is_found = found >= 0
            place = self.offset + (found if is_found else max(len(self.buffer) - len(mark) + 1, 0))
            self._next_marks[mark] = place, is_found
        return place - self.offset if is_found else -1

    @property
    def known_end(self) -> int:
        """The place in ``buffer`` up to which a whole value on the fast path is one on the exact path."""
        if not self._noted:
            return len(self.buffer)
        ends = [noted.end for noted in self._noted if noted.reason is EVENT_TOO_LARGE and noted.end > self.offset]
        return min(ends, default=self.offset + len(self.buffer)) - self.offset

    def refill(self, at_least: int = 0) -> None:
        """Append a block, or as many as give ``at_least`` bytes; drop what was read except for its last byte."""
        keep = max(self.at - 1, 0)
        pieces = [self.buffer[keep:]]
        size = len(pieces[0])
        self.at -= keep
        self.offset += keep
        while not self.has_ended:
            try:
                block = next(self._blocks)
            except StopIteration:
                self.has_ended = True
            except TruncatedStream as error:
                self.has_ended = self._is_cut = True
                self._truncation = error.reason
            else:
                pieces.append(block)
                size += len(block)
                if block and size >= at_least:
                    break
        self.buffer = b"".join(pieces)
        self._without_surrogates = None

    def _give_up(self) -> None:
        """Read no further."""
        self._blocks = iter(())
        self.buffer, self.at, self.has_ended = b"", 0, True
        self._truncation = None
        self._is_cut = True

    def find_end(self) -> tuple[int | None, str]:
        """Where the value that begins here ends. None and a reason if none begins here, or one that is too large."""
        place = self.offset + self.at
        if self._noted:
            self._noted = [noted for noted in self._noted if noted.end > place]
            for noted in self._noted:
                if place in noted:
                    return None, noted.reason
        while True:
            at = self.at
            verdict, length = self._scan()
            size = len(self.buffer) - at
            if verdict is not Verdict.TRUNCATED or self.has_ended or size > MAX_EVENT_BYTES + _LARGEST_UNCERTAINTY:
                break
            # Read twice as much each time, so that a long value is not read again for every block.
            self.refill(at_least=2 * size)
        if length > MAX_EVENT_BYTES:
            self._is_cut = True
            self._note(at + MAX_EVENT_BYTES, EVENT_TOO_LARGE)
            return None, EVENT_TOO_LARGE
        if verdict is Verdict.END:
            return at + length, ""
        if verdict is Verdict.TRUNCATED and self._could_go_on():
            self._is_cut = True
        self._note(at + length, MALFORMED)
        return None, MALFORMED

    def _note(self, end: int, reason: str) -> None:
        """Note what is open where a value broke, if another value may be read before that."""
        if end - self.at > _NOTED_BYTES and self.buffer.find(b"\n{", self.at, end) >= 0:
            noted = _Noted(self.buffer, self.at, end, self.offset, reason)
            self._noted = [*self._noted[-_MOST_NOTED + 1 :], noted]

    def _scan(self) -> Scan:
        """Scan the value that begins here."""
        found = scan(memoryview(self.buffer)[self.at :])
        if found.verdict is Verdict.END:
            return found if self.buffer[self.at] in b'{["' else self._end_of_scalar(found.place)
        if self._without_surrogates is None:
            self._without_surrogates = (without_surrogates(self.buffer),)
        replaced = self._without_surrogates[0]
        # An error in half a pair is found a few bytes behind it.
        end = self.at + found.place + 16
        if replaced is not None and (
            found.verdict is Verdict.DEEP or replaced[self.at : end] != self.buffer[self.at : end]
        ):
            found = scan(memoryview(replaced)[self.at :])
            if found.verdict is Verdict.END:
                return found
        is_truncated = found.verdict is Verdict.TRUNCATED and not self.has_ended
        is_deep = found.verdict is Verdict.DEEP or (
            not is_truncated and is_nested_deeper(self.buffer, self.at, self.at + found.place, MAX_DEPTH)
        )
        if not is_deep:
            return found
        closed = brackets_end(self.buffer, self.at)
        if closed is None:
            return Scan(Verdict.TRUNCATED, len(self.buffer) - self.at)
        return Scan(Verdict.END, closed - self.at)

    def _end_of_scalar(self, length: int) -> Scan:
        """A number or literal ends only where a separator or a value follows, as more of its characters might."""
        end = self.at + length
        follows = self.buffer[end : end + 3]
        if (follows and follows[0] in _MAY_FOLLOW_SCALAR) or (self.has_ended and not follows):
            return Scan(Verdict.END, length)
        # Fewer than three bytes may be a number's point or exponent, cut off before its digits.
        return Scan(Verdict.BROKEN if self.has_ended or len(follows) == 3 else Verdict.TRUNCATED, length)

    def _could_go_on(self) -> bool:
        """Whether the bytes from here to the end of the file could become a value if more bytes followed."""
        # Without a number or literal that may be cut in half: before it, msgspec tells truncated from malformed.
        buffer = (self._without_surrogates or (None,))[0] or self.buffer
        text = buffer[self.at :].rstrip(_NUMBER_OR_WORD)
        found = scan(memoryview(text))
        return found.verdict is Verdict.DEEP or (found.verdict is Verdict.TRUNCATED and found.place == len(text))

    def _read_broken(self, reason: str) -> tuple[Event, bool]:
        """Read one malformed event: from here to the next line that begins with ``{``, or to the end of the file.

        The second value is whether it may be wanted.
        """
        raw, window, matched = b"", b"", False
        while True:
            found = self.find(b"\n{")
            stop = found + 1 if found >= 0 else len(self.buffer)
            window += self.buffer[self.at : stop]
            self.at = stop
            while len(window) > MAX_RAW_BYTES:
                matched = matched or self._may_match(window[:MAX_RAW_BYTES])
                raw = raw or window[:MAX_RAW_BYTES]
                window = window[MAX_RAW_BYTES - _OVERLAP :]
            if found >= 0 or self.has_ended:
                break
            self.refill()
            # The byte before ``at`` was kept: it may be the line end before the brace.
            if self.at and self.buffer.startswith(b"\n{", self.at - 1):
                found = self.at - 1
                break
        if found < 0 and self._truncation is not None:
            matched, reason, self._truncation = True, self._truncation, None
        if self._in_array:
            self._in_array, self._may_be_in_array = False, True
        matched = matched or self._may_match(window)
        return Event((raw or window).strip(SEPARATORS), None, reason), matched
