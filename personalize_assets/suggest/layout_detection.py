"""Which layout the keys of raw files follow, and the prefix at which it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from personalize_assets.config import Source
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS, Layout, layout
from personalize_assets.storage.object_store import StoredObject, open_store
from personalize_assets.storage.raw_files import RawFiles
from personalize_assets.suggest.pattern_search import candidate_patterns

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
        layout: A name or a pattern, as in the config.
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


class _Choice(NamedTuple):
    """A layout, and the prefix at which its keys start."""

    name: str
    start: str

    @property
    def layout(self) -> Layout:
        return layout(self.name, _ANY_DAY)

    def rests(self, uri: str, keys: Sequence[str]) -> list[str]:
        """The keys below a URI that follow the layout, as relative to its prefix."""
        keys_of = self.layout
        rests = (_relative(self.start, uri, key) for key in keys)
        return [rest for rest in rests if rest is not None and keys_of.day_of(rest) is not None]

    def left(self, uri: str, keys: Sequence[str]) -> list[str]:
        """The keys below a URI that do not."""
        covered = set(self.rests(uri, keys))
        return [key for key in keys if _relative(self.start, uri, key) not in covered]


def detect_layout(uri: str) -> DetectedLayout:
    """The layout that at least half of the keys below ``uri`` follow from one prefix on; else ``flat``.

    A named one if it holds as many keys as any pattern. Lists everything below ``uri``.

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
    ranked = _ranked(store.uri, sample)
    if ranked and 2 * ranked[0][1] >= len(sample):
        chosen, count = ranked[0]
        why = _reason(chosen, count / len(sample), store.uri, keys)
        others = _others(store.uri, chosen.left(store.uri, sample))
    else:
        chosen = _Choice("flat", store.uri)
        why = f"the keys carry no day in a way known here, as {keys[0]}; all files count as one day's"
        others = _others(store.uri, sample)
    raw = RawFiles(Source(uri=chosen.start, layout=chosen.name, start_date=_ANY_DAY))
    return DetectedLayout(
        chosen.start, chosen.name, raw.all().days, raw, why, tuple(f"{start} ({name})" for name, start in others)
    )


def _others(uri: str, keys: Sequence[str]) -> list[_Choice]:
    """The layouts of keys, each that of most keys which are left by those before it."""
    found: list[_Choice] = []
    while len(found) < _MOST_OTHERS and (ranked := _ranked(uri, keys)):
        found.append(ranked[0][0])
        keys = found[-1].left(uri, keys)
    return found


def _reason(chosen: _Choice, share: float, uri: str, keys: Sequence[str]) -> str:
    """Why a layout was chosen: how many keys follow it, and how they look."""
    rests = chosen.rests(uri, keys)
    if chosen.name in LAYOUTS:
        keys_of = chosen.layout
        (example, _), *_ = Counter(keys_of.example_of(rest) for rest in rests[:_MOST_SAMPLED_KEYS]).most_common(1)
        why = f"{share:.0%} of {len(keys):,} keys are like {example}"
    else:
        why = f"covers {len(rests):,} of {len(keys):,} keys, as {rests[0]}"
        if chosen.layout.days_share_prefixes:
            why += "; the day is not in front, so each listing of a day reads the names of all files"
    return why if chosen.start == uri else f"{why}, from {chosen.start} on"


def _ranked(uri: str, keys: Sequence[str]) -> list[tuple[_Choice, int]]:
    """Layouts by how many of the keys follow them; of those with as many, names first."""
    votes: Counter[_Choice] = Counter()
    for key in keys:
        for name in LAYOUTS:
            start = _start(name, uri, key)
            if start is not None:
                votes[_Choice(name, start)] += 1
    for choice, count in _patterns(uri, keys):
        votes[choice] = max(votes[choice], count)
    return votes.most_common()


def _patterns(uri: str, keys: Sequence[str]) -> Iterator[tuple[_Choice, int]]:
    """The patterns that keys follow from the URI on, and how many follow each."""
    for candidate in candidate_patterns(keys):
        choice = _Choice(candidate.pattern, uri)
        try:
            yield choice, len(choice.rests(uri, keys))
        except ValueError:  # no pattern can say where its number ends
            continue


def _relative(start: str, uri: str, key: str) -> str | None:
    """A key below a URI as relative to a prefix above or below that; None if it is not below the prefix."""
    whole = f"{uri}/{key}"
    return whole[len(start) + 1 :] if whole.startswith(f"{start}/") else None


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
    """Prefix and rest of a key: split at the URI first, then ever further below it, then above it.

    A folder named ``column=value`` is no part of a prefix: there are others with other values.
    """
    for below in range(min(_MOST_FOLDERS_BELOW, len(parts) - 1) + 1):
        if below and "=" in parts[below - 1]:
            break
        yield "/".join([uri, *parts[:below]]), parts[below:]
    first = 3 if uri.startswith("s3://") else 1  # not above the bucket or the root
    folders = uri.split("/")
    for above in range(1, min(_MOST_FOLDERS_ABOVE, len(folders) - first) + 1):
        yield "/".join(folders[:-above]), [*folders[-above:], *parts]
