"""What must not be shown where people look at it: fields of events in rejects and samples, columns in profiles."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from msgspec import structs

from personalize_assets.conversion.contract import EVENT_NAMES, Dataset
from personalize_assets.conversion.mapping.paths import Path, is_relative_to_each, parse_path
from personalize_assets.conversion.mapping.values import is_null
from personalize_assets.conversion.reading.json_value import parse
from personalize_assets.conversion.spec import DayProfile, ExportProfile

ProfileT = TypeVar("ProfileT", DayProfile, ExportProfile)

MASK = "***"

_KNOWN_EVENTS = {name.lower() for names in EVENT_NAMES.values() for name in names}


def hashed_paths(dataset: Dataset) -> list[str]:
    """Where the values of hashed columns stand in an event: shown as they are, they would undo the hash."""
    return [_from_event(dataset, path) for column in dataset.columns if column.hash for path in column.paths]


def masked_columns(dataset: Dataset, masked: Iterable[str]) -> set[str]:
    """The columns that a preview of a dataset's rows must not show: made of what is masked, and not hashed."""
    hidden = [parse_path(path) for path in masked]
    return {
        column.name
        for column in dataset.columns
        for path in column.paths
        if not column.hash and any(_touch(parse_path(_from_event(dataset, path)), one) for one in hidden)
    }


def _from_event(dataset: Dataset, path: str) -> str:
    """A column's path as one that starts at the event."""
    is_relative = is_relative_to_each(path) and dataset.each
    return f"{dataset.each}.{path.partition('.')[2]}" if is_relative else path


def _touch(one: Path, other: Path) -> bool:
    """Whether one path leads to the other's end, or through it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def masked_profile(profile: ProfileT, columns: Collection[str]) -> ProfileT:
    """The profile of an export or a day without any value of these columns; counts and null cells stay.

    Ids and event types are replaced by numbers, so that they still differ. Event types defined by Personalize are not
    secret, and the checks need them: they stay.
    """
    hidden: dict[str, Any] = {"preview": _without(columns, profile.preview)}
    if profile.events is not None and "EVENT_TYPE" in columns:
        hidden["events"] = _numbered(profile.events, _KNOWN_EVENTS)
    if isinstance(profile, DayProfile):
        if "TIMESTAMP" in columns:
            hidden["times"] = ()
        return structs.replace(profile, **hidden)
    for ends in ("first", "last"):  # the least and the greatest are values of single rows
        hidden[ends] = {name: value for name, value in getattr(profile, ends).items() if name not in columns}
    hidden["ids"] = {
        name: structs.replace(ids, frequent=_numbered(ids.frequent)) if name in columns else ids
        for name, ids in profile.ids.items()
    }
    hidden["blamed"] = {
        problem: structs.replace(found, shown=_without(columns, found.shown))
        for problem, found in profile.blamed.items()
    }
    return structs.replace(profile, **hidden)


def _without(columns: Collection[str], rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {name: MASK if name in columns and value is not None else value for name, value in row.items()} for row in rows
    )


def _numbered(counts: Mapping[str, int], known: Collection[str] = ()) -> dict[str, int]:
    return {
        name if name.lower() in known else f"{MASK} {number}": rows
        for number, (name, rows) in enumerate(counts.items(), 1)
    }


class Mask:
    """Replaces the values at some paths of an event by ``***``. A path that crosses an array goes into each element.

    An object or array at the end of a path is replaced whole. Where a path breaks off at a text or a number, as where
    an object came as JSON within a text, that is replaced. Null and empty stay: that nothing was there is no secret.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = [parse_path(path) for path in dict.fromkeys(paths)]

    def __bool__(self) -> bool:
        return bool(self._paths)

    def event(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A copy of an event without what is masked."""
        # Through JSON, which copies events nested as deeply as they may be. What is too large for a number is null.
        shown: dict[str, Any] = json.loads(json.dumps(fields), parse_constant=lambda _: None)
        for path in self._paths:
            _mask(shown, path)
        return shown

    def raw(self, raw: bytes) -> str | None:
        """The text of an event without what is masked, written anew; None for what is no event.

        Nobody can tell where in broken text a masked value stands, so that none of it is shown.
        """
        fields = parse(raw).fields
        if fields is None:
            return None
        return json.dumps(self.event(fields), ensure_ascii=False, separators=(",", ":"))


def _mask(value: Any, path: Path) -> None:
    if type(value) is list:
        for number, element in enumerate(value):
            if type(element) in (dict, list):
                _mask(element, path)
            elif not is_null(element):
                value[number] = MASK
        return
    step, rest = path[0], path[1:]
    child = value.get(step)
    if is_null(child):
        return
    if rest and type(child) in (dict, list):
        _mask(child, rest)
    else:
        value[step] = MASK
