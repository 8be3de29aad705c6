"""Both ways to read a file, with the same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from personalize_assets.conversion.reading.framer import Batch, Framer, WholeEvents, everything
from personalize_assets.conversion.reading.json_value import Event

PATHS = ("in_batches", "one_by_one")


def read_on(path: str, framer: Framer, may_match: Callable[[bytes], bool] = everything) -> Iterator[Event]:
    """The events of a framer; those that cannot be wanted are added to what it skipped."""
    if path == "one_by_one":
        yield from framer.one_by_one()
        return
    for found in framer.batches(WholeEvents(may_match)):
        if not isinstance(found, Batch):
            yield found
            continue
        for raw, fields in zip(found.raws, found.values, strict=True):
            if fields is None:
                framer.skipped += 1
            else:
                yield Event(raw, fields)


def framed(
    path: str, blocks: Iterable[bytes], may_match: Callable[[bytes], bool] = everything
) -> tuple[list[Event], int]:
    """The events of a file in blocks, and how many were skipped."""
    framer = Framer(blocks, may_match)
    return list(read_on(path, framer, may_match)), framer.skipped
