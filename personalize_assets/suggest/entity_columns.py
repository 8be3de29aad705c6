"""Columns of users and items: which fields describe them, and which were left out and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from personalize_assets.catalog import field_names
from personalize_assets.catalog.field_ranking import count_of
from personalize_assets.catalog.field_relations import parent_name
from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion import contract

_MOST_CATEGORIES = 1000  # distinct values of a category; Personalize's guide advises fewer
_MOST_KINDS = 30  # distinct values of a field that may serve as `where`
_NEARLY_ALL = 0.95
_FEWEST_OWNERS = 2
_SURE = 85  # score of a name that is surely an item's id

_USER_OBJECTS = field_names.listed(
    "traits userproperties userattributes customerproperties personproperties userprofile profile user customer "
    "member person set setonce"
)
# Called like traits, and an event's own fields just as often.
_OBJECTS_OF_ANYTHING = frozenset(("attributes",))
_USER_TRAITS = field_names.listed(
    "age agegroup gender sex membership membershipstatus member tier plan subscription subscriptionmodel "
    "subscriptiontype loyaltytier loyalty segment usersegment persona lifetimevalue ltv country language"
)
_PERSONAL = field_names.listed(
    "email mail name firstname lastname fullname surname phone phonenumber mobile telephone address street city "
    "zip zipcode postcode postalcode birthday birthdate dateofbirth dob ip ipaddress username avatar photo ssn "
    "iban emailaddress phonenumbers nickname displayname givenname familyname note latitude longitude lat lng lon "
    "company useragent"
)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ID_WORDS = frozenset(("id", "uuid", "guid", "token", "hash", "key"))

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


def user_columns(observed: Observed, user_paths: Sequence[str], items: Items | None = None) -> EntityColumns | None:
    """Columns from an object of traits and from well-known names; None if Personalize could train on none of them.

    Args:
        items: The item's id: an object that holds it describes an event or an item, and no user.
    """
    known = set().union(*(observed.fields[path].at for path in user_paths))
    holders = {seen.parent for seen in _item_fields(observed, items)}
    found = [
        seen
        for seen in observed
        if seen.array is None
        and seen.path not in user_paths
        and seen.at & known
        and not (seen.parent and seen.parent in holders)
        and _is_trait(seen, items)
    ]
    found = _nearest(found)
    describing = set().union(*(seen.at for seen in found)) & known
    people = len({_first(observed, number, user_paths) for number in describing})
    result = EntityColumns(_condition(observed, describing))
    for same in _spelled_alike(found):
        seen, paths = same[0], tuple(one.path for one in same)
        if _is_personal(seen):
            result.personal.extend(paths)
            continue
        name = _column_name(seen, "users", result)
        marks, reason = _as_metadata(seen, people)
        if len(result.columns) == contract.MAX_METADATA["users"]:
            reason = reason or f"Personalize takes {len(result.columns)} columns at most"
        if reason:
            result.optional[name] = (paths, marks, reason)
        else:
            result.columns[name] = (paths, marks)
    if not result.columns:
        return None
    result.why = f"{len(describing):,} of {len(observed.events):,} events describe {count_of(people, 'user')}"
    return result


def _item_fields(observed: Observed, items: Items | None) -> list[Field]:
    """The item's id, and other fields that are surely ids of items."""
    sure = [
        seen
        for seen in observed
        if seen.array is None and field_names.item(seen.name, parent_name(seen)) >= _SURE and seen.is_scalar
    ]
    return [*sure, *(items.fields if items else ())]


def _first(observed: Observed, number: int, paths: Sequence[str]) -> str | None:
    return next((text for path in paths if (text := observed.text(number, path)) is not None), None)


def _spelled_alike(found: Sequence[Field]) -> list[list[Field]]:
    """Fields of one object whose names differ by case and punctuation alone; texts first, then by path."""
    same: dict[tuple[str, str], list[Field]] = {}
    for seen in sorted(found, key=lambda seen: (seen.is_numeric, seen.path)):
        same.setdefault((seen.parent, field_names.folded(seen.name)), []).append(seen)
    return list(same.values())


