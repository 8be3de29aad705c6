"""Columns of items: the fields beside the item's id that Personalize has a name for, and others to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from personalize_assets.catalog import field_names
from personalize_assets.catalog.field_ranking import example
from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion import contract
from personalize_assets.suggest.entity_columns import (
    NEARLY_ALL,
    EntityColumns,
    Marks,
    as_metadata,
    condition,
    is_category,
)

_CATEGORIES = {
    "CATEGORY_L1": ("category", "categories", "categoryl1", "category1", "productcategory", "itemcategory",
                    "department", "section", "topic"),
    "CATEGORY_L2": ("categoryl2", "category2", "subcategory", "itemcategory2"),
    "GENRES": ("genres", "genre"),
}  # fmt: skip
_NUMBERS = {
    "PRICE": ("price", "unitprice", "itemprice", "listprice"),
    "DURATION": ("duration", "runtime", "totallength"),
}
_TIMES = {
    "CREATION_TIMESTAMP": (
        "publishedat",
        "publishdate",
        "publicationdate",
        "releasedate",
        "released",
        "releasedat",
        "airdate",
        "createdat",
    )
}
# Numbers about an event and not about its item.
_OF_THE_EVENT = field_names.listed(
    "quantity position index revenue total subtotal shipping tax discount revenuetotal value amount count rank"
)


def item_columns(
    observed: Observed, items: Items, wanted: set[int], user_paths: Sequence[str] = ()
) -> EntityColumns | None:
    """Columns from the fields beside an item's id; None if Personalize could train on none of them.

    Args:
        wanted: The numbers of the events that interactions want. If nearly all events that describe items are among
            them, ``where`` is None.
        user_paths: Of the user's id: an object that holds it as well is the event itself, and only fields with names
            that Personalize knows describe the item there.
    """
    of_events = {"", *(observed.fields[path].parent for path in user_paths)}
    fields = [
        seen
        for seen in observed
        if seen.parent in items.parents
        and seen.array in (None, items.each)
        and seen.column_path not in items.paths
        and seen.at & items.at
    ]
    result = EntityColumns(None)
    known = _known(fields, items, of_events)
    describing = set().union(*(seen.at for _, same, _ in known for seen in same))
    if describing and len(describing & wanted) <= (1 - NEARLY_ALL) * len(describing):
        result.where = condition(observed, describing)
    result.columns = {name: (tuple(seen.column_path for seen in same), marks) for name, same, marks in known}
    taken = {seen.path for _, same, _ in known for seen in same}
    count = len(set().union(*(seen.values for seen in items.fields)))
    about = [
        seen
        for seen in fields
        if seen.path not in taken and seen.parent not in of_events and _may_describe(seen, wanted)
    ]
    for name, same in _by_name(about):
        marks, reason = as_metadata(same[0], count)
        if not reason:
            paths = tuple(seen.column_path for seen in same)
            result.optional[name] = (paths, marks, f"{len(same[0].values):,} values, as {example(same[0])}")
    if not any(_is_trained_on(name, marks) for name, (_, marks) in result.columns.items()):
        if not result.optional:
            return None
        name = min(result.optional, key=lambda name: ("categorical" not in result.optional[name][1], name))
        paths, marks, _ = result.optional.pop(name)
        result.columns[name] = (paths, marks)
    return result


def _is_trained_on(name: str, marks: Mapping[str, object]) -> bool:
    return name != "CREATION_TIMESTAMP" and bool(marks)


def _known(fields: list[Field], items: Items, of_events: set[str]) -> list[tuple[str, list[Field], Marks]]:
    """Fields that are one of Personalize's own columns of items: categories, then numbers, then times."""
    known: list[tuple[str, list[Field], Marks]] = []
    for columns, marks, fits in (
        (_CATEGORIES, {"categorical": True}, is_category),
        (_NUMBERS, {"type": "float"}, lambda seen: seen.is_numeric),
        (_TIMES, {}, lambda seen: seen.is_date and seen.parent not in of_events),
    ):
        for column, spellings in columns.items():
            for spelling in spellings:
                same = [
                    seen
                    for parent in dict.fromkeys(items.parents)
                    for seen in fields
                    if seen.parent == parent and field_names.folded(seen.name) == spelling and fits(seen)
                ]
                if same:
                    known.append((column, same, dict(marks)))
                    break
    return known


def _may_describe(seen: Field, wanted: set[int]) -> bool:
    """Whether a field beside an item's id may be about the item."""
    if dict in seen.kinds or len(seen.values) < 2 or len(seen.at & wanted) < 0.2 * len(wanted):
        return False
    if field_names.value(seen.name) and not seen.is_numeric:
        return False  # a price that is no number is no category either
    return field_names.folded(seen.name) not in _OF_THE_EVENT and not field_names.item(seen.name, "")


def _by_name(fields: Iterable[Field]) -> Iterator[tuple[str, list[Field]]]:
    """Fields that give the same column, those of the array's elements first; reserved names are left out."""
    same: dict[str, list[Field]] = {}
    for seen in sorted(fields, key=lambda seen: (seen.array is None, seen.path)):
        same.setdefault(field_names.column(seen.name), []).append(seen)
    reserved = {*contract.reserved("items", "custom"), "TIMESTAMP"}
    return ((name, found) for name, found in sorted(same.items()) if name not in reserved)
