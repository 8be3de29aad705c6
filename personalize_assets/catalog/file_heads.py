"""Reads the heads of raw files in parallel, and finds compression, framing and the first events of each.

What does not belong here: what the events mean (``field_stats``, ``observed_fields``), and reading a file as a whole
(``conversion.reading``).
"""

from __future__ import annotations

import io
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from personalize_assets.conversion.reading.compression import (
    BZIP2,
    HADOOP_SNAPPY,
    LZ4,
    NOT_PACKED,
    PEEKED_BYTES,
    ZIP,
    compression_of,
)
from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.event_source import is_csv
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE, encoding_of
from personalize_assets.conversion.reading.formats.csv_rows import CsvRows
from personalize_assets.conversion.reading.formats.rows import ROW_GROUPS, ROWS, RowReader
from personalize_assets.conversion.reading.formats.settings import AVRO, CSV, ORC, PARQUET, SourceFormat
from personalize_assets.conversion.reading.formats.table_files import (
    MAGIC_BYTES,
    TableRows,
    is_table,
    shortened,
    table_format,
)
from personalize_assets.conversion.reading.framer import UNCLOSED_ARRAY, Framer
from personalize_assets.conversion.reading.json_value import MALFORMED, REFUSALS, Event, decode_whole, may_be_deep
from personalize_assets.conversion.reading.text_blocks import texts as texts_of
from personalize_assets.conversion.reading.unwrapping import Unwrapper
from personalize_assets.conversion.reading.zip_members import first_members
from personalize_assets.storage.manifests import CatalogFile
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import RawFiles

HEAD_BYTES = 64 * 1024
"""Bytes of a file that are read: some hundred events. The rest of the file may differ and is still read exactly."""

# What is packed in blocks of up to 4 MB can be unpacked only if the first one is there.
_IN_LARGE_BLOCKS = (BZIP2, HADOOP_SNAPPY, LZ4)
_LARGE_HEAD_BYTES = 1024 * 1024
_MAX_UNPACKED_BYTES = 1024 * 1024
# If few events are wanted of a file: so many bytes an event, but enough lines to find the framing.
_UNPACKED_BYTES_PER_EVENT = 8 * 1024
_MIN_UNPACKED_BYTES = 128 * 1024
_MAX_EVENTS_PER_FILE = 1000
# Fewer events of each file if a day has many, so that a catalog takes seconds however many there are.
_EVENTS_PER_DAY = 2000
_MIN_EVENTS_PER_FILE = 5
_FRAMING_LINES = 100
_HEADS_AT_ONCE = 64
# Heads in memory, on their way or waiting to be looked at: 8 MB.
_HEADS_AHEAD = 128
_OPENING = (b"{", b"[")
_ANY_FORMAT = SourceFormat()
_BOM = b"\xef\xbb\xbf"
_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines


class FileHead(NamedTuple):
    """What the first bytes of a file show.

    Attributes:
        compression: How the file is packed, by the bytes and not by the name (``reading.compression``); or ``none``.
        framing: ``lines`` (one object a line) or ``stream`` of JSON, ``rows``, or ``row_groups``.
        events: The fields of the first events that can be read.
        malformed: How many of the first events cannot be read, by reason; without the last one, if the head ends in it.
    """

    compression: str
    framing: str
    events: Sequence[Mapping[str, Any]]
    malformed: Mapping[str, int]


class EventSample(NamedTuple):
    """The first events of files, and how many of those cannot be read, by reason."""

    events: list[Mapping[str, Any]]
    malformed: Counter[str]


