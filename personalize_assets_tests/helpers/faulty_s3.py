"""Faults of S3 by a plan: errors, broken connections, bodies that end early, stale listings, errors inside a 200.

A plan is given to a server (``LatencyServer.faults``), which asks it about each request:

    s3_server.faults = FaultPlan.by_chance(seed=7, share=0.1)
    s3_server.faults = FaultPlan.in_turn([Fault.CUT, None, Fault.RESET], of="GET")
"""

from __future__ import annotations

import os
import random
import re
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from personalize_assets.storage.run_ids import RUN_ID

if TYPE_CHECKING:
    from personalize_assets_tests.helpers.latency_server import Request

# Keys that a stale listing leaves out: those written last.
_STALE_WRITES = 8
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)

Perform = Callable[[], tuple[str, list[tuple[str, str]], bytes]]
"""Does what a request asks for, and returns status, headers and body of the answer."""


class Fault(StrEnum):
    """What may happen to a request."""

    ERROR_500 = "500"
    BUSY_503 = "503"
    RESET = "connection reset"
    """The connection is reset, and nothing was done."""
    LOST = "answer lost"
    """What was asked for was done, and the connection is reset before the answer."""
    SHORT = "short body"
    """The connection ends, as in good order, before the whole body was sent."""
    CUT = "cut body"
    """The connection is reset in the middle of the body."""
    ERROR_IN_200 = "error inside 200"
    SHORTENED = "shortened object"
    """A part of the object comes as if it were the whole: only a listing says how much there is."""
    STALE = "stale listing"
    """The listing is without what was written last. S3 itself has no stale listings any more."""


_ANY = (Fault.ERROR_500, Fault.BUSY_503, Fault.RESET)
_OF_BODIES = (Fault.SHORT, Fault.CUT)
_POSSIBLE: dict[str, tuple[Fault, ...]] = {
    "GET": (*_OF_BODIES, Fault.SHORTENED),
    "GET range": _OF_BODIES,
    "LIST": (*_OF_BODIES, Fault.STALE),
    "COPY": (Fault.LOST, Fault.ERROR_IN_200),
    "COPY part": (Fault.LOST, Fault.ERROR_IN_200),
    "POST complete": (Fault.LOST, Fault.ERROR_IN_200),
    **dict.fromkeys(("PUT", "PUT part", "DELETE", "POST delete", "POST uploads"), (Fault.LOST,)),
}

TRANSIENT = tuple(fault for fault in Fault if fault not in (Fault.SHORTENED, Fault.STALE))
"""Faults that the client can notice, and after which the same request may succeed."""


class FaultPlan:
    """Which requests fail, and how. For several threads.

    Attributes:
        injected: How many faults there were of each kind.
    """

    def __init__(self, choose: Callable[[Request, int], Fault | None]) -> None:
        """``choose`` gets a request and how many of the same kind and path came before it."""
        self.injected: Counter[Fault] = Counter()
        self._choose = choose
        self._lock = threading.Lock()
        self._before: Counter[tuple[str, str]] = Counter()
        self._written: deque[str] = deque(maxlen=_STALE_WRITES)

    @classmethod
    def by_chance(cls, seed: int, share: float = 0.1, faults: Sequence[Fault] = TRANSIENT) -> FaultPlan:
        """Such a share of the requests fails.

        The seed decides together with what is asked for and how often it was before, so that the order of arrival,
        which is another each time, does not matter.
        """

        def choose(request: Request, before: int) -> Fault | None:
            # Run ids are others each time: the same plan must find the same requests.
            chance = random.Random(f"{seed} {request.kind} {RUN_ID.sub('', request.path)} {before}")
            possible = [fault for fault in faults if is_possible(fault, request)]
            return chance.choice(possible) if possible and chance.random() < share else None

        return cls(choose)

    @classmethod
    def in_turn(cls, faults: Sequence[Fault | None], of: str = "") -> FaultPlan:
        """The first requests have these faults, or none; later ones have none.

        With ``of``, only requests of that kind (``Request.kind``) count.
        """
        left = deque(faults)

        def choose(request: Request, before: int) -> Fault | None:
            return left.popleft() if left and of in ("", request.kind) else None

        return cls(choose)

    def answer(
        self, request: Request, environ: dict[str, Any], start_response: Any, perform: Perform
    ) -> Iterable[bytes]:
        """Answer a request, with a fault if the plan has one for it."""
        with self._lock:
            place = request.kind, request.path
            fault = self._choose(request, self._before[place])
            self._before[place] += 1
            if fault is not None:
                self.injected[fault] += 1
        connection: socket.socket = environ["werkzeug.socket"]
        if fault is Fault.RESET:
            reset(connection)
        if fault in (Fault.ERROR_500, Fault.BUSY_503, Fault.ERROR_IN_200):
            _read_body(environ)
            status, code = _ERRORS[fault]
            return _send(start_response, status, [("Content-Type", "application/xml")], _error(code))
        status, headers, body = perform()
        if fault is Fault.LOST:
            reset(connection)
        if fault in (Fault.SHORT, Fault.CUT):
            return _begin(connection, start_response, status, headers, body, is_cut=fault is Fault.CUT)
        if fault is Fault.SHORTENED:
            body = body[: len(body) // 2]
        elif fault is Fault.STALE:
            body = self._without_newest(body)
        elif request.kind in ("PUT", "COPY", "POST complete"):
            self._written.append(request.path.lstrip("/").partition("/")[2])
        return _send(start_response, status, headers, body)

    def _without_newest(self, listing: bytes) -> bytes:
        newest = set(self._written)

        def kept(entry: re.Match[bytes]) -> bytes:
            key = entry[0].partition(b"<Key>")[2].partition(b"</Key>")[0].decode()
            return b"" if key in newest else entry[0]

        return re.sub(rb"<Contents>.*?</Contents>", kept, listing, flags=re.DOTALL)


def is_possible(fault: Fault, request: Request) -> bool:
    """Whether a request can fail so."""
    return fault in _ANY or fault in _POSSIBLE.get(request.kind, ())


_ERRORS = {
    Fault.ERROR_500: ("500 Internal Server Error", "InternalError"),
    Fault.BUSY_503: ("503 Slow Down", "SlowDown"),
    Fault.ERROR_IN_200: ("200 OK", "InternalError"),
}


def _error(code: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>by plan</Message></Error>'.encode()
    )


def _read_body(environ: dict[str, Any]) -> None:
    """Take what was sent along, so that the next request on the connection is found."""
    if length := environ.get("CONTENT_LENGTH"):
        environ["wsgi.input"].read(int(length))


def _send(start_response: Any, status: str, headers: list[tuple[str, str]], body: bytes) -> list[bytes]:
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    # Without a body, the length is that of the object (HEAD).
    length = [header for header in headers if header[0].lower() == "content-length"] if not body else []
    start_response(status, [*kept, *(length or [("Content-Length", str(len(body)))])])
    return [body]


def _begin(
    connection: socket.socket,
    start_response: Any,
    status: str,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    is_cut: bool,
) -> Iterator[bytes]:
    """The first half of a body, and the end of the connection."""
    if not body:
        reset(connection)
    _send(start_response, status, headers, body)
    yield body[: len(body) // 2]
    if is_cut:
        reset(connection)
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """Reset a connection. Raises ``ConnectionResetError``, as writing to it would."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    # The server still looks at its connection: what it finds there is another one, at its end.
    one, other = socket.socketpair()
    with one, other:
        os.dup2(one.fileno(), connection.fileno())
    raise ConnectionResetError("by plan")
