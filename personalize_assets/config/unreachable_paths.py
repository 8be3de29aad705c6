"""Paths that can never lead to a value, by what the config itself says of its events.

Only what is certain is found here. What depends on the events, such as a field that none of them has, is counted when
they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from personalize_assets.config.errors import Problem
from personalize_assets.config.models import DatasetMapping, DatasetSource, EntityMapping, Source
from personalize_assets.conversion import contract
from personalize_assets.conversion.mapping.paths import (
    Path,
    Pick,
    column_path,
    is_relative_to_each,
    lower_names,
)
from personalize_assets.conversion.reading.unwrapping import PARENT


class _Use(NamedTuple):
    """A path of a dataset and the keys that lead to it.

    ``takes`` is what may stand at its end: a ``scalar``, ``several`` values, the ``elements`` of `each`, or
    ``anything``.
    """

    keys: tuple[str, ...]
    text: str
    takes: str


def unreachable_paths(
    name: str, dataset: DatasetMapping, columns: list[contract.Column], source: Source | DatasetSource | None
) -> Iterator[Problem]:
    """The paths of a dataset that can lead to no value, with the reason and what to write.

    Args:
        name: The dataset's.
        dataset: As written.
        columns: Complete, as job specs hold them.
        source: Where its events are from; None if that section is not valid, which says nothing of its events then.
    """
    each = _steps(dataset.each, source) if dataset.each else None
    for use in _uses(dataset, columns):
        steps = _steps(use.text, source)
        reason = _ends_at_pick(use, steps)
        if not reason and not is_relative_to_each(use.text):
            if each:
                reason = _through_each(use, steps, each, dataset.each or "")
            if not reason and source is not None:
                reason = _outside_events(use.text, steps, source)
        if reason:
            yield ("datasets", name, *use.keys), reason


def unreachable_texts(here: tuple[str, ...], source: Source | DatasetSource) -> Iterator[Problem]:
    """The paths of a source's ``parse`` and ``events`` that its format cannot have."""
    for key, paths in (("parse", source.parse), ("events", (source.events,) if source.events else ())):
        for path in paths:
            if reason := _outside_csv(path, _steps(path, source), source, is_text=key == "parse"):
                yield (*here, key), reason


def _steps(text: str, source: Source | DatasetSource | None) -> Path:
    """The steps of a path, without `each`, as events of the source have their names."""
    return column_path(lower_names(text) if source is not None and source.ignore_case else text).steps


def _uses(dataset: DatasetMapping, columns: list[contract.Column]) -> Iterator[_Use]:
    for column in columns:
        takes = "several" if column.takes_arrays and column.type == "string" else "scalar"
        for path in column.paths:
            yield _Use(("columns", column.name, "path"), path, takes)
    for path, wanted in dataset.where.items():
        is_exists = isinstance(wanted, contract.Condition) and wanted == contract.Condition(exists=wanted.exists)
        yield _Use(("where", path), path, "anything" if is_exists else "scalar")
    if dataset.each:
        yield _Use(("each",), dataset.each, "elements")
    of_entity = (dataset.event_time, dataset.message_id) if isinstance(dataset, EntityMapping) else (None, None)
    for key, named in zip(("dedupe_by", "event_time", "message_id"), (dataset.dedupe_by, *of_entity), strict=True):
        if named:
            yield _Use((key,), named, "scalar")


def _ends_at_pick(use: _Use, steps: Path) -> str:
    if use.takes in ("elements", "anything") or not steps or type(steps[-1]) is not Pick:
        return ""
    return f"{use.text!r} ends at an object, which is no value; write one of its fields, as {use.text}.value"


def _through_each(use: _Use, steps: Path, each: Path, written: str) -> str:
    """A path into the array whose elements become rows leads to the values of all elements, and not to the row's."""
    if use.takes != "scalar" or steps[: len(each)] != each or (steps[len(each) :] and type(steps[len(each)]) is Pick):
        return ""
    rest = ".".join(("each", *steps[len(each) :]))
    return (
        f"{use.text!r} leads into {written}, of which `each` makes one row an element, and so to the values of all of "
        f"them; write {rest} for that of the row"
    )


def _outside_events(text: str, steps: Path, source: Source | DatasetSource) -> str:
    """A path that no event of the source has: in the array of an envelope, or in a cell of a CSV."""
    if not source.events:
        return _outside_csv(text, steps, source)
    events = _steps(source.events, source)
    if steps[0] == PARENT and steps[1 : 1 + len(events)] == events:
        return (
            f"{text!r} leads into the events of the envelope (source.events), which are left out of `parent`; write "
            "the path of an event's own field"
        )
    return ""


def _outside_csv(text: str, steps: Path, source: Source | DatasetSource, *, is_text: bool = False) -> str:
    """A path that no row of a CSV has; nothing if the format is left open."""
    if source.format != "csv":
        return ""
    names = source.csv.columns if source.csv else ()
    known = {name.lower() if source.ignore_case else name for name in names}
    if known and steps[0] not in known:
        return f"{text!r} is in no row: source.csv.columns has no {steps[0]!r}; write one of {', '.join(names)}"
    parsed = [_steps(path, source) for path in source.parse]
    inside = [path for path in parsed if len(path) < len(steps) and steps[: len(path)] == path]
    if len(steps) == 1 or inside:
        return ""
    return (
        f"{text!r} leads into a cell of a CSV, which is text; "
        + ("" if is_text else f"if it holds JSON, name it in source.parse ({steps[0]}), and ")
        + f"if a column has this name, quote it: '`{'.'.join(steps)}`'"
    )
