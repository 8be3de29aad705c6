"""Cuts the text of a CSV where rows end: line breaks in quotes and behind escapes are part of a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from personalize_assets.conversion.reading.formats.settings import CsvDialect

_LF, _CR = b"\n\r"


class RowEnds:
    """Finds where rows end, for one dialect. Exact, as long as the text begins at a row's beginning."""

    def __init__(self, delimiter: str, dialect: CsvDialect) -> None:
        """Take the delimiter that was found, and the rest of the dialect."""
        self._delimiter = delimiter.encode()
        self._quote = dialect.quote.encode() if dialect.quote and len(delimiter) == 1 else b""
        self._escape = dialect.escape.encode() if dialect.escape else b""

    def last(self, text: bytes) -> int:
        """Where the last row of a text ends that has an end, behind its line break; 0 if none has."""
        has_quotes = bool(self._quote) and self._quote in text
        if self._escape and self._escape in text:
            return self._walk(text)
        if not has_quotes:
            end = text.rfind(b"\n") + 1
            return end or text.rfind(b"\r", 0, -1) + 1  # as old programs end lines
        found = self._by_parity(text)
        return self._walk(text) if found is None else found

    def first(self, text: bytes, at: int = 0) -> int:
        """Where the row ends that begins at ``at``, behind its line break; 0 if it has no end."""
        found = self._row.match(text, at)
        return found.end() if found else 0

    def rows(self, text: bytes) -> Iterator[bytes]:
        """Each row of a text with its line break; ``text`` ends where a row ends."""
        at = 0
        while end := self.first(text, at):
            yield text[at:end]
            at = end

    def _walk(self, text: bytes) -> int:
        found = self._rows.match(text)
        return found.end() if found else 0

    def _by_parity(self, text: bytes) -> int | None:
        """As ``last``, if every quote begins or ends a cell, or is doubled in one; else None."""
        characters = np.frombuffer(text, np.uint8)
        places = np.flatnonzero(characters == self._quote[0])
        opening, closing = places[0::2], places[1::2]
        if len(closing):
            behind = characters[np.minimum(closing + 1, len(characters) - 1)]
            is_end = (behind == self._delimiter[0]) | (behind == _LF) | (behind == _CR) | (behind == self._quote[0])
            if not (is_end | (closing + 1 == len(characters))).all():
                return None
        before = characters[np.maximum(opening - 1, 0)]
        is_begin = (before == self._delimiter[0]) | (before == _LF) | (before == _CR) | (opening == 0)
        # Behind a quote, it is the second one of a doubled quote.
        doubled = np.zeros(len(opening), bool)
        doubled[1:] = opening[1:] == closing[: len(opening) - 1] + 1
        if not (is_begin | doubled).all():
            return None
        # A cell that is still open at the end holds no row's end; another quote may follow its last one.
        end = int(places[-1]) if len(places) % 2 else len(text)
        while end > 0:
            end = text.rfind(b"\n", 0, end)
            if end < 0:
                return 0
            number = int(np.searchsorted(places, end))
            if number % 2 == 0:
                return end + 1
            end = int(places[number - 1])
        return 0

    @cached_property
    def _row(self) -> re.Pattern[bytes]:
        return re.compile(self._pattern, re.DOTALL)

    @cached_property
    def _rows(self) -> re.Pattern[bytes]:
        return re.compile(b"(?:" + self._pattern + b")*+", re.DOTALL)

    @property
    def _pattern(self) -> bytes:
        """A row with its line break. Behind a closing quote, a cell goes on without quotes, as in pyarrow."""
        delimiter, quote, escape = map(re.escape, (self._delimiter, self._quote, self._escape))
        escaped = b"|" + escape + b"." if escape else b""
        if len(self._delimiter) == 1:
            plain = b"(?:[^" + delimiter + escape + b"\r\n]++" + escaped + b")*+"
        else:
            plain = b"(?:(?!" + delimiter + b")[^" + escape + b"\r\n]" + escaped + b")*+"
        cell = plain
        if quote:
            inside = b"(?:[^" + quote + escape + b"]++|" + quote + quote + escaped + b")*+"
            cell = b"(?:" + quote + inside + quote + plain + b"|(?!" + quote + b")" + plain + b")"
        return cell + b"(?:" + delimiter + cell + b")*+(?:\r\n|\n|\r(?!\n|\\Z))"
