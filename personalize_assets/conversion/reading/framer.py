"""The exact path from bytes to JSON events: value by value, wherever they are. Without Spark.

Values follow one another with any white space, commas or nothing between them, or in an array. A stretch of bytes that
is not JSON is one malformed event; it ends before the next line that begins with ``{``. ``batches`` is the fast path
over the same ``Framer`` and gives the same events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum

import msgspec

from personalize_assets.conversion.reading.gzip_blocks import TruncatedStream
from personalize_assets.conversion.reading.json_value import (
    MALFORMED,
    Event,
    brackets_end,
    decode_whole,
    parse,
    skip_value,
    value_end,
)

MAX_EVENT_BYTES = 128 * 1024 * 1024
"""A larger event is read as a broken stretch. Segment allows 32 KB an event, Firehose 1,000 KiB a record."""
MAX_RAW_BYTES = 1024 * 1024
"""How much of a broken stretch is kept: enough to recognize it, little enough to bound a reader's memory."""
SEPARATORS = b" \t\r\n,"
"""Bytes that mean nothing between two events."""

_BOM = b"\xef\xbb\xbf"
# Windows of a broken stretch, in which the prefilter searches, overlap by this: what it searches may cross two windows.
# They begin at places that do not depend on the blocks.
_OVERLAP = 4096
_GUESS_BYTES = 16_384
_NUMBER_OR_WORD = b"-+.0123456789abcdefghijklmnopqrstuvwxyzE"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BROKEN_AT = re.compile(r"JSON is malformed: (?!trailing characters|.*surrogate|.*escape).*\(byte (\d+)\)")
_MAY_FOLLOW_SCALAR = frozenset(b' \t\r\n,]{["')


class _Unfinished(Enum):
    """What a probe may find instead of the end of a value."""

    UNDECIDED = "ask the next probe"
    BROKEN = "no value begins here"
    NEED_MORE = "the value may go on after the buffer"


_End = int
_UNDECIDED, _BROKEN, _NEED_MORE = _Unfinished.UNDECIDED, _Unfinished.BROKEN, _Unfinished.NEED_MORE


def everything(_raw: bytes) -> bool:
    """Prefilter that accepts every event."""
    return True


