"""Which layout the keys of raw files follow, and the prefix at which it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from personalize_assets.config import Source
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets.storage.object_store import StoredObject, open_store
from personalize_assets.storage.raw_files import RawFiles

_MOST_SAMPLED_KEYS = 2000
# Folders between the URI and the first folder of a layout; and folders of the layout that the URI may hold already.
_MOST_FOLDERS_BELOW = 4
_MOST_FOLDERS_ABOVE = 5
_MOST_OTHERS = 3
_ANY_DAY = date(1, 1, 1)


@dataclass(frozen=True)
class DetectedLayout:
    """The layout of a source.

    Attributes:
        uri: The folder or prefix in which the layout's keys start.
        files: The raw files by arrival day.
        raw: The same source, to read them.
        why: The reason, for people.
        others: Other prefixes with a layout, for people: ``s3://bucket/prefix (name)``.
    """

    uri: str
    layout: str
    files: Mapping[date, Sequence[StoredObject]]
    raw: RawFiles
    why: str
    others: tuple[str, ...] = ()


def detect_layout(uri: str) -> DetectedLayout:
    """The layout that at least half of the keys below ``uri`` follow from one prefix on; else ``flat``.

    Lists everything below ``uri``.

    Raises:
        PersonalizeAssetsError: There is nothing, or it cannot be listed.
    """
    store = open_store(uri, follow_links=False)
    store.check_exists()
    flat = layout("flat", _ANY_DAY)
    keys = sorted(file.key for file in store.files() if not file.problem and flat.day_of(file.key))
    if not keys:
        raise PersonalizeAssetsError(f"{store.uri} holds no raw files; name the folder or s3://bucket/prefix of events")
    sample = keys[:: max(1, len(keys) // _MOST_SAMPLED_KEYS)]
    votes: Counter[tuple[str, str]] = Counter()
    for key in sample:
        for name in LAYOUTS:
            start = _start(name, store.uri, key)
            if start is not None:
                votes[name, start] += 1
    ranked = votes.most_common(_MOST_OTHERS + 1)
    if ranked and 2 * ranked[0][1] >= len(sample):
        ((name, start), count), *rest = ranked
        why = f"{count / len(sample):.0%} of {len(keys):,} keys are like {layout(name, _ANY_DAY).example}"
        if start != store.uri:
            why += f", from {start} on"
    else:
        name, start, rest = "flat", store.uri, ranked[:_MOST_OTHERS]
        why = f"the keys carry no day in a way known here, as {keys[0]}; all files count as one day's"
    others = tuple(f"{other_start} ({other})" for (other, other_start), _ in rest)
    raw = RawFiles(Source(uri=start, layout=name, start_date=_ANY_DAY))
    return DetectedLayout(start, name, raw.all().days, raw, why, others)


def _start(name: str, uri: str, key: str) -> str | None:
    """The prefix at which a key starts to follow a layout: the URI, or a folder below or above it; None if nowhere."""
    if name == "flat":
        return None
    keys = layout(name, _ANY_DAY)
    for start, rest in _splits(uri, key.split("/")):
        if keys.day_of("/".join(rest)) is not None:
            return start
    return None


def _splits(uri: str, parts: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Prefix and rest of a key: split at the URI first, then ever further below it, then above it."""
    for below in range(min(_MOST_FOLDERS_BELOW, len(parts) - 1) + 1):
        yield "/".join([uri, *parts[:below]]), parts[below:]
    first = 3 if uri.startswith("s3://") else 1  # not above the bucket or the root
    folders = uri.split("/")
    for above in range(1, min(_MOST_FOLDERS_ABOVE, len(folders) - first) + 1):
        yield "/".join(folders[:-above]), [*folders[-above:], *parts]
