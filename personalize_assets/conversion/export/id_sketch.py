"""Distinct ids and how often they occur, in bounded memory: the sketches of parts add up to that of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.export.text_hash import text_hashes

SAMPLE = 16_384
"""Up to this many distinct ids all figures are exact; beyond it they are estimated from this many, sampled by hash."""
FREQUENT = 50
"""How many of the most frequent ids are kept by name."""

_HASHES = float(2**64)


class IdSketch(msgspec.Struct, frozen=True, kw_only=True):
    """How often each id occurs, for the ids with the smallest hashes.

    An id has the same hash everywhere, so a sketch of users and one of interactions sample the same users and can be
    compared. A share estimated from 16,384 ids has an error of about 0.8 percentage points at 50 %, and of 0.16 at 1 %
    (twice the standard error). In JSON the two arrays are Base64.

    Attributes:
        hashes: 64-bit hashes in ascending order, at most ``SAMPLE``; the bytes of an array of uint64.
        counts: Occurrences by hash, in the same order; the bytes of an array of int64.
        is_sample: Whether ids with larger hashes were left out.
        frequent: The most frequent ids by name, most frequent first. Counts are lower bounds: an occurrence in a part
            where the id was not among the frequent ones is not counted.
    """

    hashes: bytes = b""
    counts: bytes = b""
    is_sample: bool = False
    frequent: dict[str, int] = {}

    @classmethod
    def of(cls, ids: pa.Array | pa.ChunkedArray) -> IdSketch:
        """Count texts; nulls are left out."""
        return cls.of_counted(pc.value_counts(ids.drop_null()))

    @classmethod
    def of_counted(cls, counted: pa.StructArray) -> IdSketch:
        """Of texts that ``pc.value_counts`` has counted."""
        values = counted.field("values")
        counts = counted.field("counts").to_numpy(zero_copy_only=False)
        hashes = text_hashes(values)
        most = np.argsort(counts, kind="stable")[::-1][:FREQUENT]
        frequent = zip(values.take(pa.array(most)).to_pylist(), counts[most].tolist(), strict=True)
        return _sketch(hashes, counts, _most_frequent(frequent), is_sample=False)

    def __add__(self, other: IdSketch) -> IdSketch:
        """Add the counts of two sketches, of two parts or of two sets of rows."""
        return IdSketch.sum([self, other])

    @classmethod
    def sum(cls, sketches: Sequence[IdSketch]) -> IdSketch:
        """Add the counts of sketches; at least one."""
        return _sketch(
            np.concatenate([each._hashes for each in sketches]),
            np.concatenate([each._counts for each in sketches]),
            _most_frequent(count for each in sketches for count in each.frequent.items()),
            is_sample=any(each.is_sample for each in sketches),
        )

    @property
    def _hashes(self) -> npt.NDArray[np.uint64]:
        return np.frombuffer(self.hashes, np.uint64)

    @property
    def _counts(self) -> npt.NDArray[np.int64]:
        return np.frombuffer(self.counts, np.int64)

    @property
    def distinct(self) -> int:
        """The number of distinct ids; if ``is_sample`` an estimate to within 1.6 % (two standard errors)."""
        hashes = self._hashes
        if not self.is_sample:
            return len(hashes)
        return round((len(hashes) - 1) / (float(hashes[-1]) / _HASHES))

    def with_at_least(self, times: int) -> int:
        """The number of ids that occur at least ``times`` times; an estimate if ``is_sample``."""
        counts = self._counts
        return round(self.distinct * float(np.mean(counts >= times))) if len(counts) else 0

    def histogram(self) -> dict[str, int]:
        """Ids by number of occurrences, in classes that double: ``1``, ``2-3``, ``4-7``, …; estimates if a sample."""
        counts = self._counts
        if not len(counts):
            return {}
        classes = np.bincount(np.floor(np.log2(counts)).astype(int))
        scale = self.distinct / len(counts)
        return {
            "1" if power == 0 else f"{2**power}-{2 ** (power + 1) - 1}": round(int(ids) * scale)
            for power, ids in enumerate(classes)
        }

    def missing_in(self, other: IdSketch) -> int:
        """How many ids of this sketch the other one lacks; an estimate if either is a sample."""
        mine, theirs = self._hashes, other._hashes
        ends = [sketch._hashes[-1] for sketch in (self, other) if sketch.is_sample]
        if ends:  # compare only the range of hashes that both cover completely
            mine, theirs = mine[mine <= min(ends)], theirs[theirs <= min(ends)]
        if not len(mine):
            return 0
        return round(self.distinct * float(np.mean(~np.isin(mine, theirs))))


def _sketch(
    hashes: npt.NDArray[np.uint64], counts: npt.NDArray[np.int64], frequent: dict[str, int], *, is_sample: bool
) -> IdSketch:
    # An id that is cut off here is cut off in every later sum too, so the counts of the others stay complete.
    found, places = np.unique(hashes, return_inverse=True)
    summed = np.bincount(places, weights=counts, minlength=len(found)).astype(np.int64)
    return IdSketch(
        hashes=found[:SAMPLE].tobytes(),
        counts=summed[:SAMPLE].tobytes(),
        is_sample=is_sample or len(found) > SAMPLE,
        frequent=frequent,
    )


def _most_frequent(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for id, count in counts:
        total[id] = total.get(id, 0) + count
    return dict(sorted(total.items(), key=lambda entry: (-entry[1], entry[0]))[:FREQUENT])