def _is_personal(seen: Field) -> bool:
    if field_names.folded(seen.name) in _PERSONAL:
        return True
    return any(_ADDRESS.fullmatch(text.strip()) for text in seen.values)


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
        if seen.parent in items.parents and seen.column_path not in items.paths and seen.at & items.at
    ]
    result = EntityColumns(None)
    known = _known(fields, items, of_events)
    describing = set().union(*(seen.at for _, same, _ in known for seen in same))
    if describing and len(describing & wanted) <= (1 - _NEARLY_ALL) * len(describing):
        result.where = _condition(observed, describing)
    result.columns = {name: (tuple(seen.column_path for seen in same), marks) for name, same, marks in known}
    taken = {seen.path for _, same, _ in known for seen in same}
    count = len(set().union(*(seen.values for seen in items.fields)))
    about = [
        seen
        for seen in fields
        if seen.path not in taken and seen.parent not in of_events and _may_describe(seen, wanted)
    ]
    for name, same in _by_name(about):
        marks, reason = _as_metadata(same[0], count)
        if not reason:
            paths = tuple(seen.column_path for seen in same)
            result.optional[name] = (paths, marks, f"{len(same[0].values):,} values, as {_example(same[0])}")
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
        (_CATEGORIES, {"categorical": True}, _is_category),
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


def _is_trait(seen: Field, items: Items | None) -> bool:
    """Whether a field describes its user: in an object of traits, or by a well-known name at the top of the event."""
    if dict in seen.kinds:
        return False
    if not seen.parent:
        return field_names.folded(seen.name) in _USER_TRAITS
    *above, parent, name = seen.steps
    if field_names.user(name, parent):
        return False
    if field_names.folded(parent) in _OBJECTS_OF_ANYTHING:
        is_users = bool(above) and field_names.folded(above[-1]) in _USER_OBJECTS
        return is_users or not items or not seen.at & items.at
    return field_names.folded(parent) in _USER_OBJECTS or field_names.words(parent)[-1:] == ["traits"]


def _nearest(found: list[Field]) -> list[Field]:
    """Of several objects of traits, the one nearest to the top: trackers repeat it in their context."""
    depth = min((len(seen.steps) for seen in found if seen.parent), default=0)
    return [seen for seen in found if not seen.parent or len(seen.steps) == depth]


def _condition(observed: Observed, describing: set[int]) -> tuple[str, str] | None:
    """A field and its value that (nearly) all of these events have and no others; None if there is none."""
    best: tuple[tuple[int, int, str], tuple[str, str]] | None = None
    for seen in observed:
        if seen.array is not None or set(seen.kinds) != {str} or len(seen.values) > _MOST_KINDS:
            continue
        for value in seen.values:
            at = observed.where(seen.path, value)
            common = len(at & describing)
            if common >= _NEARLY_ALL * max(len(at), len(describing)) and len(at) < len(observed.events):
                rank = (-field_names.event(seen.name), len(seen.steps), seen.path)
                if best is None or rank < best[0]:
                    best = rank, (seen.path, value)
    return best[1] if best else None


def _as_metadata(seen: Field, owners: int) -> tuple[Marks, str]:
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
    if not _is_category(seen):
        return categorical, "long or many texts; no category"
    if owners > 20 and len(seen.values) > 0.5 * owners:
        return categorical, f"{len(seen.values):,} values: (nearly) each has its own"
    return categorical, ""


def _is_category(seen: Field) -> bool:
    """Whether the values are few, short texts and no addresses."""
    if not seen.values or dict in seen.kinds or bool in seen.kinds or len(seen.values) > _MOST_CATEGORIES:
        return False
    longest = max(map(len, seen.values))
    return longest <= contract.CATEGORY_CHARS // 4 and not any("://" in text for text in seen.values)


def _column_name(seen: Field, dataset: str, result: EntityColumns) -> str:
    """A column name of the field that no reserved or earlier column has."""
    name = field_names.column(seen.name)
    # These names make a column a time, whatever its values are.
    reserved = (*contract.reserved(dataset, "custom"), "TIMESTAMP", "CREATION_TIMESTAMP")
    folded = {taken.replace("_", "") for taken in (*reserved, *result.columns, *result.optional)}
    number, free = 2, name
    while free.replace("_", "") in folded:
        free, number = f"{name}_{number}", number + 1
    return free


def _example(seen: Field) -> str:
    """The most frequent value, short enough for a comment."""
    text = seen.values.most_common(1)[0][0].replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"
