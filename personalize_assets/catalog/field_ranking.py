"""What scores of fields have in common: shares of events, the depth of a path, the ranking, and words for people."""

from __future__ import annotations

from collections.abc import Callable

from personalize_assets.catalog.observed_fields import Field, Observed

_DEPTH_PENALTY = 5
# For fields below `context`, which trackers repeat on every event.
_CONTEXT_PENALTY = 20
# Fields below this share of the best score are not named as alternatives.
_MIN_SHARE_OF_BEST = 0.4


def ranked(observed: Observed, score: Callable[[Field], float], least: float = _MIN_SHARE_OF_BEST) -> list[Field]:
    """The fields with a score above 0, the best first, down to the share ``least`` of the best score."""
    scored = sorted(((score(seen), seen) for seen in observed), key=lambda pair: (-pair[0], pair[1].path))
    return [seen for number, seen in scored if number > least * scored[0][0] and number > 0]


def depth_penalty(seen: Field) -> float:
    """What a field loses for each object around it."""
    steps = seen.steps
    return _DEPTH_PENALTY * (len(steps) - 1) + (_CONTEXT_PENALTY if steps[0] == "context" else 0)


def share(seen: Field, observed: Observed) -> float:
    """The share of all events that have a field."""
    return len(seen.at) / len(observed.events)


def share_of(at: set[int], wanted: set[int]) -> float:
    """The share of the wanted events that are among others; both by number."""
    return len(at & wanted) / len(wanted) if wanted else 0.0


def count_of(number: int, one: str) -> str:
    """A number and what is counted, in the plural unless it is one."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def example(seen: Field) -> str:
    """The most frequent value, at most 40 characters long, on one line."""
    text = seen.values.most_common(1)[0][0].replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"
