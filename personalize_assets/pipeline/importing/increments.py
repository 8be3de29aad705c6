"""The files of increments: the rows that an export has more than the one that Personalize holds.

They are below ``exports/``, which is what the policies of the role and the bucket let Personalize read, in a folder
named after the two exports; the same two give the same bytes in each run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.conversion.export.csv_lines import header
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.pipeline.importing.csv_difference import RowOrder, difference
from personalize_assets.pipeline.importing.job_names import JobContent
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.exports import INCREMENTS
from personalize_assets.storage.manifests import ExportManifest
from personalize_assets.storage.run_ids import new_run_id

MAX_INCREMENT_BYTES = 1024**3
"""Of one job (page `limits`, "Bulk INCREMENTAL size"; AWS raises it on request)."""
_PART_BYTES = 16 * 1024**2


class Increment(NamedTuple):
    """What an export has more than another one.

    Attributes:
        key: Of the CSV with these rows; empty if none was written: they are fewer than wanted, some rows vanished, or
            they are more than ``MAX_INCREMENT_BYTES``.
        rows: Without the header.
        bytes: With it.
        vanished: As in ``csv_difference.Difference``.
    """

    key: str
    rows: int
    bytes: int
    vanished: int


class DamagedBase(PersonalizeAssetsError):
    """The CSV that Personalize holds is not there as it was, so that a difference to it cannot be known."""


def increment_key(dataset: str, content: JobContent) -> str:
    """The key of the CSV of an increment."""
    return f"{INCREMENTS}/{dataset}/{'-'.join(content)}/{dataset}.csv"


def write_increment(
    destination: Destination,
    before: ExportManifest,
    after: ExportManifest,
    content: JobContent,
    *,
    numbers: Collection[str] = (),
    least: int = 0,
    dry: bool = False,
    on_read: Callable[[int], None] = lambda read: None,
) -> Increment:
    """Find what one export has more than another one of the same columns, and write it, unless ``dry``.

    ``numbers`` are the columns that hold numbers; ``on_read`` is given the size of each block that is read. Fewer than
    ``least`` rows are not written.

    Raises ``DamagedBase`` for the CSV before, and ``PersonalizeAssetsError`` for the one after, if it is gone or not
    sorted, or has another size than its manifest says.
    """
    name = after.dataset
    first = header(after.columns)
    run = new_run_id()
    parts = _Parts(destination, f"{destination.scratch_folder(run)}/increment", is_dry=dry)
    of = DATASET_TYPES[name]
    columns = after.columns
    order = RowOrder.of_events(columns, numbers) if of.is_events else RowOrder.of_entities(columns, of.ids[0])
    try:
        found = difference(
            _base_lines(destination, before, on_read), _lines(destination, after, on_read), order, parts.add
        )
        size = len(first) + found.bytes
        is_wanted = found.rows >= max(least, 1) and not found.vanished and size <= MAX_INCREMENT_BYTES
        to = increment_key(name, content) if is_wanted else ""
        if to and not dry:
            parts.end()
            joined = destination.store.join(to, first, parts.keys)
            if joined.bytes != size:
                raise PersonalizeAssetsError(f"{destination.uri_of(to)} has {joined.bytes} bytes instead of {size}")
        return Increment(to, found.rows, size, found.vanished)
    finally:
        destination.remove(parts.keys)


class _Parts:
    """Collects lines in objects, until they are more than an increment may have."""

    def __init__(self, destination: Destination, beginning: str, *, is_dry: bool) -> None:
        self._destination = destination
        self._beginning = beginning
        self._is_dry = is_dry
        self._lines: list[bytes] = []
        self._waiting = 0
        self._bytes = 0
        self.keys: list[str] = []

    def add(self, line: bytes) -> None:
        self._bytes += len(line)
        if self._is_dry or self._bytes > MAX_INCREMENT_BYTES:
            return
        self._lines.append(line)
        self._waiting += len(line)
        if self._waiting >= _PART_BYTES:
            self.end()

    def end(self) -> None:
        if self._lines:
            key = f"{self._beginning}-{len(self.keys):05d}.csv"
            self._destination.store.write(key, b"".join(self._lines))
            self.keys.append(key)
            self._lines, self._waiting = [], 0


def _base_lines(destination: Destination, manifest: ExportManifest, on_read: Callable[[int], None]) -> Iterator[bytes]:
    try:
        yield from _lines(destination, manifest, on_read)
    except TransientError:
        raise
    except PersonalizeAssetsError as error:
        raise DamagedBase(str(error)) from None


def _lines(destination: Destination, manifest: ExportManifest, on_read: Callable[[int], None]) -> Iterator[bytes]:
    """The bytes of an export's CSVs, each without its header, in their order."""
    wanted = header(manifest.columns)
    for file in manifest.csvs:
        found, head, is_below = 0, b"", False
        for block in destination.store.blocks(file.key):
            found += len(block)
            on_read(len(block))
            if is_below:
                yield block
                continue
            head += block
            if len(head) >= len(wanted):
                is_below = True
                yield head[len(wanted) :]
        if found != file.bytes or not head.startswith(wanted):
            below = "below" if head.startswith(wanted) else "without"
            raise PersonalizeAssetsError(
                f"{destination.uri_of(file.key)} has {found:,} bytes {below} the header of its manifest, which says "
                f"{file.bytes:,}: it was changed outside of personalize_assets; export again"
            )
