"""What is wrong with a config, one line a problem: where, what was found, what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from personalize_assets.config.loading import Location
from personalize_assets.errors import PersonalizeAssetsError

Problem = tuple[Location, str]


class ConfigError(PersonalizeAssetsError):
    """A config that cannot be used. `str()` is one line a problem, beginning with the file or variable at fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def config_error(
    name: str, problems: Sequence[Problem], values: Mapping[str, Any], origins: Mapping[Location, str]
) -> ConfigError:
    """The problems in the order of the values, each once, under the name of the file or of the variable at fault."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: _position(values, problem[0]))
    lines = []
    for location, message in ordered:
        start = _variable(location, values, origins) or name
        lines.append(f"{start}: {'.'.join(location)}: {message}" if location else f"{start}: {message}")
    return ConfigError(lines)


def _variable(location: Location, values: Mapping[str, Any], origins: Mapping[Location, str]) -> str | None:
    """The variable that gave the value at or around a place, or that alone made the place exist."""
    for length in range(len(location), 0, -1):
        if location[:length] in origins:
            return origins[location[:length]]
    below = [origin for origin in origins if origin[: len(location)] == location]
    node: Any = values
    for key in location:
        node = node.get(key) if isinstance(node, Mapping) else None
    if (
        below
        and isinstance(node, Mapping)
        and {(*location, key) for key in node} <= {b[: len(location) + 1] for b in below}
    ):
        return origins[below[0]]
    return None


def _position(values: Any, location: Location) -> tuple[int, ...]:
    position = []
    for key in location:
        if not isinstance(values, Mapping):
            break
        keys = list(values)
        position.append(keys.index(key) if key in values else len(keys))
        values = values.get(key)
    return tuple(position)


def problems_of(error: ValidationError, model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[Problem]:
    """pydantic's errors in the words of this package. Errors of type `mapping` carry their own list of problems."""
    found = [(_location(detail, values), detail) for detail in error.errors()]
    unknown = [location for location, detail in found if detail["type"] == "extra_forbidden"]
    misspelt = {(*location[:-1], key) for location in unknown for key in _near(model, location)}
    for location, detail in found:
        if detail["type"] == "mapping":
            for inner, message in detail["ctx"]["problems"]:
                yield (*location, *inner), message
        elif detail["type"] != "missing" or location not in misspelt:
            yield location, _message(detail, location, model)


def _location(detail: ErrorDetails, values: Any) -> Location:
    location = tuple(key for key in detail["loc"] if isinstance(key, str) and key != "[key]")
    for key in location[:-1]:
        values = values.get(key) if isinstance(values, Mapping) else None
    # The path of a column that stands as its path alone is the column itself.
    return location[:-1] if location[-1:] == ("path",) and not isinstance(values, Mapping) else location


def _message(detail: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, found = detail["type"], detail["input"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "extra_forbidden":
        keys = _keys(model, location[:-1])
        meant = "".join(f"did you mean {key!r}? " for key in _near(model, location))
        return f"unknown key; {meant}use one of {', '.join(keys)}"
    if kind == "missing":
        field = _field(model, location)
        return f"missing; write {field.description if field else 'it'}"
    if kind in ("model_type", "model_attributes_type"):
        return f"found {shown(found)}; write a mapping with the keys {', '.join(_keys(model, location))}"
    if kind == "dict_type":
        return f"found {shown(found)}; write a mapping"
    if kind == "string_type":
        quoted = f', as "{found}"' if isinstance(found, int | float) and not isinstance(found, bool) else ""
        return f"found {shown(found)}; write text{quoted}"
    if kind in ("bool_type", "bool_parsing"):
        return f"found {shown(found)}; write true or false"
    return f"found {shown(found)}; {detail['msg']}"


def shown(value: object) -> str:
    """A value as a message names it: mappings, lists and nothing by their kind, the rest as it was written."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else repr(value)


def _field(model: type[BaseModel], location: Location) -> FieldInfo | None:
    parent = _model(model, location[:-1])
    return parent.model_fields.get(location[-1]) if parent else None


def _keys(model: type[BaseModel], location: Location) -> list[str]:
    parent = _model(model, location)
    return list(parent.model_fields) if parent else []


def _near(model: type[BaseModel], location: Location) -> list[str]:
    """The one key that an unknown key is probably meant to be, if any."""
    return difflib.get_close_matches(location[-1].lower(), _keys(model, location[:-1]), n=1)


def _model(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The model of the mapping at a place; None where the user names the keys."""
    at: Any = model
    for key in location:
        if isinstance(at, type) and issubclass(at, BaseModel):
            field = at.model_fields.get(key)
            at = _without_none(field.annotation) if field else None
        else:
            at = get_args(at)[1] if get_origin(at) is dict else None
    return at if isinstance(at, type) and issubclass(at, BaseModel) else None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        return next(arg for arg in get_args(annotation) if arg is not type(None))
    return annotation
