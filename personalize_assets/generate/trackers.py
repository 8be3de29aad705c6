"""Steps as events: in Segment's envelope, or in RudderStack's, which is similar.

What does not belong here: when and how often an event arrives (``delivery``).
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec

from personalize_assets.generate.people import Person
from personalize_assets.generate.shop import Step, Visit
from personalize_assets.generate.text import iso_text, iso_text_in_seconds, uuid_text

_Json = dict[str, Any]
"""A JSON object: an event, or a part of one."""

_SHOP = b"https://shop.example"
_PROJECTS = {"website-prod": "pWebShop01", "android-prod": "pAndroid01", "ios-prod": "pIosShop01"}
_WRITE_KEYS = {"website-prod": "wkWeb8f2A", "android-prod": "wkAnd3c9B", "ios-prod": "wkIos7d1C"}

_BROWSERS = [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36", "de-DE"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) Safari/605.1.15", "en-GB"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "fr-FR"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile", "de-AT"),
]
_ANDROIDS = [("Google", "Pixel 9", "16"), ("samsung", "SM-S931B", "15"), ("Fairphone", "FP5", "15")]
_IPHONES = [("Apple", "iPhone17,1", "19.0"), ("Apple", "iPhone15,4", "18.6"), ("Apple", "iPad14,8", "19.0")]


def _web_context(user_agent: str, locale: str) -> _Json:
    return {
        "app": {"name": "shop-web", "version": "4.2.0"},
        "library": {"name": "analytics.js", "version": "next-1.70.0"},
        "locale": locale,
        "userAgent": user_agent,
    }


def _app_context(system: str, build: int, maker: str, model: str, version: str) -> _Json:
    return {
        "app": {"build": str(build), "name": "Shop", "namespace": "com.example.shop", "version": "7.3.1"},
        "device": {"manufacturer": maker, "model": model, "type": system.lower()},
        "library": {"name": f"analytics-{system.lower()}", "version": "4.11.2"},
        "locale": "de-DE",
        "os": {"name": system, "version": version},
        "userAgent": f"Shop/7.3.1 ({model}; {system} {version})",
    }


def _ready(context: _Json) -> _Json:
    """The same context with every value encoded once: it is part of many events."""
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in context.items()}


_CONTEXTS = {
    "website-prod": [_ready(_web_context(*browser)) for browser in _BROWSERS],
    "android-prod": [_ready(_app_context("Android", 731, *phone)) for phone in _ANDROIDS],
    "ios-prod": [_ready(_app_context("iOS", 7310, *phone)) for phone in _IPHONES],
}
_SERVER_CONTEXT = _ready({"library": {"name": "analytics-python", "version": "2.3.4"}, "ip": "198.51.100.7"})
_CAMPAIGN = {"source": "newsletter", "medium": "email"}
_NO_INTEGRATIONS = msgspec.Raw(b"{}")


class Tracker:
    """Writes steps as events, one compact JSON object each."""

    def __init__(self, seed: int, *, rudderstack: bool) -> None:
        """``rudderstack`` adds its own fields and writes times in the visitor's zone."""
        self._rng = Random(f"tracker {seed}")
        self._rudderstack = rudderstack
        self._encode = msgspec.json.Encoder().encode

    def events(self, visit: Visit, times: list[tuple[int, int]]) -> Iterator[bytes]:
        """The events of a visit, one a step.

        `originalTimestamp` and `sentAt` are by the device's clock. As in Segment, `timestamp` corrects for that clock:
        it is as long before `receivedAt` as the step was before it was sent.

        Args:
            times: For each step, the true times at which it was sent and received, in milliseconds.
        """
        context = self._encode(self._context(visit))
        envelope = self._envelope(visit.person)
        envelope["context"] = msgspec.Raw(context)
        id_start = uuid_text(self._rng)[:-12]
        for step, (sent, received) in zip(visit.steps, times, strict=True):
            event = self._event(visit.person, step, envelope, sent, received)
            event["messageId"] = f"{id_start}{self._rng.getrandbits(48):012x}"
            if step.server:
                yield self._as_server_library(event)
                continue
            if visit.person.source == "website-prod":
                page = b',"page":{"path":"%b","url":"%b%b"}}' % (path := step.path.encode(), _SHOP, path)
                event["context"] = msgspec.Raw(context[:-1] + page)
            yield self._encode(event)

    @staticmethod
    def _context(visit: Visit) -> _Json:
        contexts = _CONTEXTS[visit.person.source]
        context = {**contexts[visit.person.device % len(contexts)], "ip": visit.person.ip}
        return context if visit.campaign is None else {**context, "campaign": {"name": visit.campaign, **_CAMPAIGN}}

    def _envelope(self, person: Person) -> _Json:
        """The fields that all events of a visit share."""
        envelope: _Json = {
            "anonymousId": person.anonymous_id,
            "channel": "client" if person.source == "website-prod" else "mobile",
            "integrations": _NO_INTEGRATIONS,
            "projectId": _PROJECTS[person.source],
            "version": 2,
            "writeKey": _WRITE_KEYS[person.source],
        }
        if self._rudderstack:
            envelope |= {"rudderId": person.anonymous_id, "request_ip": person.ip}
        return envelope

    def _event(self, person: Person, step: Step, envelope: _Json, sent: int, received: int) -> _Json:
        clock_error = 0 if step.server else person.clock_error_ms
        zone = person.utc_offset_h if self._rudderstack else None
        happened = received - (sent - step.at)
        event = {
            **envelope,
            "originalTimestamp": iso_text(step.at + clock_error, zone),
            "receivedAt": iso_text(received, zone),
            "sentAt": iso_text(sent + clock_error, zone),
            "timestamp": self._server_time(happened) if step.server else iso_text(happened, zone),
        }
        if step.name:
            event["type"] = "track"
            event["event"] = step.name
            event["properties"] = step.body
        else:
            event["type"] = "identify"
            event["traits"] = step.body
        if step.known:
            event["userId"] = person.user_id
        elif person.source == "website-prod":
            event["userId"] = None  # the web library writes the field, the apps leave it out
        return event

    def _server_time(self, ms: int) -> str | int:
        """A time in one of the forms that server code writes; some have whole seconds."""
        chance = self._rng.random()
        if chance < 0.4:
            return iso_text(ms)
        if chance < 0.6:
            return iso_text_in_seconds(ms)
        if chance < 0.8:
            return iso_text(ms, 2)
        return ms // 1000 if chance < 0.9 else ms

    def _as_server_library(self, event: _Json) -> bytes:
        """The event as server code writes it: sometimes with a number as user id, or with `\\u` escapes."""
        event |= {"channel": "server", "context": _SERVER_CONTEXT}
        chance = self._rng.random()
        if chance < 0.05 and event.get("userId"):
            event["userId"] = int(event["userId"])
        line = self._encode(event)
        if chance > 0.8:
            return json.dumps(msgspec.json.decode(line), separators=(",", ":")).encode()
        return line
