"""Users that the config's ``suppress`` keeps out of exports: which ids these are in the daily files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.suppressed import USER_ID, UserIds
from personalize_assets.conversion.mapping.hashing import KEY, hasher
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage import suppress_list
from personalize_assets.storage.manifests import ExportManifest

_HASH = re.compile(r"[0-9a-f]{64}")


class Suppression(NamedTuple):
    """Ids as USER_ID has them in the daily files.

    Attributes:
        ids: None without a list.
        digest: Of the list; empty if there is none, or it has no id.
    """

    ids: UserIds | None
    digest: str

    def digest_for(self, dataset: Dataset) -> str:
        """The digest, if the list is about a dataset: it has users. Else empty."""
        return self.digest if has_users(dataset) else ""


def has_users(dataset: Dataset) -> bool:
    """Whether rows of a dataset belong to users."""
    return any(column.name == USER_ID for column in dataset.columns)


def current_suppression(group: DatasetGroup, datasets: Iterable[Dataset]) -> Suppression:
    """Read the list as it is now, if any of these datasets has users.

    Where USER_ID is hashed, ids are hashed by the key in the environment; an id of 64 hexadecimal digits (lower case)
    is suppressed as it is, too, because it may be a hash already.

    Raises ``PersonalizeAssetsError`` if the list is missing or damaged, or a hash key is needed and not set.
    """
    if not group.config.suppress or not any(map(has_users, datasets)):
        return Suppression(None, "")
    listed = suppress_list.read(group.config.suppress_uris, group.config.aws)
    return Suppression(as_exported(group, listed), listed.digest())


def current_list(group: DatasetGroup, datasets: Iterable[Dataset]) -> Suppression:
    """As ``current_suppression``, with the digest alone: no key of hashed ids is needed."""
    if not group.config.suppress or not any(map(has_users, datasets)):
        return Suppression(None, "")
    return Suppression(None, suppress_list.read(group.config.suppress_uris, group.config.aws).digest())


def check_export(group: DatasetGroup, manifest: ExportManifest) -> None:
    """Raise ``PersonalizeAssetsError`` for a CSV that was made with another list than there is now.

    An import of it could bring users back whose data were deleted.
    """
    dataset = group.datasets[manifest.dataset]
    if manifest.suppress_list != current_list(group, [dataset]).digest_for(dataset):
        raise PersonalizeAssetsError(
            f"{group.destination.uri_of(manifest.path)} was exported with another list of users than `suppress` has "
            "now, so that an import could bring deleted users back; export again, and then import"
        )


def as_exported(group: DatasetGroup, ids: UserIds) -> UserIds:
    """Ids as exports and Personalize have them: hashed if USER_ID is, except those that seem to be hashes already."""
    hashed = [one for one in group.datasets.values() if any(c.name == USER_ID and c.hash for c in one.columns)]
    if not hashed or not len(ids):
        return ids
    hash_keys.check_key(group.datasets)
    hash_text = hasher(os.environ[KEY])
    return UserIds([*map(hash_text, ids.texts()), *filter(_HASH.fullmatch, ids.texts())])
