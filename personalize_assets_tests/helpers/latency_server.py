"""S3 with the latency of a network: moto over real HTTP, with a wait before each answer and a log of all requests.

A test starts it in its own process (``LatencyServer``) and counts requests, without a wait. A benchmark starts it as a
program of its own (``in_new_process``), because moto would use the processor time that is to be measured:

    python -m personalize_assets_tests.helpers.latency_server --seconds 0.04
"""

from __future__ import annotations

import argparse
import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import ThreadedWSGIServer

from personalize_assets_tests.helpers.faulty_s3 import FaultPlan
from personalize_assets_tests.helpers.server_process import url_of_module

_CONTROL = "/_latency_server"
# Connections that wait to be accepted: clients open a hundred at once.
_BACKLOG = 512
_REMEMBERED_BYTES = 1024 * 1024


class Request(NamedTuple):
    """A request as it came in.

    Attributes:
        kind: ``GET``, ``GET range``, ``HEAD``, ``LIST``, ``PUT``, ``PUT part``, ``COPY``, ``COPY part``, ``DELETE``,
            ``POST delete``, ``POST uploads`` (a multipart upload begins), ``POST complete`` or ``POST``.
        path: ``/bucket/key``, unquoted.
        signer: The access key that signed it; empty without a signature.
    """

    kind: str
    method: str
    path: str
    signer: str


class LatencyServer:
    """The server, in a thread of this process for each connection; connections are kept alive.

    Attributes:
        url: The endpoint.
        seconds: How long each answer waits. Waits of several requests pass at the same time.
        requests: What came in, in the order of arrival.
        refuse: Called for each request; a status here is the answer to it, without a body.
        faults: Which requests fail, and how; none by default.
        under_way: Requests that are being answered now, and the most there were at once.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        """Start on a free port."""
        self.seconds = seconds
        self.requests: list[Request] = []
        self.refuse: Callable[[Request], int | None] = lambda request: None
        self.faults: FaultPlan | None = None
        self.under_way = self.most_under_way = 0
        self._counting = threading.Lock()
        # moto looks at a condition of a PUT and stores the object in two steps.
        self._writing = threading.Lock()
        self._writes = 0
        self._remembered: dict[str, tuple[str, Any, bytes]] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = _Server("127.0.0.1", 0, self._answer, _Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Forget the requests, and what a test has set."""
        self.requests.clear()
        self.refuse = lambda request: None
        self.faults = None
        self.most_under_way = 0

    def stop(self) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(_CONTROL):
            return self._control(environ, start_response)
        request = request_of(environ)
        with self._counting:
            self.requests.append(request)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.seconds:
                time.sleep(self.seconds)
            status = self.refuse(request)
            if status is None and self.faults:
                return self.faults.answer(request, environ, start_response, lambda: self._performed(request, environ))
            if status is None:
                return self._of_moto(request, environ, start_response)
            with suppress(KeyError):
                environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            start_response(f"{status} Refused", [("Content-Length", "0")])
            return [b""]
        finally:
            with self._counting:
                self.under_way -= 1

    def _performed(self, request: Request, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        answered: list[Any] = []
        body = b"".join(
            self._of_moto(request, environ, lambda *status_and_headers: answered.append(status_and_headers))
        )
        status, headers, *_ = answered[0]
        return status, headers, body

    def _of_moto(self, request: Request, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """moto's answer; to a second ``GET`` of a small object the same again, because moto takes milliseconds.

        Requests that write are done one after another.
        """
        if request.method not in ("GET", "HEAD"):
            with self._writing:
                answer = cast("Iterable[bytes]", self._moto(environ, start_response))
                self._writes += 1
                self._remembered.clear()
            return answer
        if not request.kind.startswith("GET") or "HTTP_IF_MATCH" in environ:
            return cast("Iterable[bytes]", self._moto(environ, start_response))
        if request.path not in self._remembered:
            whole = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
            answered: list[Any] = []
            writes = self._writes
            body = b"".join(self._moto(whole, lambda *status_and_headers: answered.append(status_and_headers)))
            status, headers, *_ = answered[0]
            if not status.startswith("200") or len(body) > _REMEMBERED_BYTES or not body:
                return cast("Iterable[bytes]", self._moto(environ, start_response))
            with self._writing:
                if writes == self._writes:
                    self._remembered[request.path] = status, headers, body
        else:
            status, headers, body = self._remembered[request.path]
        if request.kind == "GET range":
            first, end = _range(environ["HTTP_RANGE"], len(body))
            lengths = {"content-length": str(end - first), "content-range": f"bytes {first}-{end - 1}/{len(body)}"}
            headers = [(name, value) for name, value in headers if name.lower() not in lengths] + [*lengths.items()]
            status, body = "206 Partial Content", body[first:end]
        start_response(status, headers)
        return [body]

    def _control(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """``GET`` returns the log; ``PUT <path>/<seconds>`` forgets it and sets the wait."""
        if environ["REQUEST_METHOD"] == "PUT":
            self.reset()
            self.seconds = float(environ["PATH_INFO"].rpartition("/")[2])
        body = json.dumps([*self.requests]).encode()
        start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "application/json")])
        return [body]


