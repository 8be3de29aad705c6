"""What events say about users and items: the columns of these two datasets, and what was left out of them and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.field_roles import Items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion import contract

_MOST_CATEGORIES = 1000  # distinct values of a category; Personalize's guide advises fewer
_MOST_KINDS = 30
_NEARLY = 0.95

_USER_OBJECTS = frozenset(("traits", "userproperties", "userattributes", "attributes", "profile", "user", "customer"))
_USER_TRAITS = names.listed(
    "age agegroup gender sex membership membershipstatus member tier plan subscription subscriptionmodel "
    "subscriptiontype loyaltytier loyalty segment usersegment persona lifetimevalue ltv country language"
)
_PERSONAL = names.listed(
    "email mail name firstname lastname fullname surname phone phonenumber mobile telephone address street city "
    "zip zipcode postcode postalcode birthday birthdate dateofbirth dob ip ipaddress username avatar photo ssn "
    "iban"
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
    "CREATION_TIMESTAMP": ("publishedat", "publishdate", "publicationdate", "releasedate", "airdate", "createdat")
}
# Numbers about an event and not about its item.
_OF_THE_EVENT = names.listed(
    "quantity position index revenue total subtotal shipping tax discount revenuetotal value amount count rank"
)


@dataclass
class Entity:
    """One dataset of users or items. ``where`` is one field and the value that its events have; or ``None`` for none.

    ``columns`` maps names to paths and marks; ``optional`` are more of them with the reason why they are not in, or
    what was found in them. ``personal`` are paths of what tells who somebody is.
    """

    where: tuple[str, str] | None
    columns: dict[str, tuple[tuple[str, ...], dict[str, object]]] = field(default_factory=dict)
    optional: dict[str, tuple[tuple[str, ...], dict[str, object], str]] = field(default_factory=dict)
    personal: list[str] = field(default_factory=list)
    why: str = ""


def users(observed: Observed, user_path: str) -> Entity | None:
    """What is told of users, in an object of traits or by well-known names. None if nothing to train on is."""
    found = [seen for seen in observed if seen.array is None and seen.path != user_path and _is_trait(seen)]
    found = _nearest(found)
    told = set().union(*(seen.at for seen in found)) & observed.fields[user_path].at
    people = len({observed.text(number, user_path) for number in told})
    made = Entity(_told_by(observed, told))
    for seen in sorted(found, key=lambda seen: (seen.is_numeric, seen.path)):
        if names.folded(seen.name) in _PERSONAL:
            made.personal.append(seen.path)
            continue
        name = _column_name(seen, "users", made)
        marks, reason = _as_metadata(seen, people)
        if len(made.columns) == contract.MAX_METADATA["users"]:
            reason = reason or f"Personalize takes {len(made.columns)} columns at most"
        if reason:
            made.optional[name] = ((seen.path,), marks, reason)
        else:
            made.columns[name] = ((seen.path,), marks)
    if not made.columns:
        return None
    made.why = f"told of {people:,} users in {len(told):,} of {len(observed.events):,} events"
    return made


def items(observed: Observed, found: Items, wanted: set[int]) -> Entity | None:
    """What is told of items beside their ids. ``where`` is None for the events that interactions want too."""
    fields = [
        seen
        for seen in observed
        if seen.parent in found.parents and seen.column_path not in found.paths and seen.at & found.at
    ]
    made = Entity(None)
    known = _known(fields, found)
    told = set().union(*(seen.at for _, same, _ in known for seen in same))
    if told and not len(told & wanted) > (1 - _NEARLY) * len(told):
        made.where = _told_by(observed, told)
    made.columns = {name: (tuple(seen.column_path for seen in same), marks) for name, same, marks in known}
    taken = {seen.path for _, same, _ in known for seen in same}
    count = len(found.element.values if found.element else found.event.values if found.event else ())
    about = [seen for seen in fields if seen.path not in taken and _may_describe(seen, wanted)]
    for name, same in _by_name(about):
        marks, reason = _as_metadata(same[0], count)
        if not reason:
            paths = tuple(seen.column_path for seen in same)
            made.optional[name] = (paths, marks, f"{len(same[0].values):,} values, as {_example(same[0])}")
    if not any(_is_trained_on(name, marks) for name, (_, marks) in made.columns.items()):
        if not made.optional:
            return None
        name = min(made.optional, key=lambda name: ("categorical" not in made.optional[name][1], name))
        paths, marks, _ = made.optional.pop(name)
        made.columns[name] = (paths, marks)
    return made


def _is_trained_on(name: str, marks: dict[str, object]) -> bool:
    return name != "CREATION_TIMESTAMP" and bool(marks)


def _known(fields: list[Field], found: Items) -> list[tuple[str, list[Field], dict[str, object]]]:
    """Fields under Personalize's own names for items, categories before numbers before times."""
    known: list[tuple[str, list[Field], dict[str, object]]] = []
    for columns, marks, fits in (
        (_CATEGORIES, {"categorical": True}, _is_category),
        (_NUMBERS, {"type": "float"}, lambda seen: seen.is_numeric),
        (_TIMES, {}, lambda seen: seen.is_time and seen.parent != ""),
    ):
        for column, spellings in columns.items():
            for spelling in spellings:
                same = [
                    seen
                    for parent in dict.fromkeys(found.parents)
                    for seen in fields
                    if seen.parent == parent and names.folded(seen.name) == spelling and fits(seen)
                ]
                if same:
                    known.append((column, same, dict(marks)))
                    break
    return known


