"""``{{ … }}`` in attributes of a component, and the values around it, which stay as written.

Dagster's own resolution makes Python of every text, templates or not: ``1.10`` becomes 1.1, and ``s3://{{ env.X }}``
without X becomes ``s3://None``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg
from dagster.components.resolved.errors import ResolutionException
from jinja2 import Undefined
from jinja2.exceptions import TemplateError
from jinja2.nativetypes import NativeEnvironment, NativeTemplate

_MARKS = ("{{", "{%", "{#")


def rendered(value: Any, context: dg.ResolutionContext) -> Any:
    """A value with its templates rendered, at any depth; a text without one is what it was.

    A template that is the whole text may give any object, such as a list or an engine; else it gives text.

    Raises:
        ResolutionException: For a template that is wrong or gives nothing, with the file and the key.
    """
    if isinstance(value, dict):
        return {key: rendered(inner, context.at_path(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rendered(inner, context.at_path(index)) for index, inner in enumerate(value)]
    if not isinstance(value, str) or not any(mark in value for mark in _MARKS):
        return value
    try:
        return _Template(value).render(**context.scope)
    except (TemplateError, _NothingError, ResolutionException) as error:
        raise fault(context, f"{value!r}: {error}") from None
    except Exception as error:  # of a function of the project
        raise fault(context, f"{value!r}: {type(error).__name__}: {error}") from error


def fault(context: dg.ResolutionContext, what: str) -> ResolutionException:
    """An error that names the file, as far as one is known, and the key."""
    tree = context.source_position_tree
    key = ".".join(map(str, context.path))
    if tree is None:
        return ResolutionException(f"{key}: {what}")
    line = tree.lookup_closest_and_path(context.path, None)[0].start.line
    return ResolutionException(f"{short_path(tree.position.filename)}:{line}: {key}: {what}")


def short_path(path: str | Path, folder: Path | None = None) -> str:
    """A path as errors show it: relative to a folder, by default the working folder, if it is inside."""
    folder = folder or Path.cwd()
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else str(path)


class _NothingError(Exception):
    """A template gave nothing."""


def _joined(values: Iterable[Any]) -> Any:
    """What a template gives, from what its parts give."""
    parts = list(values)
    for part in parts:
        if isinstance(part, Undefined):
            part._fail_with_undefined_error()
        if part is None:
            raise _NothingError(
                "gives nothing; set the environment variable, or write a default, as {{ env('NAME', 'value') }}"
            )
    return parts[0] if len(parts) == 1 else "".join(map(str, parts))


class _Environment(NativeEnvironment):
    concat = staticmethod(_joined)


class _Template(NativeTemplate):
    environment_class = _Environment
