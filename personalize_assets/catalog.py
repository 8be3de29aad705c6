"""What lies in the raw files of a day, told from the head of each: the crawler's job, without the crawler or Spark."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol

from personalize_assets.conversion.files import unpacked_blocks
from personalize_assets.conversion.framing import REFUSALS, Framer, TruncatedStream
from personalize_assets.conversion.parsing import decode_whole
from personalize_assets.conversion.paths import EACH
from personalize_assets.source import RawFiles
from personalize_assets.stores import StoredFile

# Enough of a file for some hundred events; the rest of it can be of another kind, and is still read exactly.
HEAD_BYTES = 64 * 1024
_HEAD_UNPACKED_BYTES = 1024 * 1024
_EVENTS_PER_FILE = 1000
# A day of many files is told from fewer events of each; so its catalog takes seconds, however many there are.
_EVENTS_PER_DAY = 2000
_FEWEST_EVENTS_PER_FILE = 5
_LINES_THAT_TELL = 100
_FILES_AT_ONCE = 16
# Heads that wait in memory while the ones before them are described.
_HEADS_AT_ONCE = 256
_BOM = b"\xef\xbb\xbf"

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


@dataclass
class Fields:
    """The fields of the events seen so far: which types of value stood at a path, and how many events had one."""

    events: int = 0
    types: dict[str, set[str]] = field(default_factory=dict)
    with_value: Counter[str] = field(default_factory=Counter)
    _known: set[tuple[str, str]] = field(default_factory=set)

    def add(self, fields: Mapping[str, Any]) -> None:
        self.events += 1
        # A set: an array of ten products says the same thing once.
        found: set[tuple[str, str]] = set()
        _find(fields, "", found)
        for path, kind in found - self._known:
            self.types.setdefault(path, set()).add(kind)
        self._known |= found
        self.with_value.update({path for path, kind in found if kind != "null"})

    def as_json(self) -> list[dict[str, Any]]:
        """``[{"path", "types", "nulls"}]`` in the order of paths; ``nulls`` is the share of events without a value."""
        return [
            {
                "path": path,
                "types": sorted(types - {"null"}),
                "nulls": round(1 - self.with_value[path] / self.events, 4),
            }
            for path, types in sorted(self.types.items())
        ]


def _find(fields: Mapping[str, Any], parent: str, found: set[tuple[str, str]]) -> None:
    """Paths as a config writes them, and the type there: an empty text is null, as it is to the conversion.

    The fields of an array's elements follow the array's path. A field without a name has no path.
    """
    for name, value in fields.items():
        if not name:
            continue
        path, kind = path_of(parent, name), type(value)
        found.add((path, "null" if value == "" else _JSON_TYPES.get(kind, "null")))
        if kind is dict:
            _find(value, path, found)
        elif kind is list:
            _find_in_elements(value, path, found)


def _find_in_elements(elements: Sequence[Any], path: str, found: set[tuple[str, str]]) -> None:
    for element in elements:
        if type(element) is dict:
            _find(element, path, found)
        elif type(element) is list:
            _find_in_elements(element, path, found)


@lru_cache(maxsize=65_536)
def path_of(parent: str, name: str) -> str:
    """The path of a field called ``name`` below another (``""``: the event itself), as a config writes it."""
    # At the beginning of a path, `each` without quotes would be an element of the config's `each`.
    is_plain = name.isidentifier() and (parent or name != EACH)
    step = name if is_plain else "`" + name.replace("`", "``") + "`"
    return f"{parent}.{step}" if parent else step


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
    text = _unpacked(head)
    is_cut = len(head) < size or len(text) == _HEAD_UNPACKED_BYTES
    if is_cut:
        # The last event in the head may be cut; without it nothing here looks broken that is not.
        whole, line_end, _ = text.rpartition(b"\n")
        text = whole + line_end or text
    for event, _ in zip(Framer([text]).one_by_one(), range(sample), strict=False):
        if event.fields is not None:
            fields.add(event.fields)
    return {
        "compression": "gzip" if head.startswith(b"\x1f\x8b") else "none",
        "framing": "lines" if _is_lines(text) or (is_cut and _is_within_a_line(text)) else "stream",
    }


def _unpacked(head: bytes) -> bytes:
    text = b""
    with suppress(TruncatedStream):  # of course: it is only the head
        for block in unpacked_blocks(io.BytesIO(head)):
            text += block
            if len(text) >= _HEAD_UNPACKED_BYTES:
                break
    return text[:_HEAD_UNPACKED_BYTES]


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