def events_per_file(files: int) -> int:
    """How many events of each file are sampled if a day has so many files."""
    return max(_MIN_EVENTS_PER_FILE, min(_MAX_EVENTS_PER_FILE, _EVENTS_PER_DAY // max(files, 1)))


class ReadHead(NamedTuple):
    """The first bytes of a file of a source, given by its id; None if the file no longer exists.

    Of a large Parquet or ORC file, whose beginning alone shows nothing: a Parquet file of its first rows.
    """

    source: str
    file: StoredObject
    first_bytes: bytes | None


def read_heads(
    sources: Mapping[str, RawFiles], jobs: Sequence[tuple[str, StoredObject]], first_bytes: int = HEAD_BYTES
) -> Iterator[tuple[str, StoredObject, bytes]]:
    """Yield ``(source, file, first bytes)`` as ``heads_in_order``; a file that no longer exists is left out."""
    for source, file, head in heads_in_order(sources, jobs, first_bytes):
        if head is not None:
            yield source, file, head


def heads_in_order(
    sources: Mapping[str, RawFiles], jobs: Sequence[tuple[str, StoredObject]], first_bytes: int = HEAD_BYTES
) -> Iterator[ReadHead]:
    """One head for each of ``jobs``, in their order, many read at once. A job is the id of a source and a file."""

    def read(job: tuple[str, StoredObject]) -> ReadHead:
        source, file = job
        store = sources[source].store
        head = store.read(file.key, first_bytes)
        is_longer = head is not None and len(head) < file.bytes and len(head) < _LARGE_HEAD_BYTES
        if head is None or len(head) >= file.bytes:
            return ReadHead(source, file, head)
        if table_format(head[:MAGIC_BYTES]) in (PARQUET, ORC):
            rows = store.read_with(file.key, lambda opened: shortened(opened, _MAX_EVENTS_PER_FILE))
            return ReadHead(source, file, rows or head)
        if is_longer and _is_in_large_blocks(head):
            head = store.read(file.key, _LARGE_HEAD_BYTES)
        return ReadHead(source, file, head)

    coming: deque[Future[ReadHead]] = deque()
    with ThreadPoolExecutor(_HEADS_AT_ONCE) as threads:
        try:
            for job in jobs:
                coming.append(threads.submit(read, job))
                if len(coming) >= _HEADS_AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _is_in_large_blocks(head: bytes) -> bool:
    return compression_of(head[:PEEKED_BYTES]) in _IN_LARGE_BLOCKS or table_format(head[:MAGIC_BYTES]) == AVRO


def sample_events(sources: Mapping[str, RawFiles], files: Sequence[CatalogFile]) -> EventSample:
    """The first events of each of these files of catalogs; the fewer of each, the more files there are."""
    jobs = [(file.source, StoredObject(file.key, file.bytes, 0.0)) for file in files]
    count = events_per_file(len(jobs))
    sample = EventSample([], Counter())
    for source, file, head in read_heads(sources, jobs):
        found = inspect_head(head, file.bytes, count, sources[source].source.conversion_format)
        sample.events.extend(found.events)
        sample.malformed.update(found.malformed)
    return sample


def inspect_head(
    head: bytes, size: int, sample: int = _MAX_EVENTS_PER_FILE, format: SourceFormat = _ANY_FORMAT
) -> FileHead:
    """Inspect the first bytes of a file of ``size`` bytes; ``sample`` is the number of events to read at most."""
    found = _as_it_is(head, size, sample, format)
    unwrapper = Unwrapper(format)
    if not unwrapper:
        return found
    events = (event for fields in found.events for event in unwrapper.unwrap(b"", dict(fields)))
    unwrapped = _sorted_out(islice(events, sample))
    unwrapped.malformed.update(found.malformed)
    return found._replace(events=unwrapped.events, malformed=unwrapped.malformed)


def _as_it_is(head: bytes, size: int, sample: int, format: SourceFormat) -> FileHead:
    """The head of a file, whose events may be wrapped."""
    if head and is_table(head[:MAGIC_BYTES], format.name):
        framing = ROWS if table_format(head[:MAGIC_BYTES]) == AVRO else ROW_GROUPS
        return FileHead(
            NOT_PACKED, framing, *_first_rows(TableRows(io.BytesIO(head), format.name), sample, is_cut=len(head) < size)
        )
    most = min(max(sample * _UNPACKED_BYTES_PER_EVENT, _MIN_UNPACKED_BYTES), _MAX_UNPACKED_BYTES)
    compression = compression_of(head[:PEEKED_BYTES])
    # The directory at the end of an archive is not in its head.
    parts = first_members(head) if compression == ZIP and len(head) < size else [head]
    texts = _unpacked(parts, most, is_rows=format.name == CSV)
    text = b"\n".join(texts)[:most]
    is_cut = len(head) < size or len(text) == most
    if is_cut:
        # Drop the last line, which may be cut off: nothing must look broken that is not.
        whole, line_end, _ = text.rpartition(b"\n")
        text = whole + line_end or text
    if is_csv(text, format):
        rows = texts[0] if len(texts) > 1 else text
        first = _first_rows(CsvRows([rows], format.csv), sample, is_cut=is_cut)
        return FileHead(compression or NOT_PACKED, ROWS, *first)
    return FileHead(
        compression or NOT_PACKED,
        # Only in UTF-8 does a byte show where a line ends.
        "lines" if not encoding_of(head) and (_is_lines(text) or (is_cut and _is_within_a_line(text))) else "stream",
        *_first_events(text, sample, is_cut=is_cut),
    )


def _unpacked(parts: Iterable[bytes], most: int, *, is_rows: bool) -> list[bytes]:
    """The beginnings of texts, ``most`` bytes in all or a block more."""
    found: list[bytes] = []
    for part in parts:
        with suppress(TruncatedStream):  # expected: it is only the head
            for blocks in texts_of(io.BytesIO(part), is_rows=is_rows):
                found.append(b"")
                with suppress(TruncatedStream):
                    for block in blocks:
                        found[-1] += block
                        if sum(map(len, found)) >= most:
                            return found
    return found


def _first_rows(rows: RowReader, count: int, *, is_cut: bool = False) -> EventSample:
    """The first ``count`` rows; ``is_cut`` says that the last one may have no end."""
    sample = EventSample([], Counter())
    broken: list[Event] = []  # since the last block of rows
    with suppress(TruncatedStream):
        for found in rows:
            if isinstance(found, Event):
                if found.reason != UNREADABLE_FILE:  # of the file, and no event
                    broken.append(found)
            elif isinstance(found, bytes):
                sample.malformed.update(_sorted_out(broken).malformed)
                broken = []
                sample.events.extend(_first_events(found, count - len(sample.events)).events)
            if len(sample.events) >= count:
                break
    if not is_cut:
        sample.malformed.update(_sorted_out(broken).malformed)
    return sample


def _first_events(text: bytes, count: int, *, is_cut: bool = False) -> EventSample:
    """The first ``count`` events; ``is_cut`` says that the text may end within one."""
    lines = text.split(b"\n", count)[:count]
    if not any(map(may_be_deep, lines)):
        with suppress(*REFUSALS):
            events = _decode_lines(b"\n".join(lines))
            if len(events) == len(lines):  # else an event is written over several lines
                return EventSample(list(events), Counter())
    found = list(islice(Framer([text]).one_by_one(), count))
    if is_cut and len(found) < count:
        while found and found[-1].reason == UNCLOSED_ARRAY:
            found.pop()
        if found and found[-1].fields is None and found[-1].raw.startswith(_OPENING):
            found.pop()
    return _sorted_out(found)


def _sorted_out(found: Iterable[Event]) -> EventSample:
    """The fields of the events that can be read, and the number of the others."""
    sample = EventSample([], Counter())
    for event in found:
        if event.fields is None:
            sample.malformed[event.reason or MALFORMED] += event.lines
        else:
            sample.events.append(event.fields)
    return sample


def _is_lines(text: bytes) -> bool:
    """Whether most of the first lines are one whole object. A broken line among good ones does not make a stream."""
    first_lines = islice(io.BytesIO(text.removeprefix(_BOM)), _FRAMING_LINES)
    lines = [line for line in first_lines if line.strip()]
    return bool(lines) and 2 * sum(map(_is_object, lines)) > len(lines)


def _is_object(line: bytes) -> bool:
    try:
        decode_whole(line)
    except REFUSALS:
        return False
    return True


def _is_within_a_line(text: bytes) -> bool:
    """Whether the text is the beginning of one object on a line that is longer than the head."""
    if b"\n" in text or not text.removeprefix(_BOM).lstrip().startswith(b"{"):
        return False
    return next(Framer([text]).one_by_one()).fields is None
