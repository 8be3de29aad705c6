"""Where events hold ids in other than plain fields: in JSON within text, in arrays of arrays, and the like.

What is found here is reported with how to reach it, if a config can, and is never guessed at: a config that maps other
fields instead would lose events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.field_stats import path_of
from personalize_assets.catalog.observed_fields import is_numbered

_MAX_TEXT_CHARS = 100_000
_MAX_DEPTH = 8
_MAX_NAMES = 5
_KEY_NAMES, _VALUE_NAMES = ("key", "Key"), ("value", "Value", "values")
# Names that score less are found in any object.
_ROLE_SCORE = 60


@dataclass
class UnmappedPlace:
    """A place in events that holds ids and that `suggest` does not map.

    Attributes:
        path: Of the text, array or object.
        form: What it is, for people; it begins a clause: ``text that holds JSON``.
        way: How a config reaches what is there, or that none does; it ends the clause.
        names: Fields, or keys, in it that could be ids, times or names of events; the likeliest first.
        at: Numbers of the events that have it.
    """

    path: str
    form: str
    way: str
    names: tuple[str, ...] = ()
    at: set[int] = field(default_factory=set)

    @property
    def is_text(self) -> bool:
        """Whether it is a text that holds JSON."""
        return self.form == _JSON_TEXT.form

    @property
    def why(self) -> str:
        """What is there and how it is reached, for people."""
        found = f" ({', '.join(self.names)})" if self.names else ""
        way = self.way.format(path=self.path, name=self.names[0] if self.names else "")
        return f"`{self.path}` is {self.form}{found}, {way}"


def unmapped_places(events: Sequence[Mapping[str, Any]]) -> list[UnmappedPlace]:
    """All such places with ids, times or names of events; those of most events first."""
    found: dict[tuple[str, _Form], UnmappedPlace] = {}
    inside: dict[tuple[str, _Form], dict[str, int]] = {}
    for number, event in enumerate(events):
        for path, form, scores in _places(event, "", 0, in_array=False):
            place = found.setdefault((path, form), UnmappedPlace(path, *form))
            place.at.add(number)
            inside.setdefault((path, form), {}).update(scores)
    for key, place in found.items():
        ranked = sorted(inside[key].items(), key=lambda pair: (-pair[1], pair[0]))
        place.names = tuple(name for name, _ in ranked[:_MAX_NAMES])
    return sorted(found.values(), key=lambda place: (-len(place.at), place.path, place.form))


class _Form(NamedTuple):
    """What a place is, and how a config reaches it."""

    form: str
    way: str


_JSON_TEXT = _Form("text that holds JSON", "which `source.parse: [{path}]` decodes")
_EVENTS = _Form("an array of whole events", "which `source.events: {path}` reads as such")
_NUMBERED = _Form("an object whose names are numbers and not an array", "of which `each: {path}` takes the values")
_PLAIN_IDS = _Form("an array of plain ids and not of objects", "which `each: {path}` with ITEM_ID: each reads")
_KEYS = "an array of keys and values"
_NESTED = _Form("an array within an array", "through which `each: {path}` goes")
_Place = tuple[str, _Form, dict[str, int]]


def _places(value: Mapping[str, Any], path: str, depth: int, *, in_array: bool) -> Iterator[_Place]:
    """Places below an object, each with its form and the scores of the names in it."""
    for name, child in value.items():
        if not name or depth > _MAX_DEPTH:
            continue
        child_path = path_of(path, name)
        if type(child) is dict:
            if is_numbered(child):
                if scores := _scores(list(child.values()), name):
                    yield child_path, _NUMBERED, scores
            else:
                yield from _places(child, child_path, depth + 1, in_array=in_array)
        elif type(child) is list:
            yield from _in_list(child, child_path, name, depth, in_array=in_array)
        elif type(child) is str and child[:1] in ("{", "[") and (scores := _in_text(child, name)):
            yield child_path, _JSON_TEXT, scores


def _in_list(values: list[Any], path: str, name: str, depth: int, *, in_array: bool) -> Iterator[_Place]:
    objects = [one for one in values if type(one) is dict]
    if not objects:
        plain = [one for one in values if type(one) in (str, int)]
        if plain and names.items(name):
            yield path, _PLAIN_IDS, {}
        return
    if keys := _keys(objects):
        scores = {key: _score(key, "") for key in keys}
        if scores := {key: score for key, score in scores.items() if score >= _ROLE_SCORE}:
            key = next(name for name in _KEY_NAMES if name in objects[0])
            value = next(name for name in _VALUE_NAMES if name in objects[0])
            way = f"where a path such as `{{path}}[{key}={{name}}].{value}` leads to a value"
            yield path, _Form(_KEYS, way), scores
        return
    if in_array:
        if scores := _scores(objects, name):
            yield path, _NESTED, scores
        return
    if _are_events(objects):
        yield path, _EVENTS, _scores(objects, name)
    for one in objects:
        yield from _places(one, path, depth + 1, in_array=True)


def _keys(objects: list[dict[str, Any]]) -> list[str]:
    """The keys of an array of keys and values; empty if it is another array."""
    keys: list[str] = []
    for one in objects:
        key = next((one[name] for name in _KEY_NAMES if type(one.get(name)) is str), None)
        if key is None or not any(name in one for name in _VALUE_NAMES):
            return []
        keys.append(key)
    return keys


def _are_events(objects: list[dict[str, Any]]) -> bool:
    """Whether the elements are events of their own: each has a time, and its name, its user or its id."""
    scalars = [{name for name, value in one.items() if type(value) in (str, int, float)} for one in objects]
    return all(
        any(names.time(name) >= _ROLE_SCORE for name in found)
        and any(
            names.event(name) >= _ROLE_SCORE or names.user(name, "") or names.message(name) > names.message("id")
            for name in found
        )
        for found in scalars
    )


def _in_text(text: str, name: str) -> dict[str, int]:
    if len(text) > _MAX_TEXT_CHARS:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return _scores([value], name)


def _scores(values: list[Any], parent: str, depth: int = 0) -> dict[str, int]:
    """The names of scalars in values, however deep, that could be ids, times or names of events, with their scores."""
    found: dict[str, int] = {}
    for value in values:
        if depth > _MAX_DEPTH:
            break
        if type(value) is str and value[:1] in ("{", "["):
            found |= _in_text(value, parent) if depth < 3 else {}
        elif type(value) is list:
            found |= _scores(value, parent, depth + 1)
        elif type(value) is dict:
            for name, child in value.items():
                if type(child) in (dict, list) or (type(child) is str and child[:1] in ("{", "[")):
                    found |= _scores([child], parent if name.isdigit() else name, depth + 1)
                elif child is not None and (score := _score(name, parent)) >= _ROLE_SCORE:
                    found[name] = score
    return found


def _score(name: str, parent: str) -> int:
    return max(names.item(name, parent), names.user(name, parent), names.time(name, parent), names.event(name, parent))