class _Quiet(MotoRequestHandler):
    def handle(self) -> None:
        with suppress(OSError, ValueError):  # a connection that was reset by plan
            super().handle()

    def log_request(self, *_: Any) -> None:
        pass


class _Server(ThreadedWSGIServer):
    request_queue_size = _BACKLOG
    disable_nagle_algorithm = True


def _range(header: str, size: int) -> tuple[int, int]:
    """First byte and end of ``bytes=1-9``, ``bytes=1-`` or ``bytes=-9``."""
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def request_of(environ: dict[str, Any]) -> Request:
    """The request of a WSGI environment."""
    method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
    names = {part.partition("=")[0] for part in query.split("&") if part}
    path = unquote(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"))
    signer = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition("/")[0]
    return Request(_kind(method, names, path, environ), method, path, signer)


def _kind(method: str, names: set[str], path: str, environ: dict[str, Any]) -> str:
    is_bucket = "/" not in path.strip("/")
    if method == "GET":
        if is_bucket:
            return "LIST"
        return "GET range" if "HTTP_RANGE" in environ else "GET"
    if method == "PUT":
        copied = "COPY" if "HTTP_X_AMZ_COPY_SOURCE" in environ else "PUT"
        return f"{copied} part" if "partNumber" in names else copied
    if method == "POST":
        for name, what in (("delete", "delete"), ("uploads", "uploads"), ("uploadId", "complete")):
            if name in names:
                return f"POST {what}"
    return method


def counts(requests: Iterable[Request]) -> dict[str, int]:
    """How many requests there were of each kind, by kind."""
    return dict(sorted(Counter(request.kind for request in requests).items()))


class RunningServer:
    """A server in another process, for benchmarks."""

    def __init__(self, url: str) -> None:
        """Take the URL of a server that runs."""
        self.url = url

    def set_seconds(self, seconds: float) -> None:
        """Set the wait of each answer and forget the requests so far."""
        self._call(urllib.request.Request(f"{self.url}{_CONTROL}/{seconds}", method="PUT"))

    def requests(self) -> list[Request]:
        """The requests since ``set_seconds``."""
        return [Request(*fields) for fields in self._call(urllib.request.Request(self.url + _CONTROL))]

    @staticmethod
    def _call(request: urllib.request.Request) -> list[list[str]]:
        with urllib.request.urlopen(request) as answer:
            found: list[list[str]] = json.load(answer)
        return found


@contextmanager
def in_new_process(seconds: float = 0.0) -> Iterator[RunningServer]:
    """A server in a process of its own, which ends with the block."""
    with url_of_module(__name__, "--seconds", str(seconds)) as url:
        yield RunningServer(url)


def main() -> None:
    """Serve until the process is ended; the first line printed is the URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.0, help="wait before each answer")
    server = LatencyServer(parser.parse_args().seconds)
    print(server.url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
