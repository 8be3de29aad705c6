"""Users whose rows are left out of an export: their ids travel in a file, never in a job spec or a message."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.export.text_bytes import text_bytes
from personalize_assets.conversion.export.text_hash import text_hashes
from personalize_assets.conversion.reading.filesystem import FileSystem

USER_ID = "USER_ID"
"""The column with the ids, in every dataset that has it."""


class UserIds:
    """A set of user ids, of up to some millions."""

    def __init__(self, ids: Iterable[str] | pa.Array = ()) -> None:
        """Ids may be repeated."""
        distinct = pc.unique(ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string()))
        self._texts: pa.Array = distinct.take(pc.sort_indices(distinct))
        hashes = text_hashes(self._texts)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def __len__(self) -> int:
        """The number of ids."""
        return len(self._texts)

    def texts(self) -> list[str]:
        """The ids in the order of their UTF-8 bytes."""
        found: list[str] = self._texts.to_pylist()
        return found

    def digest(self) -> str:
        """Identifies the ids; empty if there are none, as without a list."""
        if not len(self):
            return ""
        return hashlib.sha256(text_bytes(pc.binary_join_element_wise(self._texts, "", "\n"))).hexdigest()[:16]

    def encode(self) -> bytes:
        """The file of ids that tasks read (Arrow IPC)."""
        out = pa.BufferOutputStream()
        with pa.ipc.new_file(out, pa.schema([(USER_ID, pa.string())])) as writer:
            writer.write_batch(pa.record_batch([self._texts], [USER_ID]))
        return bytes(out.getvalue())

    def rows_of(self, rows: pa.Table | pa.RecordBatch) -> pa.Array:
        """The indices (ascending) of the rows whose user is among the ids; a row without a user is not."""
        users = rows.column(USER_ID)
        users = users.combine_chunks() if isinstance(users, pa.ChunkedArray) else users
        places = np.flatnonzero(pc.is_valid(users).to_numpy(zero_copy_only=False))
        texts = users.drop_null() if users.null_count else users
        # The set is searched by hashes: Arrow's `is_in` would build an index of all ids for each batch of rows.
        hashes = text_hashes(texts)
        first = np.searchsorted(self._hashes, hashes, "left")
        last = np.searchsorted(self._hashes, hashes, "right")
        maybe = np.flatnonzero(first < last)
        if not len(maybe):
            return pa.array([], pa.int64())
        counts = (last - first)[maybe]
        ends = np.cumsum(counts)
        alike = np.unique(np.repeat(first[maybe] - (ends - counts), counts) + np.arange(ends[-1]))
        ids = self._texts.take(pa.array(self._order[alike]))
        is_one = pc.is_in(texts.take(pa.array(maybe)), value_set=ids).to_numpy(zero_copy_only=False)
        return pa.array(places[maybe[is_one]])

    def without(self, rows: pa.Table) -> pa.Table:
        """The other rows in their order; the table itself if no row is of these users."""
        found = self.rows_of(rows)
        if not len(found):
            return rows
        stays = np.ones(rows.num_rows, bool)
        stays[found.to_numpy()] = False
        return rows.filter(pa.array(stays))


_lock = Lock()
_read: dict[str, UserIds] = {}


def read_ids(uri: str, s3: dict[str, Any]) -> UserIds:
    """The ids of a file (``UserIds.encode``).

    A process reads it once: its name is the run's own, and it is never written twice.
    """
    with _lock:
        if uri not in _read:
            with FileSystem(s3).open(uri) as file:
                table = pa.ipc.open_file(pa.BufferReader(file.read())).read_all()
            _read.clear()  # of another run
            _read[uri] = UserIds(table.column(USER_ID).combine_chunks())
        return _read[uri]
