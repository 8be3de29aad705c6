"""An event of the shop as a service takes it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from personalize_assets.generate.delivery import Line
from personalize_assets.generate.happenings import milliseconds_of
from personalize_assets.generate.story import Story
from personalize_assets.generate.text import iso_text

SOURCES = ("web", "android", "ios", "server")
"""Where events come from: each has a source of its own, and a write key, in Segment and RudderStack."""

ALL = "all"
"""The only source, where there is but one."""

_PLATFORMS = {"website-prod": "web", "android-prod": "android", "ios-prod": "ios"}

# The service sets these itself. With a `sentAt` or `originalTimestamp` near the event's time, Segment would move each
# event to now: it stores receivedAt - (sentAt - originalTimestamp).
_SET_BY_SERVICE = ("receivedAt", "sentAt", "originalTimestamp", "projectId", "version", "writeKey", "channel")

_ID = b'"messageId":"'


class Message(NamedTuple):
    """One event to send.

    Attributes:
        source: One of ``SOURCES``, or ``ALL``.
        content: A JSON object.
        key: Who it is about, for streams that keep the order of each key.
    """

    source: str
    content: bytes
    key: str


class _Ids(msgspec.Struct):
    channel: str
    anonymousId: str  # noqa: N815 (the event's own name)
    userId: str | int | None = None  # noqa: N815


def messages(story: Story, *, run: str, write: Callable[[bytes], bytes], by_source: bool) -> Iterator[Message]:
    """The messages of a story, the same each time. Lines that are no event are left out, repeats are not.

    Args:
        run: Put before each message id, with a hyphen, unless it is empty: a service that drops ids which it has had
            takes the same story once for each run.
        write: The content of a message from that of an event.
        by_source: Whether a message has the source of its event; else all have ``ALL``.
    """
    prefix = _ID + f"{run}-".encode() if run else _ID
    decode = msgspec.json.Decoder(_Ids).decode
    for hour in story.hours():
        for line in hour:
            if line.broken:
                continue
            ids = decode(line.content)
            source = _source(line, ids) if by_source else ALL
            content = line.content.replace(_ID, prefix, 1) if run else line.content
            yield Message(source, write(content), str(ids.userId or ids.anonymousId))


def _source(line: Line, ids: _Ids) -> str:
    return "server" if ids.channel == "server" else _PLATFORMS[line.source]


def unchanged(content: bytes) -> bytes:
    """The event as Segment stores it, and ``generate`` writes it."""
    return content


def as_call(content: bytes) -> bytes:
    """The event as a library sends it: without what the service adds, its time in ISO 8601, its user id a text."""
    event = msgspec.json.decode(content)
    for name in _SET_BY_SERVICE:
        event.pop(name, None)
    event["timestamp"] = iso_text(milliseconds_of(event["timestamp"]))
    user = event.pop("userId", None)
    if user is not None:
        event["userId"] = str(user)
    return msgspec.json.encode(event)


class Survey(NamedTuple):
    """What a story holds.

    Attributes:
        events: Messages by source.
        tracked: Distinct user ids and anonymous ids, each of which Segment bills as a tracked user.
    """

    events: dict[str, int]
    tracked: int


def survey(story: Story, *, by_source: bool) -> Survey:
    """Count a story's messages without sending any."""
    decode = msgspec.json.Decoder(_Ids).decode
    counts = dict.fromkeys(SOURCES if by_source else (ALL,), 0)
    found: set[str] = set()
    for hour in story.hours():
        for line in hour:
            if not line.broken:
                ids = decode(line.content)
                counts[_source(line, ids) if by_source else ALL] += 1
                found.add("a" + ids.anonymousId)
                if ids.userId:
                    found.add(f"u{ids.userId}")
    return Survey(counts, len(found))
