"""The config file and the environment -> ``Config``.

YAML 1.2, read as people expect it: a key that occurs twice is refused, keys are text as written, and only ``true``,
``false``, ``null`` and ordinary numbers are not text (``NO``, ``0123``, ``12:30``, ``1e5`` and ``2026-10-01`` are).
What is compared with events or written to rows (``where``, ``map``, ``constant``, ``default``, ``nulls``) is text as
written too: ``1.10``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.resolver import VersionedResolver

from personalize_assets.config.errors import ConfigError, Location, config_error, format_value, problems_of
from personalize_assets.config.models import Config
from personalize_assets.config.validation import WellFormed, problems

Values = dict[str, Any]
"""A config, or a mapping in it, as plain values: what the models have not validated yet."""

PREFIX = "PERSONALIZE__"
"""Variables of this prefix replace values: ``PERSONALIZE__SOURCE__URI`` is ``source.uri``."""
ENGINE = "PERSONALIZE_ENGINE"
PROJECT = "personalize.yaml"
"""The config of a project, in the working folder; ``personalize-assets init`` writes it."""
DEFAULT = "sample_data/segment.yaml"

_QUOTE = "; put the text in quotes"
_YAML_HINTS = {r"'\t'": "; indent with spaces", "character '%'": _QUOTE, "alias '/": _QUOTE, "alias '*": _QUOTE}
"""What to do, by a part of the parser's text."""
_SECTIONS = "source, destination, dataset_group, datasets"
_NAMED_BY_THE_USER = ("columns", "where", "map", "spark_config")


def _keeps_spelling(location: Location) -> bool:
    """Whether what is written at a location is text, whatever it looks like, but for null."""
    keys = [key.lower() for key in location]
    if keys[:1] != ["datasets"]:
        return keys[:1] == ["nulls"] or keys[:2] == ["dataset_group", "train_on"]
    return keys[2:3] == ["where"] or (keys[2:3] == ["columns"] and keys[4:5] in (["map"], ["constant"], ["default"]))


def load_config(path: str | Path | None = None, env: Mapping[str, str] | None = None) -> Config:
    """The config in a file, with values of an environment over it.

    The process's environment is not read: a process may load the configs of several groups, and a variable is meant
    for one. The command line and ``personalize_assets.definitions``, which load one config, give ``os.environ``.

    Args:
        path: By default ``PERSONALIZE_CONFIG`` in ``env`` names the file, else it is ``personalize.yaml`` in the
            working folder, else the repository's sample (beside the package, or in the working folder).
        env: Variables that name the file or replace values; by default none.

    Raises:
        ConfigError: The file cannot be read, or with every problem found in it.
    """
    env = env or {}
    name, file = _file(path, env)
    return parse_config(read_text(name, file), name, file.absolute().parent, env)


def parse_config(text: str, name: str, folder: Path, env: Mapping[str, str]) -> Config:
    """The config in a YAML text, with the environment's values over it.

    Args:
        name: What errors call the text.
        folder: Where relative URIs start.
        env: The environment; variables without our prefixes are ignored.

    Raises:
        ConfigError: With every problem found.
    """
    values = parse_yaml(text, name)
    return validate(values, name, folder, override(values, env))


def validate(values: Values, name: str, folder: Path, overrides: Overrides | None = None) -> Config:
    """The config in plain values.

    Args:
        values: With the overrides in them.
        name: What errors call the values.
        folder: Where relative URIs start.
        overrides: What set values in place of the file: errors name it instead.

    Raises:
        ConfigError: With every problem found.
    """
    overrides = overrides or Overrides()
    is_from_env = overrides.variable_of(("engine",)) is not None
    context = {"folder": folder}
    try:
        config = Config.model_validate(values, context=context)
    except ValidationError as error:
        found = [*problems_of(error, Config, values), *problems(WellFormed.among(values, context, is_from_env))]
        raise config_error(name, found, values, overrides.variable_of) from None
    if found := problems(WellFormed.of(config, is_from_env)):
        raise config_error(name, found, values, overrides.variable_of)
    return config


def _file(path: str | Path | None, env: Mapping[str, str]) -> tuple[str, Path]:
    """A config's name as given, and its file."""
    given = path or env.get("PERSONALIZE_CONFIG")
    if given:
        return str(given), Path(given).expanduser()
    if Path(PROJECT).exists():
        return PROJECT, Path(PROJECT)
    for sample in (Path(__file__).parents[2] / DEFAULT, Path(DEFAULT)):
        if sample.exists():
            return DEFAULT, sample
    return PROJECT, Path(PROJECT)


