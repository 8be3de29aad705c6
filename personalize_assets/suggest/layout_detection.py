"""Where raw files lie below a URI and in which layout: told from their keys alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from personalize_assets.config import Source
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets.storage.object_store import StoredFile, open_store
from personalize_assets.storage.raw_files import RawFiles

# So many keys, taken evenly from all of them, tell the layout.
_KEYS_THAT_TELL = 2000
# How many folders may stand before what a layout begins with, and how many of it may be in the URI already.
_MOST_BELOW = 4
_MOST_ABOVE = 5
_ANY_DAY = date(1, 1, 1)


@dataclass
class Place:
    """``uri`` is what stands before the layout's own folders. ``why`` and ``others`` are for people."""

    uri: str
    layout: str
    files: dict[date, list[StoredFile]]
    raw: RawFiles
    why: str
    others: tuple[str, ...] = ()


def find(uri: str) -> Place:
    """The layout that most keys below ``uri`` follow, from whichever folder on; else ``flat``, which takes any key.

    Lists everything below ``uri``. Raises ``PersonalizeAssetsError`` if there is nothing.
    """
    store = open_store(uri)
    store.check_exists()
    flat = layout("flat", _ANY_DAY)
    keys = sorted(file.key for file in store.files() if flat.day_of(file.key) is not None)
    if not keys:
        raise PersonalizeAssetsError(f"{store.uri} holds no raw files; name the folder or s3://bucket/prefix of events")
    told = keys[:: max(1, len(keys) // _KEYS_THAT_TELL)]
    votes: Counter[tuple[str, str]] = Counter()
    for key in told:
        for name in LAYOUTS:
            start = _start(name, store.uri, key)
            if start is not None:
                votes[name, start] += 1
    ranked = [(name, start, count) for (name, start), count in votes.most_common() if 2 * count >= len(told)]
    if ranked:
        name, start, count = ranked[0]
        why = f"{count / len(told):.0%} of {len(keys):,} keys are like {layout(name, _ANY_DAY).example}"
        if start != store.uri:
            why += f", from {start} on"
        rest = [f"{other_start} ({other})" for (other, other_start), _ in votes.most_common(4)]
        others = tuple(text for text in rest if text != f"{start} ({name})")
    else:
        name, start, others = "flat", store.uri, ()
        why = f"the keys carry no day in a way known here, as {keys[0]}; all files count as one day's"
        if votes:
            others = tuple(f"{other_start} ({other})" for (other, other_start), _ in votes.most_common(3))
    raw = RawFiles(Source(uri=start, layout=name, start_date=_ANY_DAY))
    return Place(start, name, raw.all().days, raw, why, others)


def _start(name: str, uri: str, key: str) -> str | None:
    """What stands before the layout's part of a key: the URI, a folder below or above it. None: not this layout."""
    if name == "flat":
        return None
    found = layout(name, _ANY_DAY)
    for start, rest in _splits(uri, key.split("/")):
        if found.day_of("/".join(rest)) is not None:
            return start
    return None


def _splits(uri: str, parts: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """A key cut in two, at the URI first, then further and further below it, then above it."""
    for below in range(min(_MOST_BELOW, len(parts) - 1) + 1):
        yield "/".join([uri, *parts[:below]]), parts[below:]
    first = 3 if uri.startswith("s3://") else 1  # not above the bucket or the root
    folders = uri.split("/")
    for above in range(1, min(_MOST_ABOVE, len(folders) - first) + 1):
        yield "/".join(folders[:-above]), [*folders[-above:], *parts]
