"""What Personalize holds of a dataset, as the names and states of its import jobs tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from personalize_assets.aws.personalize import Job
from personalize_assets.pipeline.importing.job_names import parse_job_name


class HeldRows(NamedTuple):
    """What the imports of a dataset have left in it; what applications sent to it is there besides.

    Attributes:
        digest: That of the CSV whose rows it holds (``job_names.digest_of``); empty if it holds none, or that is
            unknown.
        job: The newest import that is done; None without one.
        unknown: Why the rows are unknown: a job was not made by this package, or for other rows than there were. Empty
            if they are known.
    """

    digest: str
    job: Job | None
    unknown: str = ""


def held_rows(group: str, dataset: str, jobs: Sequence[Job]) -> HeldRows:
    """What a dataset holds after its import jobs, oldest first. Those that failed or are unfinished change nothing.

    An increment counts only if it was made for what the job before it left: two runs that overlap in spite of all
    cannot pass for one.
    """
    held = HeldRows("", None)
    for job in jobs:
        if not job.is_active:
            continue
        content = parse_job_name(group, dataset, job.name)
        if held.job is not None and job.created < held.job.updated:
            # Which of the two had its effect last is not known.
            held = HeldRows("", job, f"import jobs {held.job.name} and {job.name} ran at the same time")
        elif content is None:
            held = HeldRows("", job, f"import job {job.name} was not made by personalize_assets for {group}")
        elif job.mode != "INCREMENTAL" or (held.digest and held.digest == content.before):
            held = HeldRows(content.after, job)
        else:
            why = held.unknown or f"increment {job.name} was added to other rows than it was made for"
            held = HeldRows("", job, why)
    return held
