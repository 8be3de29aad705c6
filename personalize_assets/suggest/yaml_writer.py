"""A suggestion as YAML: the config that a person would write, with the reasons as comments, one column per line."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tokens import CommentToken

from personalize_assets.catalog.field_roles import Choice
from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.suggest.entity_columns import EntityColumns
from personalize_assets.suggest.event_choice import EventChoice
from personalize_assets.suggest.layout_detection import DetectedLayout

_WIDTH = 118


@dataclass(frozen=True)
class Suggestion:
    """All that was found in a source. Datasets that cannot be made are None.

    Attributes:
        files: How many files were looked at.
        format: How events are taken out of what files hold.
        observed: The events from their beginnings.
        users: What events hold about users; ``about_items`` the same about items.
        notes: What to know of the source, and what a config cannot express, as sentences.
        nulls: Ids of users and items that are words for a missing value.
    """

    detected: DetectedLayout
    files: int
    format: SourceFormat
    observed: Observed
    event: Choice | None
    items: Items
    chosen: EventChoice
    user: Choice
    time: Choice
    message: Choice | None
    value: Choice | None
    users: EntityColumns | None
    about_items: EntityColumns | None
    notes: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()


def to_yaml(found: Suggestion, name: str, source: str, destination: str, start_date: date) -> str:
    """The text of the config.

    Args:
        name: The dataset group's name.
        source: The source's URI as the config spells it; ``destination`` likewise.
        start_date: The first arrival day (UTC).
    """
    document = _Document()
    root = document.root
    events = len(found.observed.events)
    root.comment(
        f"Suggested by `personalize-assets suggest` from {events:,} events at the beginnings of {found.files:,} files. "
        "Read the reasons, correct what is wrong, then: personalize-assets run --config THIS_FILE"
    )
    root.comment("Relative URIs start at the folder of this file.")
    root.blank()
    raw = root.block("source")
    raw.put("uri", source)
    raw.put("layout", found.detected.layout, found.detected.why)
    if found.detected.others:
        raw.comment(f"Other files look like: {'; '.join(found.detected.others)}")
    raw.put("start_date", start_date, "first arrival day (UTC)")
    if found.format.parse:
        raw.put("parse", list(found.format.parse), "texts that hold JSON")
    if found.format.events:
        raw.put("events", found.format.events, "the elements are the events; what is beside them is `parent`")
    root.blank()
    root.block("destination").put("uri", destination)
    root.blank()
    group = root.block("dataset_group")
    group.put("name", name)
    group.put("domain", "custom", "custom | ECOMMERCE | VIDEO_ON_DEMAND")
    root.blank()
    if found.nulls:
        root.put("nulls", list(found.nulls), "found as ids of users or items: they stand for a missing value")
        root.blank()
    datasets = root.block("datasets")
    _interactions(datasets.block("interactions"), found)
    where = _where(found)
    if found.users:
        root.blank()
        own = found.users.where
        _entity(datasets.block("users"), found.users, "USER_ID", found.user.paths, {own[0]: [own[1]]} if own else {})
    else:
        datasets.comment("users: no field describes users. The dataset is optional.")
    if found.about_items:
        root.blank()
        own = found.about_items.where
        where = {own[0]: [own[1]]} if own else where
        _entity(datasets.block("items"), found.about_items, "ITEM_ID", found.items.paths, where, each=found.items.each)
    else:
        datasets.comment("items: no field describes items. The dataset is optional.")
    return document.text()


def _interactions(block: _Block, found: Suggestion) -> None:
    where = _where(found)
    if found.chosen.kept:
        counts = found.chosen.counts
        block.comment(f"These events name an item: {', '.join(f'{n} ({counts[n]:,})' for n in found.chosen.kept)}.")
        for event, why in found.chosen.left_out.items():
            block.comment(f"Left out: {event} ({counts[event]:,}): {why}.")
    for note in found.notes:
        block.comment(note)
    if where:
        block.where(where)
    if found.items.each:
        block.put("each", found.items.each, "one row per element where the array is there")
    if found.message:
        block.put("dedupe_by", found.message.paths[0], found.message.why)
    else:
        block.comment("dedupe_by: no field has a value of its own for every event; equal rows count once.")
    columns = block.block("columns")
    choices: list[tuple[str, Choice | Items | None, Mapping[str, object]]] = [
        ("USER_ID", found.user, {}),
        ("ITEM_ID", found.items, {}),
        ("EVENT_TYPE", found.event, {}),
        ("EVENT_VALUE", found.value, {"type": "float"}),
        ("TIMESTAMP", found.time, {}),
    ]
    for name, choice, marks in choices:
        if choice:
            others = f"; or {', '.join(choice.others)}" if choice.others else ""
            columns.put(name, _column(choice.paths, marks), choice.why + others)


def _where(found: Suggestion) -> dict[str, list[str]]:
    """The condition on interactions; empty if all events are wanted, as where their names are at several paths."""
    has_condition = found.event and len(found.event.paths) == 1 and found.chosen.kept
    return {found.event.paths[0]: found.chosen.kept} if found.event and has_condition else {}


def _entity(
    block: _Block,
    entity: EntityColumns,
    id_column: str,
    id_paths: Sequence[str],
    where: Mapping[str, list[str]],
    each: str | None = None,
) -> None:
    if entity.why:
        block.comment(entity.why)
    if where:
        block.where(where)
    if each:
        block.put("each", each)
    columns = block.block("columns")
    columns.put(id_column, _column(id_paths, {}))
    for name, (paths, marks) in entity.columns.items():
        columns.put(name, _column(paths, marks))
    for name, (paths, marks, why) in entity.optional.items():
        columns.commented_out(name, _column(paths, marks), why)
    if entity.personal:
        columns.comment(f"Left out as personal data: {', '.join(entity.personal)}.")


def _column(paths: Iterable[str], marks: Mapping[str, object]) -> object:
    """A column in the shortest form that the config takes."""
    found = list(paths)
    path: object = found[0] if len(found) == 1 else found
    return {"path": path, **marks} if marks else path


class _Document:
    """A YAML document that is written from top to bottom."""

    def __init__(self) -> None:
        self.root = _Block(self, CommentedMap(), 0)
        self._pending: list[CommentToken] = []
        self._last: tuple[CommentedMap, str] | None = None

    def comment_line(self, line: str, indent: int) -> None:
        """A comment on a line of its own; an empty one is a blank line."""
        self._pending.append(CommentToken(f"{line}\n", CommentMark(indent)))

    def key(self, into: CommentedMap, key: str, value: object, note: str = "", column: int = 0) -> None:
        """The next key with the comments before it, and one behind its value that starts at a column."""
        into[key] = value
        after = CommentToken(f"# {note}\n", CommentMark(column)) if note else None
        into.ca.items[key] = [None, self._pending, after, None]
        self._pending = []
        self._last = into, key

    def text(self) -> str:
        """The whole document."""
        if self._pending and self._last:
            # Comments at the end belong to the last value, as where ruamel.yaml reads them.
            tokens = self._last[0].ca.items[self._last[1]]
            behind = tokens[2].value if tokens[2] else "\n"
            column = tokens[2].start_mark.column if tokens[2] else 0
            lines = "".join(" " * token.start_mark.column + token.value for token in self._pending)
            tokens[2] = CommentToken(behind + lines, CommentMark(column))
            self._pending = []
        return _dumped(self.root.map)


class _Block:
    """A mapping with one key per line."""

    def __init__(self, document: _Document, into: CommentedMap, indent: int) -> None:
        self.map = into
        self._document = document
        self._indent = indent

    def blank(self) -> None:
        """A blank line before what comes next."""
        self._document.comment_line("", 0)

    def comment(self, text: str) -> None:
        """A comment on lines of its own, wrapped."""
        line = "#"
        for word in _printable(text).split():
            if self._indent + len(line) + 1 + len(word) > _WIDTH and line != "#":
                self._document.comment_line(line, self._indent)
                line = "#"
            line += f" {word}"
        self._document.comment_line(line, self._indent)

    def commented_out(self, key: str, value: object, note: str) -> None:
        """A key that is not in effect: on one line, however long, so that removing the first ``#`` puts it there."""
        self._document.comment_line(f"# {_inline({key: value})}  # {_printable(note)}", self._indent)

    def block(self, key: str) -> _Block:
        """A mapping below a key."""
        below = CommentedMap()
        self._document.key(self.map, key, below)
        return _Block(self._document, below, self._indent + 2)

    def put(self, key: str, value: object, note: str = "") -> None:
        """A key and its value on one line, with a note behind it or, where that is too long, above it."""
        note, length = _printable(note), self._indent + len(_inline({key: value}))
        if length + 4 + len(note) > _WIDTH and note:
            self.comment(note)
            note = ""
        self._document.key(self.map, key, _flow(value), note, length + 2)

    def where(self, values: Mapping[str, list[str]]) -> None:
        """The key ``where`` on one line, or a value per line where that would be too long."""
        if self._indent + len(_inline({"where": values})) <= _WIDTH:
            self.put("where", values)
        else:
            # Copies: YAML would write one list in two places as an anchor and an alias.
            self._document.key(self.map, "where", CommentedMap((path, list(found)) for path, found in values.items()))


def _printable(text: str) -> str:
    """A text as one line of printable characters: it cannot leave its comment, nor hold what YAML refuses."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _inline(values: Mapping[str, object]) -> str:
    """``key: value`` on one line, as it is in the document."""
    return _dumped(CommentedMap((key, _flow(value)) for key, value in values.items())).removesuffix("\n")


def _flow(value: object) -> object:
    """A value that is written on one line: ``[a, b]``, ``{path: a, type: float}``."""
    if isinstance(value, Mapping):
        mapping = CommentedMap((key, _flow(inner)) for key, inner in value.items())
        mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq(map(_flow, value))
        sequence.fa.set_flow_style()
        return sequence
    return value


def _dumped(values: CommentedMap) -> str:
    writer = YAML()
    writer.width = 10**9  # lines are wrapped here, and never within a value
    writer.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    writer.dump(values, out)
    return out.getvalue()
