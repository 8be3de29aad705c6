"""The page of the config's keys, from the models: their types, defaults and docstrings."""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Union, get_args, get_origin

import docstring_parser
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.reference_pages.markdown import code, table, unwrapped
from personalize_assets.config import models
from personalize_assets.config.fields import AtLeast, Form, OneOf
from personalize_assets.config.imports import Import
from personalize_assets.config.redshift import Redshift

_HEAD = """\
# Keys of the config

Generated from the models in `personalize_assets/config/` by `make reference`; a test keeps it up to date.

One YAML file describes one dataset group. A key that is not listed here is refused, with the nearest one that is.
[Mapping events to rows](mapping.md) explains `where`, `each`, paths, times and how users and items get their values,
with an example of the whole file. Any value may come from the [environment](environment.md) instead:
`PERSONALIZE__SOURCE__URI` is `source.uri`.

"""

SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("At the top", models.Config),
    ("source", models.Source),
    ("source.csv", models.Csv),
    ("source.redshift", Redshift),
    ("destination", models.Destination),
    ("dataset_group", models.DatasetGroupSettings),
    ("datasets", models.Datasets),
    ("Interactions and action interactions", models.InteractionsMapping),
    ("Users, items and actions", models.EntityMapping),
    ("A column", models.ColumnMapping),
    ("automation", models.Automation),
    ("import", Import),
    ("aws", models.Aws),
    ("glue", models.Glue),
    ("emr_serverless", models.EmrServerless),
)
"""The title and the model of each section."""

_INTROS = {
    "source.csv": "How CSVs are written, where their bytes do not show it; see [formats](../how-to/formats.md#csv).",
    "source.redshift": "Instead of `uri` and `layout`; see [warehouses](../how-to/warehouses.md).",
    "datasets": "A dataset that is left out is not made. Actions are described in [actions](../how-to/actions.md).",
    "Users, items and actions": "Keys of `datasets.users`, `datasets.items` and `datasets.actions`.",
    "Interactions and action interactions": "Keys of `datasets.interactions` and `datasets.action_interactions`.",
    "A column": "Keys of a column below `columns`. A path or a list of paths is short for `{path: …}`.",
    "automation": "`automation: on` is short for `{on: on}`; see [in production](../how-to/production.md).",
    "import": "`import: on` is short for `{on: on}`; see [into Amazon Personalize](../how-to/personalize.md).",
    "glue": "See [AWS Glue](../how-to/glue.md).",
    "emr_serverless": "See [engines](../how-to/engines.md#emr-serverless).",
}
# The heading under which the keys of a section are.
_ANCHORS: dict[Any, str] = {
    models.Source: "source",
    models.Csv: "sourcecsv",
    Redshift: "sourceredshift",
    models.Destination: "destination",
    models.DatasetGroupSettings: "dataset_group",
    models.Datasets: "datasets",
    models.InteractionsMapping: "interactions-and-action-interactions",
    models.EntityMapping: "users-items-and-actions",
    models.ColumnMapping: "a-column",
    models.Automation: "automation",
    Import: "import",
    models.Aws: "aws",
    models.Glue: "glue",
    models.EmrServerless: "emr_serverless",
    models.DatasetSource: "source",
}
_WORDS = {str: "a text", bool: "`true` or `false`", int: "a number", float: "a number", date: "a day"}


def document() -> str:
    """The page as Markdown."""
    return _HEAD + "\n".join(_section(*section) for section in SECTIONS)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What each attribute is for, as the docstrings of a model and of those that it extends say."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base.__doc__ and "__doc__" in vars(base):
            for attribute in docstring_parser.parse(base.__doc__).params:
                found[attribute.arg_name] = unwrapped(attribute.description or "")
    return found


def _section(title: str, model: type[BaseModel]) -> str:
    meaning_of = meanings(model)
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name.removesuffix("_")
        meaning = meaning_of[name].replace("``", "`")
        form = _form_of(field)
        rows.append((code(key), form + _default(field, form), meaning))
    intro = [_INTROS[title], ""] if title in _INTROS else []
    return "\n".join([f"## {title}", "", *intro, *table(("key", "value", "meaning"), rows), ""])


def _form_of(field: FieldInfo) -> str:
    """How a value is written: from the annotations, of which the outermost comes last."""
    forms = [text for metadata in field.metadata if (text := _form(metadata))]
    return forms[-1] if forms else next(_inside(field.annotation), "")


def _form(metadata: object) -> str:
    match metadata:
        case Form(text=text):
            return text
        case OneOf(allowed=allowed):
            return ", ".join(map(code, allowed))
        case AtLeast(least=least):
            return f"a number from {least} on"
    return ""


def _inside(annotation: Any) -> Iterator[str]:
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation in _ANCHORS:
        yield f"[a mapping](#{_ANCHORS[annotation]})"
    elif origin is Annotated:
        texts = [text for metadata in args[1:] if (text := _form(metadata))]
        yield from texts or _inside(args[0])
    elif origin in (Union, types.UnionType):
        for part in args:
            yield from _inside(part)
    elif origin is dict:
        column = args[1] is models.ColumnMapping
        yield "column: path, or [a mapping](#a-column)" if column else "a mapping of names and values"
    elif origin is tuple:
        yield from (f"a list of: {text}" for text in _inside(args[0]))
    elif annotation in _WORDS:
        yield _WORDS[annotation]


def _default(field: FieldInfo, form: str) -> str:
    """What stands behind the form: that the key is required, or its default if there is one."""
    if field.is_required():
        return "; **required**"
    match field.default:
        case None | ():
            return ""
        case dict() | BaseModel() as section:
            default = "off" if getattr(section, "on", True) is False else ""
        case bool() as switch:
            on, off = ("on", "off") if "`on`" in form else ("true", "false")
            default = on if switch else off
        case tuple() as several:
            default = "[" + ", ".join(f"'{text}'" for text in several) + "]"
        case value:
            default = str(value)
    return f"; default {code(default)}" if default else ""
