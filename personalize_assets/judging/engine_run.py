"""One run of an engine within a stage: what it wrote is deleted if it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from personalize_assets.errors import PersonalizeAssetsError


@contextmanager
def discarding(discard: Callable[[], None]) -> Iterator[None]:
    """Call ``discard`` if the block fails or is interrupted; the error stays the one of the block.

    A run that is killed leaves its files; they are deleted a day later, by the runs after it.
    """
    try:
        yield
    except BaseException as error:
        try:
            discard()
        except PersonalizeAssetsError as problem:
            error.add_note(f"The files that it wrote could not be deleted: {problem}")
        raise
