"""The HTTP side: protocol JSON 1.1 as botocore's model names it, faults, hooks and the log of calls."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from personalize_assets_tests.helpers.personalize_emulator.api_model import TARGET
from personalize_assets_tests.helpers.personalize_emulator.errors import ApiError

_JSON = "application/x-amz-json-1.1"
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")

Answer = dict[str, Any] | None
"""What is answered; None closes the connection instead."""


class Server:
    """Serves on a free port until ``stop``. ``answer`` gets an operation and its request, and may raise ApiError."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], Answer], region: Callable[[], str], port: int) -> None:
        self._is_stopped = False
        handler = partial(_Handler, lambda *call: None if self._is_stopped else answer(*call), region)
        self._server = _HttpServer(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer nothing from now on, not even on connections that clients keep open."""
        self._is_stopped = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking DNS for the name of the host, as the base class does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(
        self, answer: Callable[[str, dict[str, Any]], Answer], region: Callable[[], str], *arguments: Any
    ) -> None:
        self._answer = answer
        self._region = region
        super().__init__(*arguments)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            operation = self._operation()
            answer = self._answer(operation, json.loads(body or b"{}"))
        except ApiError as error:
            self._send(error.status, {"__type": error.code, "message": error.message})
        else:
            if answer is None:
                self.close_connection = True
            else:
                self._send(200, answer)

    def _operation(self) -> str:
        target, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        if target != TARGET:
            raise ApiError("UnknownOperationException", f"X-Amz-Target must begin with {TARGET}, not {target!r}")
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        if scope is None:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        if scope.groups() != (self._region(), "personalize"):
            message = f"Credential should be scoped to {self._region()}/personalize, not {'/'.join(scope.groups())}"
            raise ApiError("InvalidSignatureException", message, 403)
        return operation

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", _JSON)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