def read_text(name: str, file: Path) -> str:
    """The text of a config file, in UTF-8 with or without a byte order mark. Raises ``ConfigError`` with ``name``."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = (
            "no such file; name your config with --config or PERSONALIZE_CONFIG, or write one: personalize-assets init"
        )
    except IsADirectoryError:
        problem = "found a folder; name a YAML file"
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 text at byte {error.start}; save it as UTF-8"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    raise ConfigError([f"{name}: {problem}"])


# YAML


_TEXT, _NULL, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("str", "null", "merge"))


class Constructor(SafeConstructor):
    """Values of YAML. Keys are text as written, and none occurs twice in a mapping."""

    def construct_document(self, node: Node) -> Any:
        """The document's values, of which some are text as written: see ``_keeps_spelling``."""
        return self.construct_at(node, ())

    def construct_at(self, node: Node, location: Location) -> Any:
        """The value of a node that is written at a location of a config, as if the whole config were around it."""
        return super().construct_document(_spelled_out(node, location, {}))

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping as a dict, in its order; ``<<`` merges another one."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise ConstructorError(None, None, "a key must be text", key.start_mark)
            if key.value in seen:
                raise ConstructorError(None, None, f"the key {key.value!r} is there twice; keep one", key.start_mark)
            seen.add(key.value)
            if key.tag != _MERGE:
                key.tag = _TEXT
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def _spelled_out(node: Node, location: Location, made: dict[tuple[int, Location], Node]) -> Node:
    """A node in which scalars are text where the config keeps their spelling.

    ``made`` holds what became of nodes so far, as an alias leads to the same node again, perhaps at another location.
    """
    is_text = _keeps_spelling(location)
    if isinstance(node, ScalarNode):
        if not is_text or node.tag == _NULL:
            return node
        return ScalarNode(_TEXT, node.value, node.start_mark, node.end_mark, style=node.style, anchor=node.anchor)
    if not isinstance(node, MappingNode | SequenceNode):
        return node
    key = id(node), location
    if key in made:
        return made[key]
    copy = made[key] = type(node)(node.tag, [], node.start_mark, node.end_mark, flow_style=node.flow_style)
    copy.anchor = node.anchor
    if isinstance(node, SequenceNode):
        copy.value = [_spelled_out(element, location, made) for element in node.value]
    else:
        copy.value = [
            (name, _spelled_out(value, location if name.tag == _MERGE else (*location, str(name.value)), made))
            for name, value in node.value
        ]
    return copy


