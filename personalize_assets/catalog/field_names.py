"""Scores names of fields, 0 to 110: how likely a name alone means a user, an item, a time and so on; 0 means not.

Names are compared without case and punctuation: `userId`, `user_id` and `USER-ID` are the same. The words are those of
Segment's and RudderStack's specs, of Google Analytics 4, of Personalize, and of common schemas.
"""

from __future__ import annotations

import re

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")


def folded(name: str) -> str:
    """A name without case and punctuation."""
    return "".join(character for character in name.casefold() if character.isalnum())


def words(name: str) -> list[str]:
    """The words of a name, in lower case: the same for `Product Viewed`, `productViewed` and `PRODUCT_VIEWED`."""
    return [word.casefold() for word in _WORDS.findall(name)]


def listed(text: str) -> frozenset[str]:
    """The words of a text as a set; so that long lists of words are easy to read."""
    return frozenset(text.split())


_ITEM_NOUNS = (
    *("item", "product", "article", "video", "movie", "film", "track", "song", "album", "book", "episode", "show"),
    *("series", "content", "asset", "contentasset", "media", "listing", "offer", "post", "story", "recipe", "course"),
    *("game", "podcast", "property", "job", "hotel", "restaurant", "deal", "program", "clip", "title", "news"),
)
_ITEM_EXACT = {"sku": 100, "itemid": 100, "productid": 97, "asin": 90, "isbn": 90, "ean": 80, "gtin": 80, "upc": 80}
_ITEM_ENDINGS = {"id": 95, "sku": 85, "code": 75, "number": 70, "no": 70, "slug": 65, "uuid": 90, "guid": 90, "key": 70}
# Things that have ids and are not recommended.
_NO_ITEM = listed(
    "user customer member visitor anonymous client session visit device order cart checkout basket transaction "
    "payment invoice message event request trace span email campaign project write account list group org "
    "organization tenant workspace page view browser cookie rudder segment app build version library store source "
    "ad advertising advert impression experiment variation referrer subscription profile person owner shipment "
    "coupon promotion creative network geo city country region category genre brand channel playlist language "
    "currency locale tag insert hit subscriber viewer listener shopper player reader pseudo stream measurement "
    "log batch record row"
)

_USER_EXACT = {"userid": 100, "customerid": 97, "uid": 85, "user": 75, "customer": 70, "username": 55, "login": 55}
_USER_NOUNS = ("user", "customer", "member", "subscriber", "account", "profile", "person", "shopper", "player",
               "viewer", "listener", "reader", "patron", "contact", "client", "consumer", "buyer", "guest")  # fmt: skip
# Ids of a device or a visit: a person has several, so they score below ids of accounts.
_DEVICE_NAMES = {
    "visitorid": 50, "userpseudoid": 50, "anonymousid": 45, "clientid": 40, "deviceid": 40, "cookieid": 40,
    "fullvisitorid": 50, "distinctid": 50, "rudderid": 35, "browserid": 35, "sessionid": 15,
}  # fmt: skip

_EVENT_NAMES = {
    "event": 100, "eventname": 98, "eventtype": 97, "action": 90, "actiontype": 88, "interaction": 85,
    "interactiontype": 88, "activity": 80, "activitytype": 80, "verb": 75, "eventaction": 80, "eventcategory": 40,
    "type": 60, "kind": 50, "name": 35, "method": 10, "category": 10,
}  # fmt: skip

_TIME_NAMES = {
    "timestamp": 100, "eventtimestamp": 98, "eventtime": 98, "ts": 95, "occurredat": 95, "happenedat": 95, "time": 90,
    "datetime": 88, "eventdate": 80, "createdat": 70, "createdtime": 70, "clienttimestamp": 70, "date": 60,
    "receivedat": 65, "servertime": 65, "servertimestamp": 65, "ingestedat": 50, "loggedat": 65,
    "originaltimestamp": 60, "sentat": 45, "derivedtstamp": 95,
    "dvcecreatedtstamp": 60, "collectortstamp": 65, "unixtime": 90, "epoch": 85, "at": 60,
}  # fmt: skip

_MESSAGE_NAMES = {
    "messageid": 100, "eventid": 97, "insertid": 95, "eventuuid": 95, "hitid": 85, "uuid": 75, "guid": 75, "id": 70,
    "recordid": 70, "logid": 70, "requestid": 40,
}  # fmt: skip

VALUE_NAMES = {
    "eventvalue": 110, "price": 100, "unitprice": 95, "itemprice": 95, "rating": 95, "value": 90, "score": 80,
    "amount": 75, "stars": 75, "weight": 40,
}  # fmt: skip


def item(name: str, parent: str) -> int:
    """Score a name as the id of an item. ``parent`` is the name of the object that has the field, or empty."""
    own, above = folded(name), folded(parent)
    if own in _ITEM_EXACT:
        return _ITEM_EXACT[own]
    singular = above.removesuffix("s")
    if own in _ITEM_ENDINGS and singular in _ITEM_NOUNS:
        return _ITEM_ENDINGS[own]
    for ending, score in _ITEM_ENDINGS.items():
        if own.endswith(ending) and own.removesuffix(ending) in _ITEM_NOUNS:
            return score
    if own in _ITEM_NOUNS:
        return 60
    parts = words(name)
    if len(parts) > 1 and parts[-1] in ("id", "sku", "uuid") and not _NO_ITEM.intersection(parts):
        return 40
    return 0


def user(name: str, parent: str) -> int:
    """Score a name as the id of a user; ``parent`` as in ``item``."""
    own, above = folded(name), folded(parent)
    if own in _USER_EXACT:
        return _USER_EXACT[own]
    if own in _DEVICE_NAMES:
        return _DEVICE_NAMES[own]
    if own in ("id", "uuid", "guid", "key") and above in _USER_NOUNS:
        return 95
    return next((90 for noun in _USER_NOUNS for ending in ("id", "uuid", "key", "number") if own == noun + ending), 0)


def event(name: str) -> int:
    """Score a name as the field with the name of an event."""
    return _EVENT_NAMES.get(folded(name), 0)


def time(name: str) -> int:
    """Score a name as the time of an event."""
    parts = words(name)
    ends_like_one = bool(parts) and parts[-1] in ("timestamp", "tstamp", "time", "datetime", "ts", "at", "date")
    return _TIME_NAMES.get(folded(name), 30 if ends_like_one else 0)


def message(name: str) -> int:
    """Score a name as the id of an event."""
    return _MESSAGE_NAMES.get(folded(name), 0)


def value(name: str) -> int:
    """Score a name as the value of an event, such as a price or a rating."""
    return VALUE_NAMES.get(folded(name), 0)


def column(name: str) -> str:
    """A name as Personalize allows for columns: `Favorite Departments` gives FAVORITE_DEPARTMENTS."""
    ascii_words = ["".join(c for c in word if c.isascii()) for word in words(name)]
    found = "_".join(word.upper() for word in ascii_words if word) or "FIELD"
    return found if not found[0].isdigit() else f"F_{found}"
