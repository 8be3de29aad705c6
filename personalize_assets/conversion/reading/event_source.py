"""The events of one text or file, whatever its format: where JSON and rows meet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Protocol

from personalize_assets.conversion.reading.batches import Batch, Batches, whole_events
from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.formats.csv_rows import CsvRows, looks_like_csv
from personalize_assets.conversion.reading.formats.row_columns import RowColumns
from personalize_assets.conversion.reading.formats.rows import RowReader
from personalize_assets.conversion.reading.formats.settings import AUTO, CSV, JSON, SourceFormat
from personalize_assets.conversion.reading.framer import Framer, everything
from personalize_assets.conversion.reading.json_value import MALFORMED, Event, parse
from personalize_assets.conversion.reading.struct_unwrapper import StructUnwrapper
from personalize_assets.conversion.reading.unwrapping import Unwrapper, line_of

_PEEKED_BYTES = 64 * 1024
# Events that are read together: enough that a batch costs little, few enough for the processor's cache.
_UNWRAPPED_BYTES = 1024 * 1024
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n,"

MayMatch = Callable[[bytes], bool]
Read = Callable[[Framer], Iterator[Batch | Event]]
"""Reads the events of a framer, in batches where that is possible (``event_sink.SourceMappers.read``)."""
Found = RowColumns | Batch | Event
"""Rows of a table that are events, events of JSON, or a single one, or what is none."""


class EventSource(Protocol):
    """The events of one text or file.

    Attributes:
        skipped: After the last event: how many events the prefilter refused.
        is_cut: After the last event: whether the text ended inside an event that more bytes could complete.
    """

    @property
    def skipped(self) -> int:
        """Number of events."""

    @property
    def is_cut(self) -> bool:
        """Whether there may be more."""

    def events(self, read: Read) -> Iterator[Found]:
        """Yield the events, and what is none."""


class JsonText:
    """Events of a text of JSON."""

    def __init__(self, blocks: Iterable[bytes], may_match: MayMatch) -> None:
        """Take the text in blocks, and the prefilter."""
        self._framer = Framer(blocks, may_match)

    @property
    def skipped(self) -> int:
        """As ``EventSource.skipped``."""
        return self._framer.skipped

    @property
    def is_cut(self) -> bool:
        """As ``EventSource.is_cut``."""
        return self._framer.is_cut

    def events(self, read: Read) -> Iterator[Found]:
        """As ``EventSource.events``."""
        return read(self._framer)


class Rows:
    """Events of a file of rows.

    Columns are events as they are; the lines of JSON that other rows become are read like those of a file.
    """

    is_cut = False

    def __init__(self, rows: RowReader | Iterable[RowColumns | bytes | Event], may_match: MayMatch) -> None:
        """Take the reader of the rows, and the prefilter."""
        self._rows = rows
        self._may_match = may_match
        self.skipped = 0

    def events(self, read: Read) -> Iterator[Found]:
        """As ``EventSource.events``."""
        for found in iter(self._rows):
            if not isinstance(found, bytes):
                yield found
                continue
            framer = Framer((found,), self._may_match)
            yield from read(framer)
            self.skipped += framer.skipped


class Unwrapped:
    """Events taken out of what another source holds: as structs, or as lines of JSON that are read as in a file."""

    def __init__(
        self, inner: EventSource, unwrapper: Unwrapper, may_match: MayMatch, shortcut: StructUnwrapper | None = None
    ) -> None:
        """Take a source without a prefilter, and the prefilter of the events in it; ``shortcut`` for the structs."""
        self._inner = inner
        self._shortcut = shortcut
        self._unwrapper = unwrapper
        self._may_match = may_match
        self.skipped = 0

    @property
    def is_cut(self) -> bool:
        """As ``EventSource.is_cut``."""
        return self._inner.is_cut

    def events(self, read: Read) -> Iterator[Found]:
        """As ``EventSource.events``."""
        lines: list[bytes] = []
        size = 0
        for wrapped in self._wrapped():
            if isinstance(wrapped, Batch):
                yield from self._read(lines, read)
                lines, size = [], 0
                yield wrapped
                continue
            if wrapped.fields is None:
                yield wrapped
                continue
            for event in self._unwrapper.unwrap(wrapped.raw, wrapped.fields):
                line = None if event.fields is None else line_of(event.fields)
                if line is None:
                    yield event if event.fields is None else Event(event.raw, None, MALFORMED)
                    continue
                lines.append(line)
                size += len(line)
                if size >= _UNWRAPPED_BYTES:
                    yield from self._read(lines, read)
                    lines, size = [], 0
        yield from self._read(lines, read)

    def _wrapped(self) -> Iterator[Batch | Event]:
        """Batches of events that are unwrapped already, and single events that are not."""
        shortcut = self._shortcut
        if shortcut is None:
            for found in self._inner.events(lambda framer: whole_events(framer, everything)):
                assert isinstance(found, Event)
                yield found
            return
        for found in self._inner.events(lambda framer: iter(Batches(framer, shortcut))):
            assert not isinstance(found, RowColumns)
            for one in shortcut.unwrapped(found) if isinstance(found, Batch) else (found,):
                event = parse(one) if isinstance(one, bytes) else one
                if isinstance(event, Event) and event.fields is not None:
                    shortcut.learn(event.fields)
                yield event

    def _read(self, lines: list[bytes], read: Read) -> Iterator[Batch | Event]:
        if not lines:
            return
        framer = Framer((b"\n".join(lines),), self._may_match)
        yield from read(framer)
        self.skipped += framer.skipped


def text_source(
    blocks: Iterator[bytes], format: SourceFormat, may_match: MayMatch, *, only_columns: Collection[str] | None = None
) -> EventSource:
    """The events of a text in blocks. With ``auto``, a text that begins like no JSON may be a CSV with a header.

    ``only_columns``: as ``CsvRows`` takes it.
    """
    if format.name == CSV:
        return Rows(CsvRows(blocks, format.csv, only_columns=only_columns), may_match)
    if format.name == JSON:
        return JsonText(blocks, may_match)
    beginning = b""
    rest = blocks
    try:
        while len(beginning) < _PEEKED_BYTES and not _is_json(beginning):
            block = next(blocks, None)
            if block is None:
                break
            beginning += block
    except TruncatedStream as error:
        rest = _raising(error)
    all_blocks = chain((beginning,), rest)
    if is_csv(beginning, format):
        return Rows(CsvRows(all_blocks, format.csv, only_columns=only_columns), may_match)
    return JsonText(all_blocks, may_match)


def is_csv(beginning: bytes, format: SourceFormat) -> bool:
    """Whether a text that begins like this is read as a CSV."""
    if format.name != AUTO:
        return format.name == CSV
    return bool(beginning) and not _is_json(beginning) and looks_like_csv(beginning[:_PEEKED_BYTES])


def _is_json(beginning: bytes) -> bool:
    return beginning[:_PEEKED_BYTES].lstrip(_BEFORE_JSON)[:1] in (b"{", b"[")


def _raising(error: TruncatedStream) -> Iterator[bytes]:
    yield from ()
    raise error
