"""What lies in the raw files of a day, told from the head of each: the crawler's job, without the crawler or Spark."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from personalize_assets.conversion.files import unpacked_blocks
from personalize_assets.conversion.framing import Framer, TruncatedStream, parse
from personalize_assets.source import RawFiles
from personalize_assets.stores import StoredFile

# Enough of a file for some hundred events; the rest of it can be of another kind, and is still read exactly.
HEAD_BYTES = 64 * 1024
_HEAD_UNPACKED_BYTES = 1024 * 1024
_EVENTS_PER_FILE = 1000
_FILES_AT_ONCE = 16
_PLAIN_NAME = str.isidentifier

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


@dataclass
class Fields:
    """The fields of the events seen so far: for each path how often which type of value stood there."""

    events: int = 0
    seen: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, fields: Mapping[str, Any]) -> None:
        self.events += 1
        # A set of paths and types: an array of ten products says the same thing once.
        for path, kind in dict.fromkeys(_values(fields)):
            self.seen.setdefault(path, Counter())[kind] += 1

    def as_json(self) -> list[dict[str, Any]]:
        """``[{"path", "types", "nulls"}]`` in the order of paths; ``nulls`` is the share of events without a value."""
        return [
            {
                "path": path,
                "types": sorted(kind for kind in kinds if kind != "null"),
                "nulls": round(
                    1 - min(sum(n for kind, n in kinds.items() if kind != "null"), self.events) / self.events, 4
                ),
            }
            for path, kinds in sorted(self.seen.items())
        ]


def _values(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Paths as a config writes them, and the type there. The fields of an array's elements follow the array's path."""
    if type(value) is list:
        for element in value:
            yield from _values(element, path) if type(element) in (dict, list) else ()
        return
    for name, child in value.items():
        step = name if _PLAIN_NAME(name) else "`" + name.replace("`", "``") + "`"
        child_path = f"{path}.{step}" if path else step
        yield child_path, _JSON_TYPES.get(type(child), "null")
        if type(child) in (dict, list):
            yield from _values(child, child_path)


def day_catalog(
    day: date, sources: Mapping[str, RawFiles], files: Mapping[str, Iterable[StoredFile]]
) -> dict[str, Any]:
    """The catalog of a day: its files (source, key, bytes, compression, framing) and the fields in their heads."""
    fields = Fields()
    described = []
    jobs = [(source, file) for source, found in files.items() for file in found]
    with ThreadPoolExecutor(_FILES_AT_ONCE) as threads:
        heads = threads.map(lambda job: sources[job[0]].store.read(job[1].key, HEAD_BYTES) or b"", jobs)
        for (source, file), head in zip(jobs, heads, strict=True):
            described.append(
                {"source": source, "key": file.key, "bytes": file.bytes, **describe(head, file.bytes, fields)}
            )
    return {
        "day": day.isoformat(),
        "bytes": sum(file["bytes"] for file in described),
        "files": described,
        "sampled_events": fields.events,
        "fields": fields.as_json(),
    }


def describe(head: bytes, size: int, fields: Fields) -> dict[str, str]:
    """The compression and framing of a file, from its first bytes; the fields of the events in them are added up."""
    text = _unpacked(head)
    if len(head) < size or len(text) == _HEAD_UNPACKED_BYTES:
        # The last event in the head may be cut; without it nothing here looks broken that is not.
        whole, line_end, _ = text.rpartition(b"\n")
        text = whole + line_end or text
    for event, _ in zip(Framer([text]).by_line(), range(_EVENTS_PER_FILE), strict=False):
        if event.fields is not None:
            fields.add(event.fields)
    return {
        "compression": "gzip" if head.startswith(b"\x1f\x8b") else "none",
        "framing": "lines" if _is_lines(text) else "stream",
    }


def _unpacked(head: bytes) -> bytes:
    pieces = []
    try:
        for block in unpacked_blocks(io.BytesIO(head)):
            pieces.append(block)
    except TruncatedStream:
        pass  # of course: it is only the head
    return b"".join(pieces)[:_HEAD_UNPACKED_BYTES]


def _is_lines(text: bytes) -> bool:
    """Whether most lines are one whole object. A broken line among good ones does not make a stream."""
    lines = [line for line in text.lstrip(b"\xef\xbb\xbf").splitlines() if line.strip()]
    whole = sum(parse(line.strip()).fields is not None for line in lines)
    return bool(lines) and 2 * whole > len(lines)


def encode(catalog: Mapping[str, Any]) -> bytes:
    """The catalog as the JSON text that is kept: indented, for people read it too."""
    return json.dumps(catalog, indent=1, ensure_ascii=False).encode()
