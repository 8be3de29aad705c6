"""``ConfigError``, and the wording of what pydantic finds: where, what was found, what to write instead.

What does not belong here: deciding what is wrong (``fields``, ``models``, ``validation``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from personalize_assets.errors import PersonalizeAssetsError

Location = tuple[str, ...]
"""The keys that lead to a value, outermost first. A column's name is one key, even with a dot in it."""
Problem = tuple[Location, str]
"""Where, and a message that says what was found and what to write."""


class ConfigError(PersonalizeAssetsError):
    """A config that cannot be used. ``str()`` is one line a problem, each starting with the file or variable at fault.

    Attributes:
        problems: The lines.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        """``problems`` are finished lines: ``file: key.key: message``."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def config_error(
    name: str,
    problems: Sequence[Problem],
    values: Mapping[str, Any],
    variable_of: Callable[[Location], str | None] = lambda location: None,
) -> ConfigError:
    """The problems as one error: in the order of the keys in ``values``, each once.

    Args:
        name: The file's name as the user gave it; it starts the line of each problem that no variable caused.
        variable_of: The environment variable that set the value at a location, if any.
    """
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: _position(values, problem[0]))
    return ConfigError(
        [": ".join(filter(None, (variable_of(where) or name, ".".join(where), what))) for where, what in ordered]
    )


def problems_of(error: ValidationError, model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[Problem]:
    """pydantic's errors as problems. A key that is missing because it was misspelt is reported at the misspelling only.

    Args:
        model: The model that was validated.
        values: What it was validated with.
    """
    found = [(_location(detail, values), detail) for detail in error.errors()]
    unknown = [location for location, detail in found if detail["type"] == "extra_forbidden"]
    misspelt = {(*location[:-1], key) for location in unknown for key in _near(model, location)}
    for location, detail in found:
        if detail["type"] != "missing" or location not in misspelt:
            yield location, _message(detail, location, model)


def format_value(value: object) -> str:
    """A value as a message shows it: ``nothing``, ``a mapping`` or ``a list`` for these, else as it was written."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else repr(value)


def _position(values: Any, location: Location) -> tuple[int, ...]:
    """A sort key: the index of each key of a location in its mapping; absent keys come last."""
    position = []
    for key in location:
        if not isinstance(values, Mapping):
            break
        keys = list(values)
        position.append(keys.index(key) if key in values else len(keys))
        values = values.get(key)
    return tuple(position)


def _location(detail: ErrorDetails, values: Any) -> Location:
    """pydantic's location without indexes of lists and without its marks for keys of mappings."""
    location = tuple(key for key in detail["loc"] if isinstance(key, str) and key != "[key]")
    for key in location[:-1]:
        values = values.get(key) if isinstance(values, Mapping) else None
    # `PRICE: price` is validated as `PRICE: {path: price}`: its `path` is the column itself in the file.
    return location[:-1] if location[-1:] == ("path",) and not isinstance(values, Mapping) else location


def _message(detail: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, found = detail["type"], detail["input"]
    match kind:
        case "value_error":  # raised by `fields` or `models`, in this package's words already
            return str(detail["ctx"]["error"])
        case "extra_forbidden":
            meant = "".join(f"did you mean {key!r}? " for key in _near(model, location))
            return f"unknown key; {meant}use one of {', '.join(_keys(model, location[:-1]))}"
        case "missing":
            field = _field(model, location)
            return f"missing; write {field.description if field else 'it'}"
        case "model_type" | "model_attributes_type":
            return f"found {format_value(found)}; write a mapping with the keys {', '.join(_keys(model, location))}"
        case "dict_type":
            return f"found {format_value(found)}; write a mapping"
        case "string_type":
            quoted = f', as "{found}"' if isinstance(found, int | float) and not isinstance(found, bool) else ""
            return f"found {format_value(found)}; write text{quoted}"
        case "bool_type" | "bool_parsing":
            return f"found {format_value(found)}; write true or false"
    return f"found {format_value(found)}; {detail['msg']}"


def _field(model: type[BaseModel], location: Location) -> FieldInfo | None:
    parent = _model(model, location[:-1])
    return _by_key(parent).get(location[-1]) if parent else None


def _by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the keys that the config has for them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _keys(model: type[BaseModel], location: Location) -> list[str]:
    parent = _model(model, location)
    return list(_by_key(parent)) if parent else []


def _near(model: type[BaseModel], location: Location) -> list[str]:
    """The known key that an unknown one resembles most; empty if it resembles none."""
    return difflib.get_close_matches(location[-1].lower(), _keys(model, location[:-1]), n=1)


def _model(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The model of the mapping at a location; None where the user chooses the keys (columns, ``where``, ``map``)."""
    at: Any = model
    for key in location:
        if isinstance(at, type) and issubclass(at, BaseModel):
            field = _by_key(at).get(key)
            at = _without_none(field.annotation) if field else None
        else:
            at = get_args(at)[1] if get_origin(at) is dict else None
    return at if isinstance(at, type) and issubclass(at, BaseModel) else None


def _without_none(annotation: Any) -> Any:
    """The type of an optional field without its None."""
    if get_origin(annotation) in (Union, UnionType):
        return next(arg for arg in get_args(annotation) if arg is not type(None))
    return annotation
