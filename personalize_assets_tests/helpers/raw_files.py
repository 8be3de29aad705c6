"""What raw files hold, read back without the package's own readers: to check what `generate` wrote."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from personalize_assets.layouts import layout

START = date(2026, 10, 1)
WANTED = {"Product Clicked", "Product Added", "Order Completed"}

Event = dict[str, Any]


def files_in(root: Path) -> dict[str, bytes]:
    """Key -> bytes of every file under a folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def unzipped(content: bytes) -> bytes:
    """The content of a file, unpacked if it is gzip."""
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def objects_in(content: bytes) -> Iterator[Event]:
    """The whole JSON objects of a file, however they are framed; after a broken one, on from the next line."""
    text, decoder, at = unzipped(content).decode(), json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            found, at = decoder.raw_decode(text, at)
            yield found
        except ValueError:
            at = text.find("\n", at)
            if at < 0:
                return


def arrived(root: Path, name: str = "segment") -> list[tuple[date, str, Event]]:
    """Every whole event with the day and the key it arrived under."""
    keys = layout(name, START)
    days = {key: keys.day_of(key) for key in files_in(root)}
    return [
        (day, key, event)
        for key, content in files_in(root).items()
        if (day := days[key])
        for event in objects_in(content)
    ]


def lines_in(root: Path) -> list[bytes]:
    """Every line of every file, unpacked."""
    return [
        line
        for key, content in files_in(root).items()
        if "dummy-object" not in key
        for line in unzipped(content).splitlines()
    ]


def event_day(event: Event) -> date:
    """The UTC day of an event's `timestamp`, in any of its forms."""
    time = event["timestamp"]
    if isinstance(time, int):
        return datetime.fromtimestamp(time / 1000 if time > 10**11 else time, UTC).date()
    return datetime.fromisoformat(time).astimezone(UTC).date()
