"""A folder as a bucket that may be read, over the API of S3, with a wait before each answer.

    python -m benchmarks.folder_server FOLDER

The first line printed is the URL; the bucket's name is ``folder``. moto, behind the tests' latency server, takes
milliseconds of processor time for a request and reads a whole object for each range of it: too much for 10,000 files or
for one of 5 GB. This server lists, and sends files and ranges of them; it takes no writes and checks no signatures.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from personalize_assets_tests.helpers.server_process import url_of_module

BUCKET = "folder"
_CONTROL = "/_control"
_PAGE = 1000


class _Folder(ThreadingHTTPServer):
    """The server; ``seconds`` is the wait, ``counts`` are requests by kind."""

    request_queue_size = 512
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.seconds = 0.0
        self.counts: Counter[str] = Counter()
        found = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
        self.keys = sorted(str(file.relative_to(folder)) for file in found)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Folder

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_PUT(self) -> None:
        """``/_control/SECONDS`` sets the wait and forgets the counts."""
        self.server.seconds = float(self.path.rpartition("/")[2])
        self.server.counts.clear()
        self._send(200, b"")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_GET(self) -> None:
        if self.path == _CONTROL:
            self._send(200, json.dumps(self.server.counts).encode())
        else:
            self._answer("GET")

    def _answer(self, method: str) -> None:
        split = urlsplit(self.path)
        _, _, key = unquote(split.path).removeprefix("/").partition("/")
        is_range = "Range" in self.headers
        self.server.counts["LIST" if not key else f"{method} range" if is_range else method] += 1
        time.sleep(self.server.seconds)
        if key:
            self._send_file(key, method)
        else:
            self._send(200, self._listed({name: values[0] for name, values in parse_qs(split.query).items()}))

    def _send_file(self, key: str, method: str) -> None:
        try:
            file = (self.server.folder / key).open("rb")
        except OSError:
            self._send(404, b"" if method == "HEAD" else b"<Error><Code>NoSuchKey</Code></Error>")
            return
        with file:
            about = os.fstat(file.fileno())
            begin, end = 0, about.st_size
            wanted = self.headers.get("Range")
            if wanted:
                first, _, last = wanted.removeprefix("bytes=").partition("-")
                begin = int(first) if first else max(0, end - int(last))
                end = min(end, int(last) + 1) if first and last else end
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(end - begin))
            self.send_header("Content-Type", "binary/octet-stream")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", f'"{about.st_mtime_ns:x}-{about.st_size:x}"')
            self.send_header("Last-Modified", formatdate(about.st_mtime, usegmt=True))
            if wanted:
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{about.st_size}")
            self.end_headers()
            self.wfile.flush()
            while method == "GET" and begin < end:
                begin += os.sendfile(self.connection.fileno(), file.fileno(), begin, min(end - begin, 1 << 24))

    def _listed(self, query: dict[str, str]) -> bytes:
        """A page of ListObjectsV2; the token is the last key or common prefix of the page before."""
        keys, prefix, delimiter = self.server.keys, query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token", query.get("start-after", ""))
        at = max(bisect_left(keys, prefix), bisect_right(keys, after))
        if delimiter and after.endswith(delimiter):
            at = max(at, bisect_left(keys, after[:-1] + chr(ord(delimiter) + 1)))
        most = min(int(query.get("max-keys", _PAGE)), _PAGE)
        entries: list[str] = []
        last, is_more = "", False
        while at < len(keys) and keys[at].startswith(prefix):
            if len(entries) == most:
                is_more = True
                break
            inside, found, _ = keys[at][len(prefix) :].partition(delimiter) if delimiter else (keys[at], "", "")
            if found:
                last = prefix + inside + delimiter
                entries.append(f"<CommonPrefixes><Prefix>{quote(last)}</Prefix></CommonPrefixes>")
                at = bisect_left(keys, last[:-1] + chr(ord(delimiter) + 1))
                continue
            last = keys[at]
            about = (self.server.folder / last).stat()
            modified = datetime.fromtimestamp(about.st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            entries.append(
                f"<Contents><Key>{quote(last)}</Key><LastModified>{modified}</LastModified>"
                f"<ETag>&quot;{about.st_mtime_ns:x}-{about.st_size:x}&quot;</ETag><Size>{about.st_size}</Size>"
                "<StorageClass>STANDARD</StorageClass></Contents>"
            )
            at += 1
        token = f"<NextContinuationToken>{quote(last)}</NextContinuationToken>" if is_more else ""
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>{BUCKET}</Name><Prefix>{quote(prefix)}'
            f"</Prefix><KeyCount>{len(entries)}</KeyCount><MaxKeys>{most}</MaxKeys><EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(is_more).lower()}</IsTruncated>{token}{''.join(entries)}</ListBucketResult>"
        )
        return text.encode()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(body)


class FolderServer:
    """A server in another process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set_seconds(self, seconds: float) -> None:
        """Set the wait of each answer and forget the requests so far."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}{_CONTROL}/{seconds}", method="PUT")):
            pass

    def counts(self) -> dict[str, int]:
        """Requests since ``set_seconds``, by kind."""
        with urllib.request.urlopen(self.url + _CONTROL) as answer:
            found: dict[str, int] = json.load(answer)
        return found


@contextmanager
def serving(folder: Path) -> Iterator[FolderServer]:
    """A server in a process of its own, which ends with the block."""
    with url_of_module("benchmarks.folder_server", str(folder)) as url:
        yield FolderServer(url)


def main(folder: Path) -> None:
    """Serve until the process is ended."""
    server = _Folder(folder)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
