"""Values that must not reach people: fields of events in rejects and samples, columns in previews and profiles."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from msgspec import structs

from personalize_assets.conversion.contract import EVENT_NAMES, Dataset
from personalize_assets.conversion.mapping.paths import (
    EACH,
    EVERY,
    Path,
    Pick,
    is_relative_to_each,
    names_of,
    parse_path,
)
from personalize_assets.conversion.mapping.values import is_null
from personalize_assets.conversion.reading.json_value import parse
from personalize_assets.conversion.spec import DayProfile, ExportProfile

ProfileT = TypeVar("ProfileT", DayProfile, ExportProfile)

MASK = "***"
"""What replaces a masked value."""

_PUBLIC_EVENT_TYPES = {name.lower() for names in EVENT_NAMES.values() for name in names}


def hashed_paths(dataset: Dataset) -> list[str]:
    """Return the paths of hashed columns, from the event on: to show the plain values would defeat the hash."""
    return event_paths(dataset, [column.name for column in dataset.columns if column.hash])


def event_paths(dataset: Dataset, columns: Collection[str]) -> list[str]:
    """Return the paths of some columns, from the event on."""
    return [_from_event(dataset, path) for column in dataset.columns if column.name in columns for path in column.paths]


def masked_columns(dataset: Dataset, masked: Iterable[str]) -> set[str]:
    """Return the columns whose values are masked: those made of masked paths, unless they are hashed."""
    masked_paths = [parse_path(path) for path in masked]
    return {
        column.name
        for column in dataset.columns
        for path in column.paths
        if not column.hash and any(_overlap(parse_path(_from_event(dataset, path)), one) for one in masked_paths)
    }


def _from_event(dataset: Dataset, path: str) -> str:
    """Return a column's path as one that starts at the event."""
    if not is_relative_to_each(path) or not dataset.each:
        return path
    of_element = path.removeprefix(EACH)
    # `each` may be an object, whose values are the elements.
    return f"{dataset.each}{EVERY}{of_element}" if of_element else dataset.each


def _overlap(one: Path, other: Path) -> bool:
    """Whether the paths are equal, or one leads to what is below the other's end."""
    one, other = names_of(one), names_of(other)
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def masked_profile(profile: ProfileT, columns: Collection[str]) -> ProfileT:
    """Mask the values of these columns in the profile of an export or a day. Counts stay, and so do null cells.

    Ids and event types are replaced by numbered masks. Event types that Personalize itself defines are no secret and
    stay, since checks need them. A profile that is masked already comes out unchanged.
    """
    masked: dict[str, Any] = {"preview": _masked_rows(columns, profile.preview)}
    if profile.events is not None and "EVENT_TYPE" in columns:
        masked["events"] = _numbered_masks(profile.events, _PUBLIC_EVENT_TYPES)
    if isinstance(profile, DayProfile):
        if "TIMESTAMP" in columns:
            masked["times"] = ()
        return structs.replace(profile, **masked)
    for ends in ("first", "last"):  # minima and maxima are values of single rows
        masked[ends] = {name: value for name, value in getattr(profile, ends).items() if name not in columns}
    masked["ids"] = {
        name: structs.replace(ids, frequent=_numbered_masks(ids.frequent)) if name in columns else ids
        for name, ids in profile.ids.items()
    }
    masked["alike"] = {
        name: ((MASK, MASK),) * len(groups) if name in columns else groups for name, groups in profile.alike.items()
    }
    masked["blamed"] = {
        problem: structs.replace(found, shown=_masked_rows(columns, found.shown))
        for problem, found in profile.blamed.items()
    }
    return structs.replace(profile, **masked)


def _masked_rows(columns: Collection[str], rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {name: MASK if name in columns and value is not None else value for name, value in row.items()} for row in rows
    )


def _numbered_masks(counts: Mapping[str, int], public: Collection[str] = ()) -> dict[str, int]:
    return {
        name if name.lower() in public else f"{MASK} {number}": rows
        for number, (name, rows) in enumerate(counts.items(), 1)
    }


class Mask:
    """Replaces the values at some paths of an event by ``***``. A path that crosses an array goes into each element.

    An object or array at the end of a path is replaced as a whole. Where a path ends early at a text or a number, such
    as an object encoded as JSON text, that is replaced. Null and empty values stay.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        """``paths`` start at the event, as in ``parse_path``."""
        self._paths = [parse_path(path) for path in dict.fromkeys(paths)]

    def __bool__(self) -> bool:
        """Whether it masks anything."""
        return bool(self._paths)

    def event(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a masked copy of an event."""
        # By way of JSON, which copies events of any allowed depth. Numbers beyond a double (infinity) become null.
        copy: dict[str, Any] = json.loads(json.dumps(fields), parse_constant=lambda _: None)
        for path in self._paths:
            _mask(copy, path)
        return copy

    def raw(self, raw: bytes) -> str | None:
        """Return the masked text of an event, serialized again.

        None for bytes that are no event: in broken text, masked values cannot be located.
        """
        fields = parse(raw).fields
        if fields is None:
            return None
        return json.dumps(self.event(fields), ensure_ascii=False, separators=(",", ":"))


def _mask(value: Any, path: Path) -> None:
    """Mask in place what is at ``path`` in an object or array; of a pick, in every element that it could pick."""
    if path[0] == EVERY and type(path[0]) is Pick:
        if type(value) is list:
            _mask(value, path[1:])
            return
        for name, child in value.items():
            if type(child) in (dict, list):
                _mask(child, path[1:])
            elif not is_null(child):
                value[name] = MASK
        return
    if type(path[0]) is Pick:
        for element in path[0].all_of(value):
            if path[1:]:
                _mask(element, path[1:])
            else:
                element.update(dict.fromkeys(element, MASK))
        return
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
