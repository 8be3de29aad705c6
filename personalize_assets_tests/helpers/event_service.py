"""Segment's and RudderStack's HTTP APIs as documented, on a local port.

Segment answers 200 to a batch of more than 2,500 events, to an event without a name and to an event that it has had,
and stores none of them. It stores an event under the day of receipt, its time moved by `sentAt`.
"""

from __future__ import annotations

import base64
import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from personalize_assets.generate.text import iso_text

KEYS = {"wk-web": "web", "wk-android": "android", "wk-ios": "ios", "wk-server": "server"}
"""Write keys and their sources."""


class Planned(NamedTuple):
    """An answer in place of the service's own; with status 0 the connection is cut.

    Attributes:
        is_stored: Whether the events are stored nevertheless.
    """

    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    text: str = ""
    is_stored: bool = False


class EventService:
    """The service.

    Attributes:
        url: Without a path.
        kind: ``segment`` or ``rudderstack``.
        planned: Answers to the next requests, first to last.
        batches: The batches that came in, in the order of arrival, with those that were not accepted.
        stored: The events of each source that are stored.
        now: The time of receipt.
    """

    def __init__(self, kind: str, now: Callable[[], float]) -> None:
        """Start on a free port."""
        self.kind = kind
        self.now = now
        self.planned: list[Planned] = []
        self.paths: list[str] = []
        self.batches: list[dict[str, Any]] = []
        self.stored: dict[str, list[dict[str, Any]]] = {source: [] for source in KEYS.values()}
        self._known: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def all_stored(self) -> list[dict[str, Any]]:
        """The events of all sources."""
        return [event for events in self.stored.values() for event in events]

    def stop(self) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._server.server_close()

    def write_logs(self, folder: Path) -> None:
        """Write what is stored as the destination AWS S3 does: by source and day of receipt."""
        day = datetime.fromtimestamp(self.now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for source, events in self.stored.items():
            place = folder / "segment-logs" / source / f"{int(day.timestamp() * 1000)}"
            place.mkdir(parents=True)
            lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
            (place / f"{int(self.now() * 1000)}.aaaa.gz").write_bytes(gzip.compress(lines))

    def _answer(self, key: str, body: bytes) -> Planned:
        batch = json.loads(body)
        self.batches.append(batch)
        source = KEYS.get(key)
        planned = self.planned.pop(0) if self.planned else None
        if planned and not planned.is_stored:
            return planned
        take = self._rudderstack if self.kind == "rudderstack" else self._segment
        answer = take(source, batch, body)
        return planned or answer

    def _segment(self, source: str | None, batch: dict[str, Any], body: bytes) -> Planned:
        events = batch["batch"]
        if len(body) > 500_000 or any(len(json.dumps(event)) > 32_000 for event in events):
            return Planned(400, {}, '{"message": "Exceeds the limit"}')
        if any(not event.get("userId") and not event.get("anonymousId") for event in events):
            return Planned(400, {}, '{"code": "no_user_anon_id"}')
        if len(events) <= 2500 and source is not None:
            for event in events:
                if event.get("type") == "identify" or (event.get("type") == "track" and event.get("event")):
                    self._store(source, event, batch["sentAt"])
        return Planned(200, {}, '{"success": true}')

    def _rudderstack(self, source: str | None, batch: dict[str, Any], body: bytes) -> Planned:
        if source is None:
            return Planned(401, {}, "Failed to read writeKey from header")
        if len(body) > 4_000_000:
            return Planned(413, {}, "Request size too large")
        for event in batch["batch"]:
            self._store(source, event, batch["sentAt"])
        return Planned(200, {}, "OK")

    def _store(self, source: str, event: dict[str, Any], sent_at: str) -> None:
        if event["messageId"] in self._known and self.kind == "segment":
            return
        self._known.add(event["messageId"])
        received = datetime.fromtimestamp(self.now(), UTC)
        happened = event.get("originalTimestamp", event["timestamp"])
        corrected = received - (datetime.fromisoformat(sent_at) - datetime.fromisoformat(happened))
        milliseconds = (corrected - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        times = {"originalTimestamp": happened, "timestamp": iso_text(milliseconds), "sentAt": sent_at}
        self.stored[source].append({**event, **times, "receivedAt": received.isoformat()})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                scheme, _, value = self.headers.get("Authorization", "").partition(" ")
                key = base64.b64decode(value).decode().removesuffix(":") if scheme == "Basic" else ""
                assert self.headers["Content-Type"] == "application/json"
                service.paths.append(self.path)
                answer = service._answer(key, body)
                if answer.status == 0:
                    reset = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                    self.connection.close()
                    return
                self.send_response(answer.status)
                for name, text in answer.headers.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(answer.text.encode())))
                self.end_headers()
                self.wfile.write(answer.text.encode())

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

            def finish(self) -> None:
                with suppress(OSError, ValueError):  # the connection was cut by plan
                    super().finish()

        return Handler


@contextmanager
def event_service(kind: str, now: Callable[[], float]) -> Iterator[EventService]:
    """A service that runs until the block ends."""
    service = EventService(kind, now)
    try:
        yield service
    finally:
        service.stop()
