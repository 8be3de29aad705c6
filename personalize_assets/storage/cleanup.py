"""Deletes what is no longer needed, as far as that is possible: no run fails because of what stays.

What could not be deleted is counted, and one warning a run says how much it is and what right is missing
(``warned_once``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.object_store import NOTHING_LEFT, ObjectStore, StoreError, Undeleted

_LOG = logging.getLogger(__name__)


class _Tally:
    """What stays of all that was to be deleted in a run. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = NOTHING_LEFT

    def add(self, left: Undeleted) -> None:
        with self._lock:
            self._left += left

    def warning(self) -> str | None:
        left = self._left
        if not left:
            return None
        what = "1 file" if left.files == 1 else f"{left.files:,} files"
        return (
            f"{what} that nothing needs any more could not be deleted: {left.reason}. The results are complete; "
            "what stays takes room, and later runs try again"
        )


_tallies: list[_Tally] = []


@contextmanager
def warned_once(warn: Callable[[str], None]) -> Iterator[None]:
    """Count what cannot be deleted in this block, and give one warning at its end, also if the block fails.

    Of blocks within each other, the innermost one counts.
    """
    tally = _Tally()
    _tallies.append(tally)
    try:
        yield
    finally:
        _tallies.remove(tally)
        if warning := tally.warning():
            warn(warning)


def remove(store: ObjectStore, keys: Iterable[str]) -> bool:
    """Delete files; False if some stay. Missing ones are ignored."""
    return _counted(lambda: store.try_delete(keys))


def remove_unfinished(store: ObjectStore, prefixes: Sequence[str]) -> bool:
    """Delete what processes that were killed more than a day ago left of files that they had begun; False if some stay.

    Args:
        prefixes: The beginnings of keys that only we write.
    """
    return _counted(lambda: store.delete_unfinished(prefixes))


def attempt(clean: Callable[[], None]) -> bool:
    """Call what looks for things to delete; False if it fails, which is counted as something that stays."""

    def counted() -> Undeleted:
        try:
            clean()
        except PersonalizeAssetsError as error:
            return Undeleted(1, str(error))
        return NOTHING_LEFT

    return _counted(counted)


def _counted(delete: Callable[[], Undeleted]) -> bool:
    try:
        left = delete()
    except StoreError as error:  # what is there cannot even be listed
        left = Undeleted(1, str(error))
    if left and _tallies:
        _tallies[-1].add(left)
    elif left:
        _LOG.warning("%d files could not be deleted: %s", left.files, left.reason)
    return not left