class Framer:
    """The events of one file, given as blocks of unpacked bytes. Memory is bounded by the largest event.

    Attributes:
        skipped: Number of events, whole or broken, that ``may_match`` refused. They are not parsed.
        buffer: The bytes at hand.
        at: Place in ``buffer`` where the next event is searched.
        has_ended: Whether ``buffer`` holds the rest of the file.
    """

    def __init__(self, blocks: Iterable[bytes], may_match: Callable[[bytes], bool] = everything) -> None:
        """Read ``blocks``; events whose bytes ``may_match`` refuses are skipped before they are parsed."""
        self.skipped = 0
        self.buffer = b""
        self.at = 0
        self.has_ended = False
        self._blocks = iter(blocks)
        self._may_match = may_match
        self._text: str | None = None  # of the buffer, made when a probe needs it
        self._is_truncated = False
        self._is_cut = False
        # How an event may end. The one that matched last is tried first.
        self._marks = (b"}{", b"}\n")
        self._in_array = False
        # Whether a stretch broke inside an array: only a later ] can tell whether the array is still open.
        self._may_be_in_array = False

    @property
    def is_cut(self) -> bool:
        """After the last event: whether the bytes ended inside a value or an array that more bytes could complete."""
        return self._is_cut or self._in_array or self._may_be_in_array

    def one_by_one(self) -> Iterator[Event]:
        """Yield the events of the file that are not skipped."""
        while self.seek_value():
            yield from self.read_value()
        yield from self.read_end()

    def seek_value(self) -> bool:
        """Move to the beginning of the next value. False at the end of the file."""
        while True:
            buffer, at = self.buffer, self.at
            while at < len(buffer):
                byte = buffer[at]
                if byte in SEPARATORS:
                    at += 1
                elif byte == 0x5B and not self._in_array:  # [
                    self._in_array = True
                    at += 1
                elif byte == 0x5D and (self._in_array or self._may_be_in_array):  # ]
                    self._may_be_in_array &= self._in_array
                    self._in_array = False
                    at += 1
                elif byte == _BOM[0] and buffer.startswith(_BOM, at):
                    at += len(_BOM)
                elif byte == _BOM[0] and not self.has_ended and _BOM.startswith(buffer[at:]):
                    break
                else:
                    self.at = at
                    return True
            self.at = at
            if self.has_ended:
                return False
            self.refill()

    def read_value(self) -> Iterator[Event]:
        """Read the value, or the broken stretch, that begins at ``at``. Yields nothing if it is skipped."""
        end = self._find_end()
        if end is None:
            yield from self._read_broken()
            return
        raw = self.buffer[self.at : end]
        self.at = end
        if self._may_match(raw):
            yield parse(raw)
        else:
            self.skipped += 1

    def read_end(self) -> Iterator[Event]:
        """After the last value: yield one malformed event if the stream was truncated and no event reports it yet."""
        if self._is_truncated:
            self._is_truncated = False
            yield Event(b"", None, MALFORMED)

    def refill(self, at_least: int = 0) -> None:
        """Append a block, or as many as give ``at_least`` bytes; drop what was read except for its last byte."""
        keep = max(self.at - 1, 0)
        pieces = [self.buffer[keep:]]
        size = len(pieces[0])
        self.at -= keep
        while not self.has_ended:
            try:
                block = next(self._blocks)
            except StopIteration:
                self.has_ended = True
            except TruncatedStream:
                self.has_ended = self._is_truncated = self._is_cut = True
            else:
                pieces.append(block)
                size += len(block)
                if block and size >= at_least:
                    break
        self.buffer = b"".join(pieces)
        self._text = None

    def _find_end(self) -> _End | None:
        """Where the value that begins here ends. None if no value begins here, or one that is too large."""
        while True:
            found: _End | _Unfinished = _UNDECIDED
            for probe in self._PROBES:
                found = probe(self)
                if found is not _UNDECIDED:
                    break
            if isinstance(found, _End):
                return found if found - self.at <= MAX_EVENT_BYTES else None
            if found is _BROKEN:
                return None
            size = len(self.buffer) - self.at
            if self.has_ended or size > MAX_EVENT_BYTES:
                self._is_cut = True
                return None
            # Read twice as much each time, so that a long value is not probed again for every block.
            self.refill(at_least=2 * size)

    # The probes, in the order in which they are asked.

    def _probe_mark(self) -> _End | _Unfinished:
        """Guess that the value is an object that ends at ``}{`` or ``}⏎``, and prove it by decoding."""
        buffer, at = self.buffer, self.at
        if buffer[at] != 0x7B:  # {
            return _UNDECIDED
        for mark in self._marks:
            end = buffer.find(mark, at, at + _GUESS_BYTES) + 1
            if end:
                try:
                    decode_whole(memoryview(buffer)[at:end])
                except (msgspec.MsgspecError, RecursionError):
                    continue
                if mark is not self._marks[0]:
                    self._marks = self._marks[::-1]
                return end
        return _UNDECIDED

    def _probe_early_break(self) -> _Unfinished:
        """Find what breaks well before the end of the buffer, quickly: the decoder of the next probe is slow at it."""
        try:
            skip_value(memoryview(self.buffer)[self.at :])
        except msgspec.DecodeError as error:
            place = _BROKEN_AT.search(str(error))
            if place is not None and int(place[1]) < len(self.buffer) - self.at - 16:
                return _BROKEN
        except RecursionError:
            pass
        return _UNDECIDED

    def _probe_decoder(self) -> _End | _Unfinished:
        """Decode from here on; undecided for what is nested too deeply."""
        if self._text is None:
            # Latin-1 maps every byte to one character: JSON's own marks are ASCII, and places stay the same.
            self._text = self.buffer.decode("latin-1")
        try:
            _, end = value_end(self._text, self.at)
        except RecursionError:
            return _UNDECIDED
        except ValueError:
            return _NEED_MORE if self._could_go_on() else _BROKEN
        return end if self.buffer[self.at] in b'{["' else self._end_of_scalar(end)

    def _probe_brackets(self) -> _End | _Unfinished:
        """Count brackets."""
        end = brackets_end(self.buffer, self.at)
        return _NEED_MORE if end is None else end

    _PROBES = (_probe_mark, _probe_early_break, _probe_decoder, _probe_brackets)

    def _end_of_scalar(self, end: int) -> _End | _Unfinished:
        """A number or literal ends only where a separator or a value follows, as more of its characters might."""
        follows = self.buffer[end : end + 3]
        if follows and follows[0] in _MAY_FOLLOW_SCALAR:
            return end
        if self.has_ended:
            return _BROKEN if follows else end
        # Fewer than three bytes may be a number's point or exponent, cut off before its digits.
        return _BROKEN if len(follows) == 3 else _NEED_MORE

    def _could_go_on(self) -> bool:
        """Whether the bytes from here on could become a value if more bytes followed."""
        try:
            # Without a number or literal that may be cut in half: before it, msgspec tells truncated from malformed.
            # Half a surrogate pair is a defect of the text (``parse`` refuses it) and does not move the value's end.
            skip_value(_SURROGATE.sub(rb"\\u0041", self.buffer[self.at :].rstrip(_NUMBER_OR_WORD)))
        except msgspec.DecodeError as error:
            return "truncated" in str(error)
        except RecursionError:
            return True
        return False

    def _read_broken(self) -> Iterator[Event]:
        """Read one malformed event: from here to the next line that begins with ``{``, or to the end of the file."""
        raw, window, matched = b"", b"", False
        search_from = self.at
        while True:
            found = self.buffer.find(b"\n{", search_from)
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
            search_from = max(self.at - 1, 0)
        if found < 0 and self._is_truncated:
            matched, self._is_truncated = True, False
        if self._in_array:
            self._in_array, self._may_be_in_array = False, True
        if matched or self._may_match(window):
            raw = raw or window
            yield Event(raw.strip(SEPARATORS), None, MALFORMED)
        else:
            self.skipped += 1
