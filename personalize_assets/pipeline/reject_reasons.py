"""Which reasons the rejects of a dataset group may have."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from personalize_assets.conversion.mapping.event_mapper import TOO_MANY_ELEMENTS
from personalize_assets.conversion.reading.damage import UNPACKED_TOO_LARGE
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.framer import EVENT_TOO_LARGE, TOO_MANY_MALFORMED, UNCLOSED_ARRAY
from personalize_assets.conversion.reading.json_value import MALFORMED, NOT_AN_OBJECT, TOO_MANY_VALUES
from personalize_assets.conversion.reading.unwrapping import NO_EVENTS, NOT_JSON
from personalize_assets.pipeline.dataset_group import DatasetGroup

_OF_COLUMNS = ("missing", "bad_value", "too_long", "out_of_range")
KINDS = (
    UNREADABLE_FILE,
    UNPACKED_TOO_LARGE,
    TOO_MANY_MALFORMED,
    MALFORMED,
    NOT_AN_OBJECT,
    UNCLOSED_ARRAY,
    MALFORMED_ROW,
    EVENT_TOO_LARGE,
    TOO_MANY_VALUES,
    NOT_JSON,
    NO_EVENTS,
    *_OF_COLUMNS,
    "bad_timestamp",
    TOO_MANY_ELEMENTS,
)
"""All reasons, without the column or path that some name behind a colon."""


def why_no_reason(group: DatasetGroup, reason: str) -> str | None:
    """What to say of a reason, or a kind of reasons, that no reject of the group can have; None for one that some can.

    The columns are those that the config has now: rejects of older days may name others.
    """
    kind, _, rest = reason.partition(":")
    if kind not in KINDS:
        return _unknown(reason, _nearest(kind, KINDS), KINDS)
    if not rest:
        return None
    of_kind = _of_kind(group, kind) or [kind]
    return None if reason in of_kind else _unknown(reason, _nearest(reason, of_kind), of_kind)


def _of_kind(group: DatasetGroup, kind: str) -> list[str]:
    """The reasons of a kind, with what they name."""
    names: list[str] = []
    if kind in _OF_COLUMNS:
        names = [column.name for dataset in group.datasets.values() for column in dataset.columns]
    elif kind == NOT_JSON:
        names = [path for raw in group.sources.values() for path in raw.source.parse]
    return [f"{kind}:{name}" for name in dict.fromkeys(names)]


def _nearest(text: str, known: Sequence[str]) -> str:
    return next(iter(get_close_matches(text, known, n=1)), "")


def _unknown(reason: str, nearest: str, known: Sequence[str]) -> str:
    meant = f"; did you mean {nearest}?" if nearest else "."
    return f"{reason!r} is no reason of rejects{meant} Reasons are {', '.join(known)}."
