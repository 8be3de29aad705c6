"""Both ways to read a file, which must give the same events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from personalize_assets.conversion.reading.batches import whole_events
from personalize_assets.conversion.reading.framer import Framer, everything
from personalize_assets.conversion.reading.json_value import Event

PATHS = ("in_batches", "one_by_one")


def read_on(path: str, framer: Framer, may_match: Callable[[bytes], bool] = everything) -> Iterator[Event]:
    """The events of a framer; those that cannot be wanted are added to what it skipped."""
    return framer.one_by_one() if path == "one_by_one" else whole_events(framer, may_match)


def framed(
    path: str, blocks: Iterable[bytes], may_match: Callable[[bytes], bool] = everything
) -> tuple[list[Event], int]:
    """The events of a file in blocks, and how many were skipped."""
    framer = Framer(blocks, may_match)
    return list(read_on(path, framer, may_match)), framer.skipped
