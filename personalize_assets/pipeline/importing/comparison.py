"""The rows that Personalize says it holds against those of the export: it exports them, and they are counted."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from personalize_assets.aws.error_codes import AwsError
from personalize_assets.aws.personalize import FAILED, AlreadyExists, InUse, LimitReached, Personalize
from personalize_assets.aws.personalize_hints import hint_for, reason_of
from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.job_names import comparison_name, digest_of
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.storage.manifests import ExportManifest

COMPARED = "_compared"
"""The folder of the destination that Personalize exports to."""
EXPORTABLE = ("interactions", "users", "items")
"""The datasets that it exports (developer guide, page exporting-data)."""
_SECONDS = 3600.0


class Comparison(NamedTuple):
    """Rows of a dataset: those of the export, and those that Personalize exported.

    Of interactions, rows that are equal in every column count once; of users and items, rows of one id.
    """

    exported: int
    held: int


def compare(
    group: DatasetGroup, name: str, held: ExportManifest, api: Personalize, polling: Polling
) -> Comparison | None:
    """Let Personalize export a dataset that holds the rows of an export, and count them.

    None for a dataset that it cannot export. Raises ``PersonalizeAssetsError`` if the export job fails or takes longer
    than an hour.
    """
    if name not in EXPORTABLE:
        return None
    settings = group.config.dataset_group
    digest = digest_of(held.sha256)
    attempt = 1
    # A job that ended is not taken up: its files were counted and deleted, or it failed for a cause that may be gone.
    while (before := api.export_job(job := comparison_name(settings.name, name, digest, attempt))) is not None:
        if before.is_unfinished:
            break
        attempt += 1
    folder = f"{COMPARED}/{name}/{digest}/"
    deadline = polling.clock() + _SECONDS
    while api.export_job(job) is None:
        try:
            api.create_export_job(job, api.place.dataset_arn(settings.name, name), group.destination.uri_of(folder))
        except AlreadyExists as error:
            polling.pause(f"export job {job}", f"it exists, so it is looked at again ({error})", deadline, 1.0)
        except (InUse, LimitReached) as error:
            polling.pause(f"export job {job}", str(error), deadline, 30.0)
    ended = polling.until(
        f"export job {job}",
        lambda: api.export_job(job),
        lambda found: found.status if found else "CREATE PENDING",
        deadline,
    )
    if ended is None or ended.status == FAILED:
        found = reason_of(ended.failure if ended else "")
        hint = hint_for(found)
        raise AwsError(
            f"export job {job} of {name} failed: {found}; the role needs s3:PutObject on "
            f"{group.destination.uri_of(folder)} (docs/how-to/personalize.md){f'; {hint}' if hint else ''}"
        )
    rows = _count(group, name, folder)
    group.destination.remove([file.key for file in group.destination.store.files(folder)])
    unique = held.profile.unique if held.profile else None
    return Comparison(held.rows if unique is None else unique, rows)


def _count(group: DatasetGroup, name: str, folder: str) -> int:
    """The distinct rows, or ids, in the CSVs of a folder: by hashes, of which a hundred million take 0.8 GB, twice."""
    store = group.destination.store
    found = array("q")
    keys = [file.key for file in store.files(folder) if file.key.endswith(".csv")]
    if not keys:
        raise PersonalizeAssetsError(f"{group.destination.uri_of(folder)} has no CSV, though the export job is ACTIVE")
    for key in keys:
        rows = csv.reader(_lines(store.blocks(key)), escapechar="\\", doublequote=False)
        names = next(rows, [])
        of = DATASET_TYPES[name]
        at = None if of.is_events else names.index(of.ids[0])
        # Hashes of 64 bits: of 100 million rows, two are alike once in 3,700 comparisons.
        found.extend(hash(tuple(row)) if at is None else hash(row[at]) for row in rows if row)
    return len(np.unique(np.frombuffer(found, np.int64))) if found else 0


def _lines(blocks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from (line.decode("utf-8", "replace") + "\n" for line in lines)
    if rest:
        yield rest.decode("utf-8", "replace")
