"""Damaged files of every format but JSON: nothing is raised, the accounting balances, and no event is invented.

``check_mutated_formats`` is for tests and for ``make faults`` alike.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from personalize_assets.conversion.reading.formats import orc_process, program
from personalize_assets.conversion.reading.formats.settings import CSV, SourceFormat
from personalize_assets_tests.helpers.event_files import as_avro, as_csv, as_orc, as_parquet, convert_file

EVENTS = [
    {"user": f"u{number:03}", "item": f"i{number}", "kind": "view" if number % 3 else "load", "at": 1790812800 + number,
     "price": number / 4, "stock": number, "flag": number % 2 == 0, "note": None if number % 5 else 'é "\n'}
    for number in range(40)
]  # fmt: skip
NESTED = [{**event, "lines": [{"sku": "a", "price": 1.5}, {"sku": "b", "price": None}]} for event in EVENTS]
WRITERS: Mapping[str, Callable[[], bytes]] = {
    "csv": lambda: as_csv(EVENTS),
    "parquet": lambda: as_parquet(NESTED, row_group_size=9),
    "parquet, plain": lambda: as_parquet(NESTED, use_dictionary=False, compression="none"),
    "avro": lambda: as_avro(NESTED),
    "avro, plain": lambda: as_avro(NESTED, "null"),
    "orc": lambda: as_orc(NESTED),
}
_MOST_ROWS = 2 * len(EVENTS)


def check_mutated_formats(count: int, seed: int, *formats: str) -> Counter[str]:
    """Convert so many damaged files of each format, by default of all; returns what was in them, by kind.

    Raises ``AssertionError`` with the bytes of a file that is not accounted for.
    """
    chance = random.Random(seed)
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, forked_programs():
        for name in formats or WRITERS:
            whole = WRITERS[name]()
            for number in range(count):
                totals += _check(name, damaged(whole, chance), Path(folder) / f"{name}-{number}")
    return totals


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes cut off, begun later, with foreign bytes in them, or with single ones changed."""
    kind = chance.randrange(6)
    at = chance.randrange(len(data))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[at:]
    if kind == 2:
        return data[:at] + chance.randbytes(chance.randrange(1, 40)) + data[at:]
    if kind == 3:
        return data[:at] + data[at + chance.randrange(1, 40) :]
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(changed))
        changed[place] = chance.choice((0, 10, 34, 44, 255, chance.randrange(256), changed[place] ^ 1))
    return bytes(changed)


def _check(name: str, data: bytes, folder: Path) -> Counter[str]:
    folder.mkdir()
    csv = SourceFormat(CSV) if name == "csv" and data else None
    found = convert_file(data, folder, csv)
    rows = sum(found.rows.values())
    most = _MOST_ROWS if name != "csv" else data.count(b"\n") + data.count(b"\r") + 1
    assert rows <= most, f"{name}: {rows} rows of {data!r}"
    source = found.source
    return Counter(
        files=1, read=source.read, kept=rows, unreadable=source.unreadable, **source.malformed, **found.rejected
    )


class _Forked:
    """A copy of this process that answers as the program of a module does, and starts in no time."""

    def __init__(self, answer: Callable[[list[str]], None]) -> None:
        read, asked = os.pipe()
        answered, write = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(asked)
            os.close(answered)
            sys.stdin, sys.stdout = os.fdopen(read, "r"), os.fdopen(write, "w")
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                for question in program.questions():
                    answer(question)
            finally:
                os._exit(1)
        os.close(read)
        os.close(write)
        self.stdin: IO[bytes] = os.fdopen(asked, "wb")
        self.stdout: IO[bytes] = os.fdopen(answered, "rb")

    def kill(self) -> None:
        """End it."""
        os.kill(self._process, 9)

    def wait(self) -> None:
        """Wait for its end."""
        os.waitpid(self._process, 0)


@contextmanager
def forked_programs() -> Iterator[None]:
    """Files of ORC are read by copies of this process within: a thousand damaged ones need a process each."""
    start: Any = program.Program._started
    orc_process._program().close()
    program.Program._started = lambda self: _Forked(orc_process.main)  # type: ignore[assignment, method-assign, return-value]
    try:
        yield
    finally:
        orc_process._program().close()
        program.Program._started = start  # type: ignore[method-assign]
