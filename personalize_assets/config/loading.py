"""The config file's text and the environment, put together into one plain mapping; nothing here knows what a key means.

`read` is YAML as people expect it: a key that is there twice is refused, keys are text as written, and only what looks
like an ordinary number is one (`0123`, `12:30` and `2026-10-01` are text, which YAML 1.1 turns into something else).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

PREFIX = "PERSONALIZE__"
ENGINE = "PERSONALIZE_ENGINE"

Location = tuple[str, ...]
"""The keys that lead to a value, outermost first."""

_NAMED_BY_THE_USER = ("columns", "where", "map")


class Unreadable(Exception):
    """The file gives no mapping; the message says why, without the file's name."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
            if key.value in seen:
                problem = f"the key {key.value!r} is there twice; keep one"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
            if key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+$"), list("-0123456789"))


def read(file: Path) -> dict[str, Any]:
    """The file as plain values, in file order. Raises `Unreadable`."""
    try:
        values = _Loader(file.read_text(encoding="utf-8-sig")).get_single_data()
    except FileNotFoundError:
        raise Unreadable("no such file; name your config with --config or PERSONALIZE_CONFIG") from None
    except IsADirectoryError:
        raise Unreadable("found a folder; name a YAML file") from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 text at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise Unreadable(f"{line}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise Unreadable(f"not YAML: {' '.join(str(error).split())}") from None
    if values is None:
        raise Unreadable("the file is empty; write the keys source, destination, dataset_group, datasets")
    if not isinstance(values, dict):
        raise Unreadable("not a mapping; write the keys source, destination, dataset_group, datasets")
    return values


class _Environment(EnvSettingsSource):
    """pydantic-settings' source over a given mapping: JSON where the model takes lists or mappings, else text."""

    def __init__(self, settings: type[BaseSettings], env: Mapping[str, str]) -> None:
        self._env = env
        super().__init__(settings, case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter="__")

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._env.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value  # the model says what it wanted, in words that fit a file too


def override(values: dict[str, Any], env: Mapping[str, str], settings: type[BaseSettings]) -> dict[Location, str]:
    """Put the environment's values over the file's, in place; returns which variable each place has its value from.

    Names are matched to the keys that are there without regard to case; a new column, `where` field or `map` value is
    spelled as in the variable. A value replaces what was there, whole. Empty variables count as not set.
    """
    named = {name: value for name, value in env.items() if value and name.upper().startswith(PREFIX)}
    origins: dict[Location, str] = {}
    for name in sorted(named, key=lambda name: (name.count("__"), name)):  # the outer before what refines it
        words = name[len(PREFIX) :].split("__")
        value = _dig(_Environment(settings, {name: named[name]})(), words, named[name])
        origins[_put(values, words, value)] = name
    if env.get(ENGINE):
        origins[_put(values, ["engine"], env[ENGINE])] = ENGINE
    return origins


def _dig(parsed: Any, words: list[str], text: str) -> Any:
    """The parsed value of a variable; its text where pydantic-settings knows no such field."""
    for word in words:
        if not isinstance(parsed, dict) or word.lower() not in parsed:
            return text
        parsed = parsed[word.lower()]
    return parsed


def _put(values: dict[str, Any], words: list[str], value: Any) -> Location:
    location: Location = ()
    node = values
    for word in words:
        if location:
            child = node.get(location[-1])
            if not isinstance(child, dict):
                # A column may stand as its path alone: `PRICE: price` is `PRICE: {path: price}`.
                is_column = len(location) > 1 and location[-2] == "columns" and child is not None
                is_switch = location == ("automation",) and child is not None  # `on` is `{on: on}`
                child = {"path": child} if is_column else {"on": child} if is_switch else {}
            node[location[-1]] = node = dict(child)  # a copy: an anchor may have put the same mapping elsewhere too
        location = (*location, _spelled(word, node, free=bool(location) and location[-1] in _NAMED_BY_THE_USER))
    node[location[-1]] = value
    return location


def _spelled(word: str, node: Mapping[str, Any], *, free: bool) -> str:
    if word in node:
        return word
    return next((key for key in node if key.casefold() == word.casefold()), word if free else word.lower())
