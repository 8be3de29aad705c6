"""The exact path from bytes to JSON events: value by value, wherever they are. Without Spark.

Values follow one another with any white space, commas or nothing between them, or in an array. A stretch of bytes that
is not JSON counts as one malformed event for each of its lines; it ends before the next top-level event
(``resumption``). ``batches`` is the fast path over the same ``Framer`` and gives the same events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from personalize_assets.conversion.reading.brackets import OpenBrackets, brackets_end, is_nested_deeper
from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.json_value import (
    MALFORMED,
    MAX_DEPTH,
    MAX_RAW_BYTES,
    Event,
    Scan,
    Verdict,
    could_be_relaxed,
    is_whole,
    may_be_relaxed,
    parse,
    scan,
    scan_relaxed,
    without_surrogates,
)
from personalize_assets.conversion.reading.resumption import (
    FOLLOWING_BYTES,
    NOTHING,
    WINDOW_BYTES,
    Resumption,
    Stretch,
    is_plain_line,
    may_be_nested,
    resumption,
)

MAX_EVENT_BYTES = 128 * 1024 * 1024
"""A larger event is read as a broken stretch. Segment allows 32 KB an event, Firehose 1,000 KiB a record."""
EVENT_TOO_LARGE = "event_too_large"
MAX_MALFORMED_IN_A_ROW = 100_000
"""After so many events without a whole one between them, reading a file ends with the next one.

