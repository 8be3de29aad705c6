"""What columns of users and items have in common: their condition, their marks, and why a field is no column."""

from __future__ import annotations

from dataclasses import dataclass, field

from personalize_assets.catalog import field_names
from personalize_assets.catalog.field_relations import parent_name
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion import contract

NEARLY_ALL = 0.95
"""The share of events that counts as all of them: a few broken ones change nothing."""

_MOST_CATEGORIES = 1000  # distinct values of a category; Personalize's guide advises fewer
_MOST_KINDS = 30  # distinct values of a field that may serve as `where`
_FEWEST_OWNERS = 2
_ID_WORDS = frozenset(("id", "uuid", "guid", "token", "hash", "key"))

Marks = dict[str, object]
"""Keys of a column beside its path: ``type``, ``categorical``."""


@dataclass
class EntityColumns:
    """The columns of users or items.

    Attributes:
        where: A field and the value that the describing events have; None if all wanted events describe them.
        columns: Name -> paths and marks.
        optional: Further columns, which are written as comments: the third part is why they are not columns already,
            or what was found in them.
        personal: Paths of personal data, which are left out.
        why: What was found, for people.
    """

    where: tuple[str, str] | None
    columns: dict[str, tuple[tuple[str, ...], Marks]] = field(default_factory=dict)
    optional: dict[str, tuple[tuple[str, ...], Marks, str]] = field(default_factory=dict)
    personal: list[str] = field(default_factory=list)
    why: str = ""


def condition(observed: Observed, describing: set[int]) -> tuple[str, str] | None:
    """A field and its value that (nearly) all of these events have and no others; None if there is none."""
    best: tuple[tuple[int, int, str], tuple[str, str]] | None = None
    for seen in observed:
        if seen.array is not None or set(seen.kinds) != {str} or len(seen.values) > _MOST_KINDS:
            continue
        for value in seen.values:
            at = observed.where(seen.path, value)
            common = len(at & describing)
            if common >= NEARLY_ALL * max(len(at), len(describing)) and len(at) < len(observed.events):
                rank = (-field_names.event(seen.name, parent_name(seen)), len(seen.steps), seen.path)
                if best is None or rank < best[0]:
                    best = rank, (seen.path, value)
    return best[1] if best else None


def as_metadata(seen: Field, owners: int) -> tuple[Marks, str]:
    """The marks of a column, and why it should not be one (empty: it should); ``owners`` is how many users or items."""
    categorical: Marks = {"categorical": True}
    if set(seen.kinds) == {bool}:
        return categorical, "true or false; Personalize trains on it only as a category"
    if seen.is_date:
        return categorical, "a time; nothing to train on as it is"
    if len(seen.values) == 1 and owners > _FEWEST_OWNERS:
        return categorical, "the same for all; nothing to learn from"
    if _ID_WORDS.intersection(field_names.words(seen.name)[-1:]):
        return categorical, "an id; nothing to train on"
    if seen.is_numeric:
        return {"type": "long" if seen.is_whole else "float"}, ""
    if not is_category(seen):
        return categorical, "long or many texts; no category"
    if owners > 20 and len(seen.values) > 0.5 * owners:
        return categorical, f"{len(seen.values):,} values: (nearly) each has its own"
    return categorical, ""


def is_category(seen: Field) -> bool:
    """Whether the values are few, short texts and no addresses."""
    if not seen.values or dict in seen.kinds or bool in seen.kinds or len(seen.values) > _MOST_CATEGORIES:
        return False
    longest = max(map(len, seen.values))
    return longest <= contract.CATEGORY_CHARS // 4 and not any("://" in text for text in seen.values)


def column_name(seen: Field, dataset: str, result: EntityColumns) -> str:
    """A column name of the field that no reserved or earlier column has."""
    name = field_names.column(seen.name)
    # These names make a column a time, whatever its values are.
    reserved = (*contract.reserved(dataset, "custom"), "TIMESTAMP", "CREATION_TIMESTAMP")
    folded = {taken.replace("_", "") for taken in (*reserved, *result.columns, *result.optional)}
    number, free = 2, name
    while free.replace("_", "") in folded:
        free, number = f"{name}_{number}", number + 1
    return free