# Narrower than the core schema of YAML 1.2, which reads 0123 and 1e5 as numbers: ids and codes look like that.
_PLAIN_SCALARS = (
    ("null", r"(~|null|Null|NULL|)$", ("~", "n", "N", "")),
    ("bool", r"(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"-?(0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
    ("merge", r"<<$", "<"),
)
_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
for _tag, _pattern, _first in _PLAIN_SCALARS:
    for _character in _first:
        _RESOLVERS.setdefault(_character, []).append((f"tag:yaml.org,2002:{_tag}", re.compile(_pattern)))


class _Resolver(VersionedResolver):
    """Says which unquoted scalars are not text."""

    @property
    def versioned_resolver(self) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
        """First character -> tags and patterns, in every version of YAML that a file may name."""
        return _RESOLVERS


def yaml_reader() -> YAML:
    """A reader of this package's YAML, for one text."""
    # The parser in Python: the one in C, which may not be installed, knows YAML 1.1 alone.
    reader = YAML(typ="safe", pure=True)
    reader.Constructor, reader.Resolver = Constructor, _Resolver
    reader.composer.warn_double_anchors = False
    return reader


@contextmanager
def yaml_problems(text: str, name: str) -> Iterator[None]:
    """Says what is wrong with a text, and in which line, as ``ConfigError``."""
    try:
        yield
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        found = ", ".join(part for part in (error.context, error.problem) if part)
        hint = next((hint for part, hint in _YAML_HINTS.items() if part in found), "")
        raise ConfigError([f"{name}: {place}{found}{hint}"]) from None
    except ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        found = f"the character U+{error.character:04X} is not allowed in YAML; remove it"
        raise ConfigError([f"{name}: line {line}, column {column}: {found}"]) from None
    except (ValueError, KeyError):  # as of `!!int a`
        raise ConfigError([f"{name}: a value does not fit the tag before it; remove the tag"]) from None


def parse_yaml(text: str, name: str) -> Values:
    """A YAML text as plain values, in its order; ``name`` is what errors call the text.

    Raises:
        ConfigError: It is not YAML (with line and column), or no mapping.
    """
    with yaml_problems(text, name):
        values = yaml_reader().load(text)
    if values is None:
        raise ConfigError([f"{name}: the file is empty; write the keys {_SECTIONS}"])
    if not isinstance(values, dict):
        raise ConfigError([f"{name}: not a mapping; write the keys {_SECTIONS}"])
    return values


# Environment


@dataclass
class Overrides:
    """Which variable set what. Both map locations to names of variables.

    Attributes:
        values: Locations whose value a variable replaced.
        mappings: Locations of mappings that exist only because a variable set a value in them.
    """

    values: dict[Location, str] = field(default_factory=dict)
    mappings: dict[Location, str] = field(default_factory=dict)

    def variable_of(self, location: Location) -> str | None:
        """The variable that set the value at a location or around it, or made the mapping there; None: the file."""
        for length in range(len(location), 0, -1):
            if name := self.values.get(location[:length]):
                return name
        return self.mappings.get(location)


def override(values: Values, env: Mapping[str, str]) -> Overrides:
    """Put the environment's values over the file's, in place.

    Names are matched to the keys in ``values`` without regard to case; a new column, ``where`` path or ``map`` key is
    spelled as in the variable. A value replaces the former one as a whole. Empty variables count as not set.
    """
    named = {name: value for name, value in env.items() if value and name.upper().startswith(PREFIX)}
    overrides = Overrides()
    for name in sorted(named, key=lambda name: (name.count("__"), name)):  # the outer before those that refine it
        keys = name[len(PREFIX) :].split("__")
        put(values, keys, _decoded(name, named[name], keys), name, overrides)
    if env.get(ENGINE):
        put(values, ["engine"], env[ENGINE], ENGINE, overrides)
    return overrides


def _decoded(name: str, text: str, keys: list[str]) -> Any:
    """A variable's value: from JSON where the model takes a list or a mapping and it is JSON, else the text.

    Raises ``ConfigError`` for text that begins as a list, a mapping or a quoted text does, and is no JSON.
    """
    found = _environment_source()(name, text)
    for key in keys:
        if not isinstance(found, dict) or key.lower() not in found:
            return text
        found = found[key.lower()]
    return _as_config(found, tuple(keys))


class _WrittenNumber(str):
    """A number of JSON, as it is written."""


def _from_json(text: str) -> Any:
    """A value of JSON whose numbers are ``_WrittenNumber``. ``ValueError`` with what is wrong, and where."""

    def no_number(name: str) -> Any:
        raise ValueError(f"{name} is not allowed")

    def unique(pairs: list[tuple[str, Any]]) -> Values:
        mapping: Values = {}
        for key, value in pairs:
            if key in mapping:
                raise ValueError(f"the key {key!r} is there twice; keep one")
            mapping[key] = value
        return mapping

    return json.loads(
        text, parse_int=_WrittenNumber, parse_float=_WrittenNumber, parse_constant=no_number, object_pairs_hook=unique
    )


def _as_config(value: Any, location: Location) -> Any:
    """A value of ``_from_json`` with its numbers as numbers, or as text where the config keeps their spelling."""
    if isinstance(value, dict):
        return {key: _as_config(inner, (*location, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_config(element, location) for element in value]
    if _keeps_spelling(location) and isinstance(value, _WrittenNumber | bool):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, _WrittenNumber):
        return int(value) if value.lstrip("-").isdigit() else float(value)
    return value


@cache
def _environment_source() -> Callable[[str, str], Any]:
    """pydantic-settings' reading of one variable. It is slow to load, and needed for variables only."""
    from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

    class _Settings(Config, BaseSettings):
        model_config = SettingsConfigDict(extra="forbid", frozen=True)

    class _Source(EnvSettingsSource):
        def __init__(self, name: str, text: str) -> None:
            self._name = name
            self._variable = {name.lower(): text}
            super().__init__(_Settings, case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter="__")

        def _load_env_vars(self) -> Mapping[str, str | None]:
            return self._variable

        def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
            try:
                return _from_json(value)
            except ValueError as error:
                if value.lstrip()[:1] in ("[", "{", '"'):
                    example = '; write lists and mappings as JSON, as ["a", "b"] and {"a": "b"}'
                    raise ConfigError([f"{self._name}: {format_value(value)} is not JSON: {error}{example}"]) from None
                return value  # one value instead of a list of one, or one that the model refuses

    return lambda name, text: _Source(name, text)()


def put(values: Values, keys: Sequence[str], value: Any, variable: str, overrides: Overrides) -> None:
    """Set the value at some keys, in place, and make the mappings that lead there; ``variable`` is what errors name."""
    location: Location = ()
    node = values
    for key in keys:
        if location:
            child = node.get(location[-1])
            if child is None:
                overrides.mappings.setdefault(location, variable)
            # A copy: an anchor may refer to the same mapping elsewhere, which keeps its values.
            node[location[-1]] = node = dict(child) if isinstance(child, dict) else _as_mapping(child, location)
        location = (*location, _spelled(key, node, location))
    node[location[-1]] = value
    overrides.values[location] = variable


def _as_mapping(value: object, location: Location) -> Values:
    """The mapping that a shorter form stands for: a column's path alone, the switch of ``automation`` alone."""
    if value is not None and len(location) > 1 and location[-2] == "columns":
        return {"path": value}
    return {"on": value} if value is not None and location == ("automation",) else {}


def _spelled(key: str, node: Mapping[str, Any], parent: Location) -> str:
    """A variable's key as the file spells it; a new one as the variable does if the user names it, else small."""
    if key in node:
        return key
    new = key if parent and parent[-1] in _NAMED_BY_THE_USER else key.lower()
    return next((known for known in node if known.casefold() == key.casefold()), new)
