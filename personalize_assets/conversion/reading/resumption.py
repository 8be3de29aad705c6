"""Where reading goes on behind bytes that are no JSON: at the next whole top-level event.

What broke may be an event with a wrong word in it, whose brackets still show where it ends, or one that was cut off or
lost a quote, whose brackets show nothing. Both are followed at once: the brackets from the beginning of the stretch on,
and each ``{"`` that stands where no JSON value allows it, such as behind ``}`` or in the middle of a word. An object
that may be part of the broken event is never taken for an event of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from personalize_assets.conversion.reading.brackets import brackets_end
from personalize_assets.conversion.reading.json_value import MAX_DEPTH, Verdict, scan_relaxed

WINDOW_BYTES = 1024 * 1024
"""How far the brackets of a broken event are followed, and how large an event behind it may be to be found on its line.

Firehose allows 1,000 KiB a record."""
FOLLOWING_BYTES = 4096
"""How far is looked behind an event for what follows it."""

NOTHING = rb"[ \t\r\n,]++|\xef\xbb\xbf|\\[nr]"
"""What means nothing between events: white space, commas, byte order marks, and line ends that were escaped."""

_FOLLOWING = re.compile(b"(?:" + NOTHING + b")*+")
# Not where most objects of an event are: as a field, or as the first element of an array.
_CANDIDATE = re.compile(rb'\{(?<!":\{)(?<!": \{)(?<!\[\{)[ \t\r\n]*+"')
_STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_BRACKETS = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+([{\[]|[}\]]++)", re.DOTALL)
_FIRST_NAMES = re.compile(
    rb"\{\s*+(%b)\s*+:\s*+(?:%b|[^\"{}\[\],\s]++)\s*+,\s*+(%b)\s*+:" % (_STRING, _STRING, _STRING), re.DOTALL
)
# Brackets that open where a whole value has none: behind something else than a colon, a comma or another bracket.
_ODD = re.compile(rb'[^\s:,\[]\s*+[{\[]|[^"\s]\s*+:\s*+\{')
# Finds each of them and others, in a tenth of the time: brackets that do not stand directly where a value may.
_MAY_BE_ODD = re.compile(rb'[{\[](?<!":[{\[])(?<!": [{\[])(?<![,\[][{\[])(?<!, [{\[])')
_AFTER_COMMA = re.compile(rb",\s*+\{")
# How far before an event is looked for what stands before it, and before a break for the event that caused it.
_LOOK_BACK = 64
# So many objects beside each other in an array, without a comma, are no longer elements that lost their commas. Two
# events may be lost between two damaged ones; see ``_MOST_BESIDE`` in tests of n damaged events.
_MOST_BESIDE = 3
# The end of a value that is longer is sought among many brackets at once.
_FOLLOWED_SINGLY = 8 * 1024


class Stretch(NamedTuple):
    """A broken stretch, or the next window of one.

    Attributes:
        at: Where it begins.
        broke: Where the value that begins at ``at`` stops being JSON.
        end: The end of the window.
        line: Where a line begins with ``{`` in the window; -1 if none does.
        is_first: Whether the stretch begins at ``at``.
        is_open: Whether it is known that the brackets that open here never close.
        is_line: Whether nothing stands before it on its line.
        has_commas: Whether events are separated by commas.
        in_array: Whether events may be in an array.
        is_known: Whether ``has_commas``, ``in_array`` and ``sample`` are known: a split knows them behind its first
            whole event.
        has_ended: Whether the text is the rest of the file.
        sample: The beginning of a whole event of the same file; empty if there was none.
    """

    at: int
    broke: int
    end: int
    line: int
    is_first: bool
    is_open: bool
    is_line: bool
    has_commas: bool
    in_array: bool
    is_known: bool
    has_ended: bool
    sample: bytes


class Resumption(NamedTuple):
    """Where reading goes on.

    Attributes:
        place: The place; None if it is not in the window.
        is_balanced: Whether all brackets of the stretch are closed before it.
        is_cut: Whether bytes behind the end of the file might change it.
        followed_to: How far brackets were followed in vain.
    """

    place: int | None
    is_balanced: bool = False
    is_cut: bool = False
    followed_to: int = 0


def is_plain_line(text: bytes, at: int, broke: int, line: int, may_have_commas: bool) -> bool:
    """Whether a value that is no part of another one begins at ``line``, where a line begins with ``{``.

    True is certain: ``text[at:line]`` is one line, and holds no bracket where a whole value has none. ``at`` and
    ``broke`` are those of a ``Stretch``; ``may_have_commas`` is whether events may be separated by commas.
    """
    if text.find(b"\n", at, line - 1) >= 0:
        return False
    first = max(at + 1, broke - _LOOK_BACK)
    if _MAY_BE_ODD.search(text, first, line - 1) and _ODD.search(text, first, line - 1):
        return False
    return not (may_have_commas and _AFTER_COMMA.search(text, first, line - 1))


def resumption(text: bytes, stretch: Stretch) -> Resumption:
    """Find where reading goes on. ``text`` holds what ``look_ahead`` asks for behind the window, or has ended."""
    return _Search(text, stretch).find()


def may_be_nested(text: bytes, at: int, line: int) -> bool:
    """Whether the line that begins with ``{`` may be part of the value that begins at ``at`` and broke."""
    if text[line - 2] == 0x7D:  # }, as of most lines
        return False
    return text[at] in b"{[" and _before(text, line, at) in b":,["


def _before(text: bytes, place: int, first: int) -> bytes:
    """The last byte before a place that is no white space; empty if it is too far away."""
    before = text[max(place - _LOOK_BACK, first, 0) : place].rstrip()
    while before.endswith((b"\\n", b"\\r")):
        before = before[:-2].rstrip()
    return before[-1:]


class _Search:
    """The state of one search."""

    def __init__(self, text: bytes, stretch: Stretch) -> None:
        self._text = text
        self._stretch = stretch
        self._open = bytearray()  # the brackets that are open
        self._is_value = text[stretch.at] in b"{["
        self._is_followed = stretch.is_first and not (self._is_value and stretch.is_open)
        self._is_tidy = True  # each bracket that closes has opened
        self._next = _BRACKETS.match(text, stretch.at, stretch.end) if self._is_followed else None
        self._followed_to = stretch.at
        names = (_FIRST_NAMES.match(text, stretch.at, stretch.end), _FIRST_NAMES.match(stretch.sample))
        self._names = [found.groups() for found in names if found is not None]
        self._possible: list[int] = []  # places that are right unless the brackets close
        self._beside = 0
        self._has_looked_ahead = False
        self._is_relative = False  # to what is between events, or how they begin, which another split may see otherwise

    def find(self) -> Resumption:
        """Find the place."""
        found = self._find()
        return found._replace(is_cut=found.is_cut or self._is_relative)

    def _find(self) -> Resumption:
        text, stretch = self._text, self._stretch
        stop = stretch.end
        if stretch.line >= 0:
            if stretch.is_first and not stretch.is_open and may_be_nested(text, stretch.at, stretch.line):
                self._possible.append(stretch.line)
            else:
                stop = stretch.line
        for found in _CANDIDATE.finditer(text, max(stretch.at + stretch.is_first, stretch.broke - _LOOK_BACK), stop):
            place = found.start()
            closed = self._follow(place)
            if closed is not None:
                return Resumption(closed, self._is_tidy)
            if self._possible and place > min(self._possible) and self._never_closes(place):
                break  # whatever is found further on, reading goes on at the first possible place
            if self._is_event(place):
                return self._resume(place)
            if self._beside > _MOST_BESIDE:
                return self._resume(min(self._possible))
        else:
            closed = self._follow(stop)
            if closed is not None:
                return Resumption(closed, self._is_tidy)
        is_cut = stretch.has_ended and stretch.end == len(text) and self._is_followed and bool(self._open)
        if stop < stretch.end:
            return self._resume(stop)
        return self._resume(min(self._possible), is_cut) if self._possible else Resumption(None, is_cut=is_cut)

    def _resume(self, place: int, is_cut: bool = False) -> Resumption:
        return Resumption(min([place, *self._possible]), False, is_cut, self._followed_to if self._is_value else 0)

    def _follow(self, place: int) -> int | None:
        """Follow the brackets up to a place. Returns where the value that broke ends, if it does before that."""
        while self._next is not None and (start := self._next.start(1)) < place:
            brackets = self._next[1]
            self._followed_to = self._next.end()
            if brackets in b"{[":
                if len(self._open) == MAX_DEPTH:
                    self._is_followed, self._next = False, None
                    return None
                self._open += brackets
            else:
                closed = self._close(brackets, start)
                if closed is not None:
                    return closed
            self._next = _BRACKETS.match(self._text, self._followed_to, self._stretch.end)
        return None

    def _close(self, brackets: bytes, start: int) -> int | None:
        for number, bracket in enumerate(brackets):
            if not self._open or self._open[-1] != (0x7B if bracket == 0x7D else 0x5B):
                self._is_tidy = False
                if not self._open:
                    return None
                continue
            self._open.pop()
            end = start + number + 1
            if not self._open and self._is_value and end >= self._stretch.broke:
                if self._ends_event(end):
                    return end
                self._is_value = False  # what follows is no longer part of a value
        return None

    def _never_closes(self, place: int) -> bool:
        """Whether it is known at a place that the value which broke is not closed in the window."""
        if self._next is None or not self._is_value:
            return True
        if self._has_looked_ahead or place - self._stretch.at < _FOLLOWED_SINGLY:
            return False
        self._has_looked_ahead = True
        if brackets_end(self._text, self._stretch.at, self._stretch.end) is not None:
            return False
        self._followed_to = self._stretch.end
        return True

    def _ends_event(self, end: int) -> bool:
        """Whether an event ends where its brackets are closed: not if they were closed by a bracket too many."""
        following = self._after(end)
        if not self._is_followed_well(end, lambda: self._is_tidy and self._is_alike(following)):
            return False
        if self._text[following : following + 1] != b"{":
            return True
        found = scan_relaxed(self._text, following, following + WINDOW_BYTES)
        if found.verdict is not Verdict.END:
            return True
        after = following + found.place
        return self._is_followed_well(after, self._has_commas)

    def _is_event(self, place: int) -> bool:
        """Whether the ``{"`` at a place certainly begins a top-level event. Notes a place where that is possible."""
        before = _before(self._text, place, self._stretch.at - 1)
        is_in_string = self._next is None or self._next.start(1) != place
        if not before or before == b"[" or self._is_after_name(before, place):
            return False
        if not self._is_followed:
            return before == b"}" and self._is_whole(place)
        if before == b",":
            # An element of an array stands there, too, but has other names than an event.
            if self._is_alike(place) and self._is_whole(place):
                self._note_possible(place)
            return False
        if not is_in_string and before != b"}" and not (self._open and self._is_value) and self._is_log_line(place):
            return False
        if not self._is_whole(place):
            return False
        if not is_in_string and self._open[-1:] == b"[" and before == b"}":
            self._note_possible(place)
            return False
        return True

    def _note_possible(self, place: int) -> None:
        self._possible.append(place)
        self._beside += 1

    def _is_after_name(self, before: bytes, place: int) -> bool:
        if before != b":":
            return False
        colon = self._text.rfind(b":", self._stretch.at - 1 if self._stretch.at else 0, place)
        return _before(self._text, colon, self._stretch.at - 1) in (b'"', b"")

    def _is_log_line(self, place: int) -> bool:
        """Whether the line begins with other text, as in a log, and not with the rest of an event."""
        begin = self._text.rfind(b"\n", self._stretch.at, place) + 1
        if not begin:
            if not self._stretch.is_line:
                return False
            begin = self._stretch.at
        return self._text[begin:place].lstrip()[:1] not in (b"{", b"[", b"")

    def _is_alike(self, place: int) -> bool:
        """Whether events are separated by commas and an object begins with the same names as another event."""
        if not self._has_commas():
            return False
        self._is_relative = True
        found = _FIRST_NAMES.match(self._text, place, place + WINDOW_BYTES)
        return found is not None and found.groups() in self._names

    def _has_commas(self) -> bool:
        self._is_relative |= not self._stretch.is_known
        return self._stretch.has_commas

    def _in_array(self) -> bool:
        self._is_relative |= not self._stretch.is_known
        return self._stretch.in_array

    def _is_whole(self, place: int) -> bool:
        """Whether a whole object begins at a place, and is followed by what may follow an event."""
        found = scan_relaxed(self._text, place, place + WINDOW_BYTES)
        return found.verdict is Verdict.END and self._is_followed_well(
            place + found.place, lambda: self._is_alike(place)
        )

    def _is_followed_well(self, end: int, may_have_commas: Callable[[], bool]) -> bool:
        """Whether nothing, another event or a line end follows. Within a value ``,``, ``}`` or ``]`` would."""
        text, last = self._text, min(end + FOLLOWING_BYTES, len(self._text))
        place = self._after(end)
        between = text[end:place]
        if b"," in between and not may_have_commas():
            return False
        if place < last and text[place] == 0x5D and self._in_array():  # ]
            place = self._after(place + 1)
            return place == last or text[place] in b"{["
        return place == last or text[place] == 0x7B or (b"\n" in between and text[place] not in b'}]":')

    def _after(self, end: int) -> int:
        """The place of what follows behind white space and separators."""
        found = _FOLLOWING.match(self._text, end, min(end + FOLLOWING_BYTES, len(self._text)))
        return found.end() if found else end
