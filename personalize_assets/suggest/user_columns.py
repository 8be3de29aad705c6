"""Columns of users: the fields of an object of traits, and well-known names beside the user's id."""

from __future__ import annotations

import re
from collections.abc import Sequence

from personalize_assets.catalog import field_names
from personalize_assets.catalog.field_ranking import count_of
from personalize_assets.catalog.field_relations import parent_name
from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.suggest.entity_columns import EntityColumns, as_metadata, column_name, condition

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
    "useragent"
)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


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
    result = EntityColumns(condition(observed, describing))
    for same in _spelled_alike(found):
        seen, paths = same[0], tuple(one.path for one in same)
        if _is_personal(seen):
            result.personal.extend(paths)
            continue
        name = column_name(seen, "users", result)
        marks, reason = as_metadata(seen, people)
        if len(result.columns) == DATASET_TYPES["users"].max_metadata:
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
    return is_user_object(parent)


def is_user_object(name: str) -> bool:
    """Whether a field of this name holds what is known of a user: `traits`, `user_properties` and the like."""
    return field_names.folded(name) in _USER_OBJECTS or field_names.words(name)[-1:] == ["traits"]


def _nearest(found: list[Field]) -> list[Field]:
    """Of several objects of traits, the one nearest to the top: trackers repeat it in their context."""
    depth = min((len(seen.steps) for seen in found if seen.parent), default=0)
    return [seen for seen in found if not seen.parent or len(seen.steps) == depth]
