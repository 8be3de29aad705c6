"""The names of what is made in Personalize.

They follow from content alone, so that a second run finds what a first one made. An import job is named
``<group>-<dataset>-<digest>``, by the digest of the CSV whose rows Personalize has afterwards. That of an increment
names the CSV before, too: ``<group>-<dataset>-<before>-<after>``. So the names of a dataset's jobs say what Personalize
holds. A number at the end tells jobs of the same content apart: ``…-2`` follows a job that failed, or one whose rows
were replaced since.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_CHARS = 63
"""Of all names (API personalize: ``^[a-zA-Z0-9][a-zA-Z0-9\\-_]*``, 1 to 63 characters)."""
DIGEST_CHARS = 12
_SCHEMA_DIGEST_CHARS = 8
_ATTEMPT_CHARS = 5
_CUT_DIGEST_CHARS = 6
_LONGEST_DATASET = "action_interactions"
_DIGESTS = re.compile(r"-(?:([0-9a-f]{12})-)?([0-9a-f]{12})(?:-([1-9][0-9]{0,3}))?")


class JobContent(NamedTuple):
    """What an import job is about: the first characters of the digest of the CSV before (empty: none) and after it."""

    before: str
    after: str


def digest_of(sha256: str) -> str:
    """The part of a CSV's SHA-256 that names jobs."""
    return sha256[:DIGEST_CHARS]


def schema_name(group: str, dataset: str, schema: Mapping[str, Any]) -> str:
    """The name of a schema: another one for other content."""
    canonical = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:_SCHEMA_DIGEST_CHARS]
    return f"{_beginning(group, dataset, len(digest) + 1)}-{digest}"


def job_name(group: str, dataset: str, content: JobContent, attempt: int = 1) -> str:
    """The name of an import job; ``attempt`` counts from 1."""
    digests = "-".join(filter(None, content))
    return f"{_prefix(group, dataset)}-{digests}{f'-{attempt}' if attempt > 1 else ''}"


def comparison_name(group: str, dataset: str, digest: str, attempt: int = 1) -> str:
    """The name of the export job that shows which rows a dataset holds after an import; ``attempt`` as in job_name."""
    return f"{_prefix(group, dataset)}-{digest}-compared{f'-{attempt}' if attempt > 1 else ''}"


def deletion_name(group: str, digest: str, attempt: int = 1) -> str:
    """The name of a data deletion job of the ids with a digest; ``attempt`` counts from 1."""
    return f"{_prefix(group, 'forget')}-{digest[:DIGEST_CHARS]}{f'-{attempt}' if attempt > 1 else ''}"


def parse_job_name(group: str, dataset: str, name: str) -> JobContent | None:
    """What a job is about by its name; None for one that this package has not made for this group and dataset."""
    prefix = _prefix(group, dataset)
    found = _DIGESTS.fullmatch(name.removeprefix(prefix)) if name.startswith(prefix) else None
    return JobContent(found[1] or "", found[2]) if found else None


def cut_names(group: str) -> str:
    """The pattern of an IAM policy for how names begin in which a group's name is cut; empty if none is ever cut.

    ``*`` is for what is left of the group's name, which depends on the dataset's.
    """
    cut = _prefix(group, _LONGEST_DATASET).removesuffix(f"-{_LONGEST_DATASET}")
    if cut == group:
        return ""
    beginning, _, digest = cut.rpartition("-")
    return f"{beginning}*-{digest}"


def _prefix(group: str, dataset: str) -> str:
    return _beginning(group, dataset, 2 * (DIGEST_CHARS + 1) + _ATTEMPT_CHARS)


def _beginning(group: str, dataset: str, more: int) -> str:
    """The names of group and dataset with room for more characters; a long group's is cut, and ends with its digest."""
    room = MAX_CHARS - more - len(dataset) - 1
    if len(group) > room:
        digest = hashlib.sha256(group.encode()).hexdigest()[:_CUT_DIGEST_CHARS]
        group = f"{group[: room - len(digest) - 1]}-{digest}"
    return f"{group}-{dataset}"
