"""Batches over HTTP in the form of Segment's Tracking API, which RudderStack has, too.

Limits and answers: Segment's pages "HTTP Tracking API" and "Rate limits"; which statuses are tried again is taken from
its Python library 2.4.0.
"""

import base64
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from http.client import HTTPException, InvalidURL
from typing import Any

import msgspec

from personalize_assets.generate.senders.clock import Clock
from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.target import Answer, Limits, SendError
from personalize_assets.generate.text import iso_text

# Segment's are 2,500 events, 500 KB and 32 KB an event. Of a batch with more events it accepts none, and answers 200.
LIMITS = Limits(events=500, bytes=475_000, event_bytes=32_000)

_TIMEOUT_SECONDS = 30.0
_RETRIED = {408, 410, 429, 460}
_NEVER_RETRIED = {501, 505}
_MOST_TEXT = 300


class HttpTarget:
    """A URL that takes batches. Each has a connection of its own, so that changes of the DNS are seen."""

    limits = LIMITS

    def __init__(self, url: str, authorizations: Mapping[str, str], clock: Clock) -> None:
        """Nothing is sent yet.

        Args:
            authorizations: The header `Authorization` by source; a source that is not there sends none.
        """
        self.address = url
        self._authorizations = authorizations
        self._clock = clock
        self._opener = urllib.request.build_opener(_NoRedirect)

    def body(self, messages: Sequence[Message]) -> bytes:
        """The batch with `sentAt` now: a service shifts events by the time between `sentAt` and receipt."""
        sent = iso_text(int(self._clock.now() * 1000)).encode()
        return b'{"batch":[%b],"sentAt":"%b"}' % (b",".join(message.content for message in messages), sent)

    def put(self, source: str, messages: Sequence[Message]) -> Answer:
        """Post a batch once."""
        headers = {"Content-Type": "application/json", "User-Agent": "personalize-assets"}
        if source in self._authorizations:
            headers["Authorization"] = self._authorizations[source]
        request = urllib.request.Request(self.address, self.body(messages), headers, method="POST")
        again = range(len(messages))
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            with error:
                return self._refusal(source, error, again)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError | InvalidURL) or _is_unknown_host(reason):
                raise SendError(f"{self.address} cannot be reached: {reason}; check --host") from None
            return Answer(again, None, f"no answer from {self.address}: {reason or type(reason).__name__}")
        if _says_no(text):
            raise SendError(
                f"{self.address} refused {len(messages):,} events of {source}, with 200: {self._readable(source, text)}"
            )
        return Answer()

    def _refusal(self, source: str, error: urllib.error.HTTPError, again: range) -> Answer:
        try:
            text = error.read(10_000)
        except (OSError, HTTPException):
            text = b""
        why = f"HTTP {error.code}: {self._readable(source, text)}"
        if error.code in _RETRIED or (error.code >= 500 and error.code not in _NEVER_RETRIED):
            return Answer(again, _asked_wait(error.headers, self._clock.now()), why)
        raise SendError(f"{self.address} refused {len(again):,} events of {source}: {why}")

    def _readable(self, source: str, text: bytes) -> str:
        """The beginning of an answer in one line, without the key, which a server may repeat."""
        line = " ".join(text.decode(errors="replace").split()) or "(no text)"
        for secret in _secrets(self._authorizations.get(source, "")):
            line = line.replace(secret, "***")
        return line[:_MOST_TEXT]


def basic(write_key: str) -> str:
    """The header `Authorization` of a write key; the colon behind it is needed."""
    return "Basic " + base64.b64encode(f"{write_key}:".encode()).decode()


def _secrets(authorization: str) -> list[str]:
    """What must not be printed of an `Authorization`: its value, and the key in it."""
    found = [authorization] if authorization else []
    found += authorization.split()[1:]
    if authorization.startswith("Basic "):
        found.append(base64.b64decode(authorization[6:] + "==").decode(errors="replace").strip(":"))
    return [secret for secret in found if secret]


def _asked_wait(headers: Any, now: float) -> float | None:
    """The seconds of `Retry-After`, a number or a date, or of `X-RateLimit-Reset`; None for neither."""
    readers: dict[str, Callable[[str], float]] = {
        "Retry-After": lambda text: float(text) if text.isdigit() else parsedate_to_datetime(text).timestamp() - now,
        "X-RateLimit-Reset": float,
    }
    for name, read in readers.items():
        try:
            wait = read((headers.get(name) or "").strip())
        except ValueError:
            continue
        if wait < float("inf"):
            return max(wait, 0.0)
    return None


def _is_unknown_host(reason: object) -> bool:
    return isinstance(reason, socket.gaierror) and reason.errno == socket.EAI_NONAME


def _says_no(text: bytes) -> bool:
    """Whether an answer of 200 is `{"success": false}`."""
    try:
        answer = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return isinstance(answer, dict) and answer.get("success") is False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes no redirect: urllib would follow it with a GET, whose 200 says nothing about the batch."""

    def redirect_request(self, *_: Any) -> None:
        return None
