"""The books of a day: whether everything that was read has come out somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def unbalanced_books(books: Mapping[str, Any]) -> str | None:
    """What does not add up in what was read of a source on a day; None if all does."""
    malformed = sum(books["malformed"].values())
    if books["read"] == books["wanted"] + books["not_wanted"] + malformed:
        return None
    return (
        f"{books['read']} events read, but {books['wanted']} wanted + {books['not_wanted']} not wanted + "
        f"{malformed} malformed"
    )


def unbalanced_rows(commit: Mapping[str, Any]) -> str | None:
    """What does not add up in a dataset's day; None if all does."""
    rejected = sum(commit["rejected"].values())
    if commit["rows"] == commit["kept"] + rejected:
        return None
    return f"{commit['rows']} rows, but {commit['kept']} kept + {rejected} rejected"


def is_closed(books: Mapping[str, Any], commit: Mapping[str, Any]) -> bool:
    """Whether a day was read and converted, and both add up."""
    return "read" in books and not unbalanced_books(books) and not unbalanced_rows(commit)
