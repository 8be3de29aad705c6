"""What a report shows of ids and events: less than the config lets be shown elsewhere, because a file is passed on.

A user is never named. Where the config hashes USER_ID, the beginning of the hash is shown; elsewhere users have
numbers. In samples of rejects the fields that USER_ID is read from are masked besides those of ``mask``, and a text
that cannot be read is left out, because an id in it cannot be found.
"""

from __future__ import annotations

import re

from msgspec import structs

from personalize_assets.conversion.export.suppressed import USER_ID
from personalize_assets.conversion.mapping.masking import MASK, Mask, event_paths
from personalize_assets.conversion.mapping.paths import lower_names
from personalize_assets.conversion.spec import IdProfile
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.rejects import Rejects, RejectSample
from personalize_assets.report.facts import IdFacts, Ranked

SAMPLE_CHARACTERS = 1000
"""Of the text of a sample; what is longer is cut."""
SAMPLED_REASONS = 20
"""The reasons with samples, the most frequent ones."""

_HASH = re.compile(r"[0-9a-f]{64}")
_HASH_DIGITS = 12
_MOST_CHARACTERS = 80


def id_facts(group: DatasetGroup, dataset: str, column: str, profile: IdProfile) -> IdFacts:
    """The ids of a column, as they may be shown.

    An export that was made before the config said ``hash`` has plain ids: they are numbered.
    """
    is_hashed = any(one.name == column and one.hash for one in group.datasets[dataset].columns)
    is_hidden = column == USER_ID or column in group.hidden_columns(dataset) or _is_masked(profile)
    has_hashes = is_hashed and all(map(_HASH.fullmatch, profile.frequent))
    one = column.removesuffix("_ID").lower()
    labels = []
    for number, id in enumerate(profile.frequent, 1):
        if has_hashes:
            labels.append(f"{id[:_HASH_DIGITS]}…")
        else:
            labels.append(f"{one} {number}" if is_hidden else shortened(id, _MOST_CHARACTERS))
    return IdFacts(
        column=column,
        distinct=profile.distinct,
        is_estimated=profile.estimated,
        with_two=profile.with_two,
        histogram=profile.histogram,
        shown_as="hashes" if has_hashes else "numbers" if is_hidden else "ids",
        top=tuple(Ranked(label, rows) for label, rows in zip(labels, profile.frequent.values(), strict=True)),
    )


def _is_masked(profile: IdProfile) -> bool:
    """Whether the export was made with a mask that the config no longer has."""
    return any(id.startswith(f"{MASK} ") for id in profile.frequent)


def masked_samples(group: DatasetGroup, found: Rejects) -> Rejects:
    """The same rejects with fewer samples, in which ids of users are masked, and long texts cut.

    What the config masks now is masked again: rejects may have been made before the config said so.
    """
    mask = Mask([*_user_paths(group), *group.masked_paths])
    shown = {(one.dataset, one.reason) for one in found.counts[:SAMPLED_REASONS]}
    samples = (sample for sample in found.samples if (sample.dataset, sample.reason) in shown)
    return structs.replace(found, samples=tuple(_masked(sample, mask) for sample in samples))


def hides_broken(group: DatasetGroup) -> bool:
    """Whether broken texts are left out of samples: ids could be in them."""
    return bool(_user_paths(group) or group.masked_paths)


def _user_paths(group: DatasetGroup) -> list[str]:
    paths = [path for dataset in group.datasets.values() for path in event_paths(dataset, {USER_ID})]
    if any(group.config.source_of(name).ignore_case for name in group.datasets):
        paths += map(lower_names, tuple(paths))
    return paths


def _masked(sample: RejectSample, mask: Mask) -> RejectSample:
    raw = sample.raw
    if raw is not None and mask:
        raw = mask.raw(raw.encode("utf-8", "surrogatepass"))
    return structs.replace(sample, raw=None if raw is None else shortened(raw, SAMPLE_CHARACTERS))


def shortened(text: str, most: int) -> str:
    """A text, cut where it is longer than that."""
    return text if len(text) <= most else f"{text[:most]}…"
