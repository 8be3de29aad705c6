"""Scores names of fields, 0 to 110: how likely a name alone means a user, an item, a time and so on; 0 means not.

Names are compared without case and punctuation: `userId`, `user_id` and `USER-ID` are the same. The words are those of
Segment's, RudderStack's, Snowplow's, PostHog's, Amplitude's, Mixpanel's and Pinpoint's specs, of Google Analytics 4, of
Shopify, of Personalize, and of common schemas. ``parent`` is always the name of the object that has the field, or
empty for a field of the event itself.
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
# What holds several of the items that are played or read: the item is rather one of them.
_CONTAINERS = listed("series album podcast course show program")
# Things that have ids and are not recommended.
_NO_ITEM = listed(
    "user customer member visitor anonymous client session visit device order cart checkout basket transaction "
    "payment invoice message event request trace span email campaign project write account list group org "
    "organization tenant workspace page view browser cookie rudder segment app build version library store source "
    "ad advertising advert impression experiment variation referrer subscription profile person owner shipment "
    "coupon promotion creative network geo city country region category genre brand channel playlist language "
    "currency locale tag insert hit subscriber viewer listener shopper player reader pseudo stream measurement "
    "log batch record row line team actor distinct amplitude cognito identity endpoint pool api application "
    "vendor location address staff employee agent seller merchant author creator guest contact buyer patron "
    "consumer fulfillment shipping billing tax refund return topic partition offset cluster host process thread "
    "instance machine server schema namespace tracker tab window frame button form screen element component "
    "treatment test feature flag push notification newsletter token correlation activity interaction carrier os "
    "zone warehouse crm fingerprint click company"
)
# Beside what an event is about: shown with it, or before it.
_ASIDE = listed(
    "recommended recommendation recommendations related similar suggested suggestion suggestions alternative "
    "alternatives upsell crosssell impression impressions displayed carousel previous prev last next before old "
    "original replaced favorite favourite parent"
)
# Objects of which several are one row each elsewhere: an `id` in them may be that of the row.
_ROWS = listed("line order cart basket checkout wishlist")

_USER_EXACT = {
    "userid": 100, "customerid": 97, "uid": 85, "user": 75, "customer": 70, "accountid": 88, "distinctid": 60,
    "personid": 58,     "username": 55, "login": 55,
}  # fmt: skip
_USER_NOUNS = ("user", "customer", "member", "subscriber", "account", "profile", "person", "shopper", "player",
               "viewer", "listener", "reader", "patron", "contact", "client", "consumer", "buyer", "guest")  # fmt: skip
# People in an event who are not those that act in it.
_OTHER_PEOPLE = listed(
    "seller vendor merchant author creator owner friend target referrer referred referral recipient sender agent "
    "staff employee admin assignee follower followed followee inviter invited invitee driver host parent manager "
    "aws tenant before old previous created updated modified viewed"
)
# Ids of a device or a visit: a person has several, so they score below ids of accounts.
_DEVICE_NAMES = {
    "visitorid": 50, "userpseudoid": 50, "anonymousid": 45, "clientid": 40, "deviceid": 40, "cookieid": 40,
    "fullvisitorid": 50, "cognitoid": 48, "rudderid": 35, "browserid": 35, "amplitudeid": 35,
    "domainuserid": 50, "networkuserid": 42, "sessionid": 15, "domainsessionid": 15, "gasessionid": 15,
}  # fmt: skip

_EVENT_NAMES = {
    # Segment's warehouse has the name as `event_text`, and as `event` that of the event's table.
    "eventtext": 105, "event": 100, "eventname": 98, "eventtype": 97, "detailtype": 95, "action": 90, "actiontype": 88,
    "interaction": 85, "interactiontype": 88, "activity": 80, "activitytype": 80, "verb": 75, "eventaction": 80,
    "seaction": 70, "eventcategory": 40, "type": 60, "kind": 50, "name": 35, "method": 10, "category": 10,
}  # fmt: skip
# The name of anything: of an event only in the event itself, or in an object called like one.
_OF_ANYTHING = listed("type kind name method category")
_ACTIONS = listed("event action activity interaction")
# Objects in which a sender puts the event itself.
_EVENT_OBJECTS = listed("event detail data payload body message record value after hit metadata meta envelope")

_TIME_NAMES = {
    "timestamp": 100, "eventtimestamp": 98, "eventtime": 98, "ts": 95, "occurredat": 95, "happenedat": 95, "time": 90,
    "datetime": 88, "eventdate": 80, "createdat": 70, "createdtime": 70, "clienttimestamp": 70, "date": 60,
    "receivedat": 65, "servertime": 65, "servertimestamp": 65, "ingestedat": 50, "loggedat": 65,
    "originaltimestamp": 68, "sentat": 45, "derivedtstamp": 95, "truetstamp": 96, "clienteventtime": 75,
    "dvcecreatedtstamp": 66, "collectortstamp": 65, "unixtime": 90, "epoch": 85, "at": 60,
}  # fmt: skip
# Times of something else than the event: of a person, a document, a subscription, the event before it.
_OTHER_TIMES = listed(
    "birth birthday born expiry expires expire expiration expired valid until due end ended stop stopped delivery "
    "delivered shipping scheduled published publication publish release released premiere air trial renewal "
    "registered registration signup joined join login seen first previous prev last next deleted closed cancelled "
    "canceled offset creation touch refr"
)
_RECEIVING = listed(
    "received receive arrival arrived ingested ingestion ingest collector server upload uploaded sent etl load "
    "loaded processed processing inserted logged stored written"
)

# What may stand behind the name of a time: its unit or its form.
_UNITS = listed("ms us ns s sec secs seconds millis milliseconds micros microseconds nanos unix unixtime utc iso epoch")

_MESSAGE_NAMES = {
    "messageid": 100, "eventid": 97, "insertid": 95, "eventuuid": 95, "hitid": 85, "uuid": 75, "guid": 75, "id": 70,
    "recordid": 70, "logid": 70, "requestid": 40,
}  # fmt: skip

VALUE_NAMES = {
    "eventvalue": 110, "price": 100, "unitprice": 95, "itemprice": 95, "rating": 95, "value": 90, "score": 80,
    "amount": 75, "stars": 75, "weight": 40,
}  # fmt: skip

GUESS = 60
"""Scores up to this one are guesses: values must confirm them."""

_ITEM_IN_ROW = 50
_OF_CONTAINER = 3
_ITEM_OF_ANY_NAME = 40
_ITEM_ASIDE = 15
_USER_OF_ANY_NAME = 60
_OTHER_PERSON = 10
_EVENT_IN_ACTION = 96
_TIME_OF_ANY_NAME, _TIME_OF_RECEIVING, _TIME_OF_CHANGE = 40, 30, 25


def item(name: str, parent: str) -> int:
    """Score a name as the id of an item."""
    own, above = folded(name), _things(parent)
    if own in _ITEM_EXACT:
        return _ITEM_EXACT[own]
    if own in _ITEM_ENDINGS and _is_noun(above, _ITEM_NOUNS):
        if _ASIDE.intersection(above):
            return _ITEM_ASIDE
        return _ITEM_IN_ROW if _ROWS.intersection(above) else _ITEM_ENDINGS[own]
    for ending, score in _ITEM_ENDINGS.items():
        if own.endswith(ending) and own.removesuffix(ending) in _ITEM_NOUNS:
            return score - _OF_CONTAINER * (own.removesuffix(ending) in _CONTAINERS)
    if own in _ITEM_NOUNS:
        return 60
    parts = words(name)
    if len(parts) > 1 and parts[-1] in ("id", "sku", "uuid") and not _NO_ITEM.intersection(parts):
        if _ASIDE.intersection(parts):
            return _ITEM_ASIDE
        return 0 if _NO_ITEM.intersection(above) - _ROWS else _ITEM_OF_ANY_NAME
    return 0


def items(name: str) -> int:
    """Score a name as that of several plain ids of items: ``content_ids``, ``skus``."""
    return item(name[:-1], "") if name[-1:] in ("s", "S") else 0


def aside(name: str) -> bool:
    """Whether a name is that of items beside those that an event is about, such as recommended or previous ones."""
    return bool(_ASIDE.intersection(words(name)))


def user(name: str, parent: str) -> int:
    """Score a name as the id of a user."""
    own, above = folded(name), _things(parent)
    if _OTHER_PEOPLE.intersection(above):
        return _OTHER_PERSON * (own in _USER_EXACT)
    if own in _USER_EXACT:
        return _USER_EXACT[own]
    if own in _DEVICE_NAMES:
        return _DEVICE_NAMES[own]
    endings = ("id", "uuid", "key", "number")
    if own in ("id", "uuid", "guid", "key") and _is_noun(above, _USER_NOUNS):
        return 95
    if any(own == noun + ending for noun in _USER_NOUNS for ending in endings):
        return 90
    parts = words(name)
    if len(parts) > 2 and parts[-1] in endings and parts[-2] in _USER_NOUNS and not _OTHER_PEOPLE.intersection(parts):
        return _USER_OF_ANY_NAME
    return 0


def device(name: str) -> bool:
    """Whether a name is that of the id of a device or a visit, of which a person has several."""
    return folded(name) in _DEVICE_NAMES


def event(name: str, parent: str = "") -> int:
    """Score a name as the field with the name of an event."""
    own = folded(name)
    if own in _OF_ANYTHING and parent:
        above = _things(parent)
        if own in ("type", "name", "kind") and above and above[-1] in _ACTIONS:
            return _EVENT_IN_ACTION
        if not is_event_object(parent):
            return 0
    return _EVENT_NAMES.get(own, 0)


def is_event_object(parent: str) -> bool:
    """Whether a name is that of an object in which a sender puts the event itself; so is the event, named ``""``."""
    return not parent or folded(parent) in _EVENT_OBJECTS or folded(parent) in _ACTIONS


def time(name: str, parent: str = "") -> int:
    """Score a name as the time of an event."""
    own, above, parts = folded(name), _things(parent), words(name)
    while own not in _TIME_NAMES and len(parts) > 1 and parts[-1] in _UNITS:
        parts = parts[:-1]
        own = "".join(parts)
    if own in _TIME_NAMES:
        # Objects of people and things have times of their own; that of a visit is not that of its events.
        is_persons = _is_noun(above, (*_USER_NOUNS, "trait")) or "user" in above
        is_things = _is_noun(above, _ITEM_NOUNS) and own in ("createdat", "createdtime", "date", "at", "datetime")
        return 0 if is_persons or is_things else _TIME_NAMES[own]
    if not parts or parts[-1] not in ("timestamp", "tstamp", "time", "datetime", "ts", "at", "date"):
        return 0
    if _OTHER_TIMES.intersection(parts) or "user" in parts or _is_noun(above, (*_USER_NOUNS, "session", "visit")):
        return 0
    if _RECEIVING.intersection(parts):
        return _TIME_OF_RECEIVING
    return _TIME_OF_CHANGE if {"updated", "modified", "update"}.intersection(parts) else _TIME_OF_ANY_NAME


def receiving(name: str) -> bool:
    """Whether a name is that of the time at which an event was sent or received, and not at which it happened."""
    return bool(_RECEIVING.intersection(words(name)))


def message(name: str, parent: str = "") -> int:
    """Score a name as the id of an event."""
    own = folded(name)
    if own in ("id", "uuid", "guid", "key") and not is_event_object(parent):
        return 0
    return _MESSAGE_NAMES.get(own, 0)


def value(name: str) -> int:
    """Score a name as the value of an event, such as a price or a rating."""
    return VALUE_NAMES.get(folded(name), 0)


def spelling(name: str, parent: str) -> str:
    """What all spellings of one id have in common: ``userid`` for `user_id`, `userID`, and for `id` in `user`."""
    own = folded(name)
    return folded(parent) + own if own in ("id", "uuid", "guid", "key") else own


def _things(parent: str) -> list[str]:
    """The words of an object's name without numbers, as Snowplow writes versions behind them."""
    return [word for word in words(parent) if not word.isdigit()]


def _is_noun(above: list[str], nouns: tuple[str, ...]) -> bool:
    return bool(above) and (above[-1] in nouns or above[-1].removesuffix("s") in nouns)


def column(name: str) -> str:
    """A name as Personalize allows for columns: `Favorite Departments` gives FAVORITE_DEPARTMENTS."""
    ascii_words = ["".join(c for c in word if c.isascii()) for word in words(name)]
    found = "_".join(word.upper() for word in ascii_words if word) or "FIELD"
    return found if not found[0].isdigit() else f"F_{found}"