def _may_describe(seen: Field, wanted: set[int]) -> bool:
    """Whether a field beside an item's id may be about the item. At the top of an event it may be about anything."""
    if not seen.parent or dict in seen.kinds or len(seen.values) < 2 or len(seen.at & wanted) < 0.2 * len(wanted):
        return False
    return names.folded(seen.name) not in _OF_THE_EVENT and not names.item(seen.name, "")


def _by_name(fields: Iterable[Field]) -> Iterator[tuple[str, list[Field]]]:
    same: dict[str, list[Field]] = {}
    for seen in sorted(fields, key=lambda seen: (seen.array is None, seen.path)):
        same.setdefault(names.column(seen.name), []).append(seen)
    reserved = {*contract.reserved("items", "custom"), "TIMESTAMP"}
    return ((name, found) for name, found in sorted(same.items()) if name not in reserved)


def _is_trait(seen: Field) -> bool:
    if dict in seen.kinds:
        return False
    if not seen.parent:
        return names.folded(seen.name) in _USER_TRAITS
    return names.folded(seen.steps[-2]) in _USER_OBJECTS and not names.user(seen.name, seen.steps[-2])


def _nearest(found: list[Field]) -> list[Field]:
    """Of objects that tell of the user, the one nearest to the top: trackers repeat it in their context."""
    depth = min((len(seen.steps) for seen in found if seen.parent), default=0)
    return [seen for seen in found if not seen.parent or len(seen.steps) == depth]


def _told_by(observed: Observed, told: set[int]) -> tuple[str, str] | None:
    """A field and its value that (nearly) all of these events have and no others; None if there is none."""
    best: tuple[tuple[int, int, str], tuple[str, str]] | None = None
    for seen in observed:
        if seen.array is not None or set(seen.kinds) != {str} or len(seen.values) > _MOST_KINDS:
            continue
        for value in seen.values:
            at = observed.where(seen.path, value)
            common = len(at & told)
            if common >= _NEARLY * len(at) and common >= _NEARLY * len(told) and len(at) < len(observed.events):
                rank = (-names.event(seen.name), len(seen.steps), seen.path)
                if best is None or rank < best[0]:
                    best = rank, (seen.path, value)
    return best[1] if best else None


def _as_metadata(seen: Field, owners: int) -> tuple[dict[str, object], str]:
    """The marks of a column, and the reason not to have it as it is; ``owners`` is the number of users or items."""
    categorical: dict[str, object] = {"categorical": True}
    if set(seen.kinds) == {bool}:
        return categorical, "true or false; Personalize trains on it only as a category"
    if seen.is_time:
        return categorical, "a time; nothing to train on as it is"
    if seen.is_numeric:
        return {"type": "long" if seen.is_whole else "float"}, ""
    if not _is_category(seen):
        return categorical, "long or many texts; no category"
    if owners > 20 and len(seen.values) > 0.5 * owners:
        return categorical, f"{len(seen.values):,} values: (nearly) each has its own"
    return categorical, ""


def _is_category(seen: Field) -> bool:
    if not seen.values or dict in seen.kinds or bool in seen.kinds or len(seen.values) > _MOST_CATEGORIES:
        return False
    longest = max(map(len, seen.values))
    return longest <= contract.CATEGORY_CHARS // 4 and not any("://" in text for text in seen.values)


def _column_name(seen: Field, dataset: str, made: Entity) -> str:
    name = names.column(seen.name)
    # A time's name makes a column a time, whatever stands in it.
    reserved = (*contract.reserved(dataset, "custom"), "TIMESTAMP", "CREATION_TIMESTAMP")
    folded = {taken.replace("_", "") for taken in (*reserved, *made.columns, *made.optional)}
    number, free = 2, name
    while free.replace("_", "") in folded:
        free, number = f"{name}_{number}", number + 1
    return free


def _example(seen: Field) -> str:
    text = seen.values.most_common(1)[0][0].replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"
