"""What lies in the raw files of a day, told from the head of each: the crawler's job, without the crawler or Spark."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from itertools import islice
from typing import Any, Protocol

import msgspec

from personalize_assets.catalog.field_stats import Fields
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.gzip_blocks import TruncatedStream, unpacked_blocks
from personalize_assets.conversion.reading.json_value import REFUSALS, decode_whole, may_be_deep
from personalize_assets.storage.object_store import StoredFile
from personalize_assets.storage.raw_files import RawFiles

# Enough of a file for some hundred events; the rest of it can be of another kind, and is still read exactly.
HEAD_BYTES = 64 * 1024
_HEAD_UNPACKED_BYTES = 1024 * 1024
# Of a head that few events are wanted of: so many bytes an event, but enough lines to tell the framing.
_UNPACKED_BYTES_PER_EVENT = 8 * 1024
_FEWEST_UNPACKED_BYTES = 128 * 1024
_EVENTS_PER_FILE = 1000
# A day of many files is told from fewer events of each; so its catalog takes seconds, however many there are.
_EVENTS_PER_DAY = 2000
_FEWEST_EVENTS_PER_FILE = 5
_LINES_THAT_TELL = 100
_FILES_AT_ONCE = 16
# Heads that wait in memory while the ones before them are described.
_HEADS_AT_ONCE = 256
_BOM = b"\xef\xbb\xbf"
_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines


def day_catalog(
    day: date, sources: Mapping[str, RawFiles], files: Mapping[str, Iterable[StoredFile]]
) -> dict[str, Any]:
    """The catalog of a day: its files (source, key, bytes, compression, framing) and the fields in their heads.

    A file that has gone since it was listed is left out.
    """
    fields = Fields()
    found = []
    jobs = [(source, file) for source, listed in files.items() for file in listed]
    sample = sample_size(len(jobs))
    for source, file, head in heads(sources, jobs):
        found.append(
            {"source": source, "key": file.key, "bytes": file.bytes, **describe(head, file.bytes, fields, sample)}
        )
    return {
        "day": day.isoformat(),
        "sources": described(sources),
        "bytes": sum(file["bytes"] for file in found),
        "files": found,
        "sampled_events": fields.events,
        "fields": fields.as_json(),
    }


def sample_size(files: int) -> int:
    """How many events of each file of a day are looked at."""
    return max(_FEWEST_EVENTS_PER_FILE, min(_EVENTS_PER_FILE, _EVENTS_PER_DAY // max(files, 1)))


def described(sources: Mapping[str, RawFiles]) -> dict[str, dict[str, str]]:
    """Where a catalog's keys lie: a catalog of other sources says nothing about these."""
    return {id: {"uri": files.source.uri, "layout": files.source.layout} for id, files in sources.items()}


def heads(
    sources: Mapping[str, RawFiles], jobs: Sequence[tuple[str, StoredFile]], first_bytes: int = HEAD_BYTES
) -> Iterator[tuple[str, StoredFile, bytes]]:
    """The first bytes of files, each named by its source's id; a file that has gone since is left out."""
    with ThreadPoolExecutor(_FILES_AT_ONCE) as threads:
        for start in range(0, len(jobs), _HEADS_AT_ONCE):
            batch = jobs[start : start + _HEADS_AT_ONCE]
            heads = threads.map(lambda job: sources[job[0]].store.read(job[1].key, first_bytes), batch)
            for (source, file), head in zip(batch, heads, strict=True):
                if head is not None:
                    yield source, file, head


class Events(Protocol):
    """What is told of every event in a head."""

    def add(self, fields: Mapping[str, Any], /) -> None: ...


def describe(head: bytes, size: int, fields: Events, sample: int = _EVENTS_PER_FILE) -> dict[str, str]:
    """The compression and framing of a file, from its first bytes; the fields of the events in them are added up."""
    most = min(max(sample * _UNPACKED_BYTES_PER_EVENT, _FEWEST_UNPACKED_BYTES), _HEAD_UNPACKED_BYTES)
    text = _unpacked(head, most)
    is_cut = len(head) < size or len(text) == most
    if is_cut:
        # The last event in the head may be cut; without it nothing here looks broken that is not.
        whole, line_end, _ = text.rpartition(b"\n")
        text = whole + line_end or text
    for event in _first_events(text, sample):
        fields.add(event)
    return {
        "compression": "gzip" if head.startswith(b"\x1f\x8b") else "none",
        "framing": "lines" if _is_lines(text) or (is_cut and _is_within_a_line(text)) else "stream",
    }


def _unpacked(head: bytes, most: int) -> bytes:
    text = b""
    with suppress(TruncatedStream):  # of course: it is only the head
        for block in unpacked_blocks(io.BytesIO(head)):
            text += block
            if len(text) >= most:
                break
    return text[:most]


def _first_events(text: bytes, count: int) -> Iterable[Mapping[str, Any]]:
    """The fields of the first events, or of fewer where some have none."""
    lines = text.split(b"\n", count)[:count]
    if not any(map(may_be_deep, lines)):
        with suppress(*REFUSALS):
            events = _decode_lines(b"\n".join(lines))
            if len(events) == len(lines):  # else one of them stands on several lines
                return events
    found = islice(Framer([text]).one_by_one(), count)
    return (event.fields for event in found if event.fields is not None)


def _is_lines(text: bytes) -> bool:
    """Whether most lines are one whole object. A broken line among good ones does not make a stream."""
    first_lines = islice(io.BytesIO(text.removeprefix(_BOM)), _LINES_THAT_TELL)
    lines = [line for line in first_lines if line.strip()]
    return bool(lines) and 2 * sum(map(_is_object, lines)) > len(lines)


def _is_object(line: bytes) -> bool:
    try:
        decode_whole(line)
    except REFUSALS:
        return False
    return True


def _is_within_a_line(text: bytes) -> bool:
    """Whether all there is is the beginning of one object on a line that is longer than the head."""
    if b"\n" in text or not text.removeprefix(_BOM).lstrip().startswith(b"{"):
        return False
    return next(Framer([text]).one_by_one()).fields is None


def encode(catalog: Mapping[str, Any]) -> bytes:
    """The catalog as the JSON text that is kept: indented, for people read it too."""
    return json.dumps(catalog, indent=1, ensure_ascii=False).encode()