Such a file holds something else, and each event of two bytes would make a reject of a hundred. A broken stretch counts
once here, however many lines it has.
"""
TOO_MANY_MALFORMED = "too_many_malformed"
UNCLOSED_ARRAY = "unclosed_array"
"""Reason of the reject for an array around events that is still open at the end of a file: it may be cut off."""
SEPARATORS = b" \t\r\n,"
"""Bytes that mean nothing between two events."""

_BOM = b"\xef\xbb\xbf"
# What means nothing between two events: separators, and arrays without elements.
_NOTHING_OUTSIDE = re.compile(b"(?:" + NOTHING + rb"|\[(?:" + NOTHING + rb")*+\])*+")
_NOTHING_IN_ARRAY = re.compile(b"(?:" + NOTHING + rb"|\](?:" + NOTHING + rb")*+\[)*+")
_PARTS_OF_NOTHING = (_BOM[:1], _BOM[:2], b"\\")
_MAY_MEAN_NOTHING = (_BOM[0], ord("\\"))
_LINE_WITH_TEXT = re.compile(rb"[^ \t\r\n,][^\n]*+")
_NUMBER_OR_WORD = b"-+.0123456789abcdefghijklmnopqrstuvwxyzE"
_MAY_FOLLOW_SCALAR = frozenset(b' \t\r\n,]{["')
# Reading a shorter stretch again costs less than to note what is open in it.
_NOTED_BYTES = 1024
# Two for each way to see what is in a string; they differ where a value is nested too deeply to be checked.
_MOST_NOTED = 4
# The beginning of an event that shows which names events have.
SAMPLE_BYTES = 512
# A share that begins or ends with so many malformed events is read again as part of the whole file, where they may be
# too many. Far less than ``MAX_MALFORMED_IN_A_ROW``, as a row may cross several shares.
_MALFORMED_AT_AN_EDGE = 100
# A comma at a line's end is looked for in so many bytes.
_LONGEST_COMMA = 16
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
        has_comma_behind: Whether ``at`` is behind a comma that follows the last event.
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
        self._unbalanced: list[_Noted] = []
        self._broke = 0  # place in the file where the value broke that was read last
        # Of what stands between the last value and the next: whether it has a line end, and a comma.
        self._is_line = True
        self._has_commas = False
        self.has_comma_behind = False
        self._sought = -1  # place in the file where the last value begins that was sought
        # For each mark: the place in the file of the next one, or up to which there is none, and which of both.
        self._next_marks: dict[bytes, tuple[int, bool]] = {}
        self._truncation: str | None = None
        self._truncation_text = b""
        self._is_cut = False
        self._has_whole_events = False
        self._sample = b""
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

    @property
    def is_at_value(self) -> bool:
        """Whether ``seek_value`` has moved here."""
        return self._sought == self.offset + self.at

    def seek_value(self) -> bool:
        """Move to the beginning of the next value. False at the end of the file."""
        if self.is_at_value:
            return True
        self._is_line = self.offset + self.at == 0
        self._has_commas, self.has_comma_behind = self.has_comma_behind, False
        if self.buffer.startswith((b"{", b"\n{"), self.at):  # as behind most events
            if self.buffer[self.at] == 0x0A:
                self._is_line = True
                self.at += 1
            self._sought = self.offset + self.at
            return True
        while True:
            buffer, at = self.buffer, self.at
            while at < len(buffer):
                nothing = _NOTHING_IN_ARRAY if self._in_array else _NOTHING_OUTSIDE
                begin, at = at, nothing.match(buffer, at).end()  # type: ignore[union-attr]  # it matches nothing as well
                self._is_line = self._is_line or buffer.find(b"\n", begin, at) >= 0
                self._has_commas = self._has_commas or buffer.find(b",", begin, at) >= 0
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
                elif byte in _MAY_MEAN_NOTHING and not self.has_ended and buffer[at : at + 3] in _PARTS_OF_NOTHING:
                    break
                else:
                    self.at = at
                    self._sought = self.offset + at
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
            event, is_wanted = self._read_broken(reason), True
        else:
            raw = self.buffer[self.at : end]
            self.at = end
            is_wanted = self._may_match(raw)
            event = Event(raw, {}) if not is_wanted and is_whole(raw) else parse(raw)
        if event.fields is None:
            self.malformed_in_a_row += 1
            if self.malformed_in_a_row > MAX_MALFORMED_IN_A_ROW:
                self._give_up()
                return Event(event.raw[:MAX_RAW_BYTES], None, TOO_MANY_MALFORMED)
            return event
        self.found_whole(event.raw)
        if is_wanted:
            return event
        self.skipped += 1
        return None

    def found_whole(self, text: bytes) -> None:
        """Note that the last event, with which ``text`` begins, is a whole one."""
        if not self._sample:
            self._sample = text[:SAMPLE_BYTES]
        if self.malformed_in_a_row >= _MALFORMED_AT_AN_EDGE and not self._has_whole_events:
            self._is_cut = True
        self.malformed_in_a_row = 0
        self._has_whole_events = True

    def read_end(self) -> Iterator[Event]:
        """After the last value: yield a malformed event if the file's end is missing and no event reports it yet."""
        if self._truncation is not None:
            reason, self._truncation = self._truncation, None
            yield Event(self._truncation_text, None, reason)
        elif self._in_array:
            yield Event(b"[", None, UNCLOSED_ARRAY)

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
                self._truncation, self._truncation_text = error.reason, error.text.encode()
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
        self._in_array = False
        self._is_cut = True

    def find_end(self) -> tuple[int | None, str]:
        """Where the value that begins here ends. None and a reason if none begins here, or one that is too large."""
        place = self.offset + self.at
        if self._noted:
            self._noted = [noted for noted in self._noted if noted.end > place]
            for noted in self._noted:
                if place in noted:
                    self._broke = noted.end
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
            self._broke = self.offset + at + MAX_EVENT_BYTES
            self._note(at + MAX_EVENT_BYTES, EVENT_TOO_LARGE)
            return None, EVENT_TOO_LARGE
        if verdict is Verdict.END:
            return at + length, ""
        if verdict is Verdict.TRUNCATED and self._could_go_on():
            self._is_cut = True
        self._broke = self.offset + at + length
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
        if found.verdict is not Verdict.DEEP and may_be_relaxed(self.buffer, self.at, found.place):
            found = scan_relaxed(self.buffer, self.at, len(self.buffer))
            if found.verdict is Verdict.END:
                return found
        if self._without_surrogates is None:
            self._without_surrogates = (without_surrogates(self.buffer),)
        replaced = self._without_surrogates[0]
        # An error in half a pair is found a few bytes behind it.
        end = self.at + found.place + 16
        if replaced is not None and (
            found.verdict is Verdict.DEEP or replaced[self.at : end] != self.buffer[self.at : end]
        ):
            found = scan_relaxed(replaced, self.at, len(replaced))
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
        if found.verdict is not Verdict.DEEP and may_be_relaxed(text, 0, found.place):
            found = scan(memoryview(could_be_relaxed(text)))
        return found.verdict is Verdict.DEEP or (found.verdict is Verdict.TRUNCATED and found.place == len(text))

    def _read_broken(self, reason: str) -> Event:
        """Read a broken stretch: from here to where reading goes on, or to the end of the file."""
        line = self._line_behind(is_first=True)
        if line >= 0 and self._is_plain_line(line, reason, is_first=True):
            raw = self.buffer[self.at : min(line, self.at + MAX_RAW_BYTES)]
            self.at = line
            self._leave_array()
            return Event(raw.strip(SEPARATORS), None, reason)
        raw, lines = b"", _LineCount()
        is_first = True
        while True:
            found = self._resumption(is_first, reason)
            stop = min(self.at + WINDOW_BYTES, len(self.buffer)) if found.place is None else found.place
            piece = self.buffer[self.at : stop]
            raw += piece[: MAX_RAW_BYTES - len(raw)]
            lines.add(piece)
            self.at = stop
            if found.place is not None or (self.has_ended and stop == len(self.buffer)):
                break
            is_first = False
        if found.place is None and self._truncation is not None:
            reason, self._truncation = self._truncation, None
        if not (is_first and found.is_balanced):
            self._leave_array()
        return Event(raw.strip(SEPARATORS), None, reason, max(lines.count, 1))

    def _leave_array(self) -> None:
        if self._in_array:
            self._in_array, self._may_be_in_array = False, True

    def _resumption(self, is_first: bool, reason: str) -> Resumption:
        """Find where reading goes on in the next window of a broken stretch."""
        ahead = 2 * WINDOW_BYTES + FOLLOWING_BYTES
        if not self.has_ended and len(self.buffer) - self.at < ahead:
            self.refill(at_least=ahead + WINDOW_BYTES)
        stretch = self._stretch(is_first, reason)
        if stretch.line >= 0 and (
            (self.has_ended and stretch.broke >= len(self.buffer))
            or self._is_plain_line(stretch.line, reason, is_first=is_first)
        ):
            return Resumption(stretch.line)
        found = resumption(self.buffer, stretch)
        self._is_cut |= found.is_cut
        if found.followed_to - self.at > _NOTED_BYTES and found.place is not None and stretch.line >= 0:
            noted = _Noted(self.buffer, self.at, found.followed_to, self.offset, reason)
            self._unbalanced = [*self._unbalanced[-_MOST_NOTED + 1 :], noted]
        return found

    def _line_behind(self, is_first: bool) -> int:
        """Where in the next window the next line begins with ``{``; -1 if none does."""
        at = self.at
        if not is_first and self.buffer.startswith(b"\n{", at - 1):
            return at
        line = self.find(b"\n{") + 1
        return line if at < line < at + WINDOW_BYTES else -1

    def _is_plain_line(self, line: int, reason: str, is_first: bool) -> bool:
        """Whether it is certain at a glance that reading goes on at ``line``."""
        may_have_commas = self._has_commas or self._in_array or self._may_be_in_array
        if not self._has_whole_events:  # a split does not know what stands before its first event
            may_have_commas |= self.buffer[max(line - _LONGEST_COMMA, self.at) : line].rstrip().endswith(b",")
        return is_plain_line(self.buffer, self.at, self._broke - self.offset, line, may_have_commas) and (
            not is_first or not may_be_nested(self.buffer, self.at, line) or self._is_open(reason)
        )

    def _is_open(self, reason: str) -> bool:
        """Whether it is known that the brackets that open here never close."""
        if reason is EVENT_TOO_LARGE or (self.has_ended and self._broke - self.offset >= len(self.buffer)):
            return True
        place = self.offset + self.at
        self._unbalanced = [noted for noted in self._unbalanced if noted.end > place]
        return any(place in noted for noted in self._unbalanced)

    def _stretch(self, is_first: bool, reason: str) -> Stretch:
        return Stretch(
            at=self.at,
            broke=self._broke - self.offset,
            end=min(self.at + WINDOW_BYTES, len(self.buffer)),
            line=self._line_behind(is_first),
            is_first=is_first,
            is_open=self._is_open(reason),
            is_line=self._is_line,
            has_commas=self._has_commas or self._in_array or self._may_be_in_array,
            in_array=self._in_array or self._may_be_in_array,
            is_known=self._has_whole_events,
            has_ended=self.has_ended,
            sample=self._sample,
        )


class _LineCount:
    """Counts the lines with text of a stretch that comes in pieces."""

    def __init__(self) -> None:
        self.count = 0
        self._is_within = False  # whether the line at the end is counted already

    def add(self, piece: bytes) -> None:
        """Add the next bytes."""
        if b"\n" not in piece:
            has_text = bool(piece.strip(SEPARATORS))
            self.count += has_text and not self._is_within
            self._is_within |= has_text
            return
        first, last = piece[: piece.index(b"\n")], piece[piece.rindex(b"\n") :]
        self.count += len(_LINE_WITH_TEXT.findall(piece))
        self.count -= self._is_within and bool(first.strip(SEPARATORS))
        self._is_within = bool(last.strip(SEPARATORS))
