"""Users who are forgotten: kept out of all later exports, and deleted from Personalize by a data deletion job.

The job's name follows from its ids, so that a run that died is gone on with by the next one.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from personalize_assets.aws.error_codes import AwsError
from personalize_assets.aws.personalize import AlreadyExists, InUse, Job, LimitReached, Personalize
from personalize_assets.aws.personalize_hints import hint_for, reason_of
from personalize_assets.conversion.export.suppressed import UserIds
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.access import open_personalize
from personalize_assets.pipeline.importing.job_names import deletion_name
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.pipeline.suppression import as_exported
from personalize_assets.storage import suppress_list
from personalize_assets.storage.exports import DELETIONS
from personalize_assets.storage.run_ids import new_run_id
from personalize_assets.storage.suppress_list import NoSuppressList

_COMPLETED, _JOB_FAILED = "COMPLETED", "FAILED"
_JOB_SECONDS = 2 * 24 * 3600.0  # page delete-records: a job may take up to a day, and one may wait for another
_PAUSE_SECONDS = 30.0
_LONGEST_POLL_SECONDS = 60.0


class DeletionFailed(AwsError):
    """A data deletion job ended as FAILED."""


class ForgetPlan(NamedTuple):
    """What is to be done.

    Attributes:
        ids: As exports and Personalize have them.
        file: URI of the file of the list that they are added to.
        new: How many of them the list lacks.
        api: None if nothing is to be deleted there.
        why_not: Why not, in words; empty with ``api``.
    """

    ids: UserIds
    file: str
    new: int
    api: Personalize | None
    why_not: str


def plan_forgetting(group: DatasetGroup, ids: UserIds) -> ForgetPlan:
    """Find what ``forget`` would do; nothing is changed.

    Raises ``PersonalizeAssetsError`` without ids, without ``suppress`` in the config, for a damaged list, and if ids
    are hashed and their key is not set.
    """
    if not group.config.suppress_uris:
        raise PersonalizeAssetsError(
            "the config has no list of users who are not exported, and without one the next import would bring them "
            "back; write suppress: s3://bucket/deleted.csv (docs/how-to/privacy.md)"
        )
    if not len(ids):
        raise PersonalizeAssetsError("there is no id to forget; write one id a line")
    uris = group.config.suppress_uris
    exported = as_exported(group, ids)
    try:
        known = set(suppress_list.read(uris, group.config.aws).texts())
    except NoSuppressList:
        known = set()
    new = sum(id not in known for id in exported.texts())
    api, why_not = _personalize_with_data(group)
    return ForgetPlan(exported, suppress_list.file_to_add_to(uris), new, api, why_not)


def _personalize_with_data(group: DatasetGroup) -> tuple[Personalize | None, str]:
    name = group.config.dataset_group.name
    if not group.destination.uri.startswith("s3://"):
        return None, (
            f"the destination is the folder {group.destination.uri}, from which Personalize reads no ids: if it has a "
            "dataset group of these users, start its data deletion job with the list in S3"
        )
    api = open_personalize(group)
    if api.group(name) is None:
        return None, f"there is no dataset group {name} in Personalize"
    if group.config.aws.kms_key:
        raise PersonalizeAssetsError(
            "aws.kms_key encrypts what is written to the bucket, and Personalize reads the ids to delete from a bucket "
            "without a key of yours alone (page delete-records); put the list into such a bucket and start the data "
            "deletion job there"
        )
    return api, ""


def forget(group: DatasetGroup, plan: ForgetPlan, polling: Polling) -> Job | None:
    """Add the ids to the list, then delete their data from Personalize and wait until it says that it has.

    Returns the job; None if there was nothing to delete in Personalize. A job of the same ids that goes on is waited
    for, and one that is done is taken unless something was imported since. The job waits for imports of the group.

    Raises ``DeletionFailed`` with Personalize's own text.
    """
    suppress_list.add(plan.file, plan.ids.texts(), group.config.aws)
    polling.log(f"{len(plan.ids):,} ids are in {plan.file}: no later export has rows of these users")
    if plan.api is None:
        return None
    return _Deletion(group, plan.api, plan.ids, polling).run()


class _Deletion:
    """One data deletion job of these ids, begun now or before."""

    def __init__(self, group: DatasetGroup, api: Personalize, ids: UserIds, polling: Polling) -> None:
        self._group = group
        self._api = api
        self._ids = ids
        self._polling = polling
        self._name = group.config.dataset_group.name
        self._file = f"/{ids.digest()}.csv"
        self._key = ""

    def run(self) -> Job:
        deadline = self._polling.clock() + _JOB_SECONDS
        while True:
            name, last = self._last_attempt()
            imports = self._imports()
            if last is not None and last.is_unfinished:
                self._finish(last, deadline)
                continue
            if last is not None and last.status == _COMPLETED and all(one.updated < last.created for one in imports):
                # No import overlapped it or came after it, which could have brought rows of these users back.
                self._polling.log(f"data deletion job {last.name} has deleted these users")
                return last
            going = next((job for job in imports if job.is_unfinished), None)
            if going is not None:
                state = f"import job {going.name} goes on, and a deletion must not overlap it"
                self._polling.pause("data deletion job", state, deadline, _PAUSE_SECONDS)
            elif (made := self._start(name, deadline)) is not None:
                self._finish(made, deadline)

    def _last_attempt(self) -> tuple[str, Job | None]:
        """The name of the next attempt, and the job of the one before it."""
        attempt, last = 1, None
        while (
            job := self._api.deletion_job(name := deletion_name(self._name, self._ids.digest(), attempt))
        ) is not None:
            attempt, last = attempt + 1, job
        return name, last

    def _imports(self) -> list[Job]:
        """The import jobs of all datasets of the group."""
        place = self._api.place
        names = [name for name in self._group.datasets if self._api.dataset(self._name, name)]
        return [job for name in names for job in self._api.import_jobs(place.dataset_arn(self._name, name))]

    def _start(self, name: str, deadline: float) -> Job | None:
        """Start a job; None if it cannot be started now, after a wait."""
        destination = self._group.destination
        if not self._key:
            # Another name in each run, so that none deletes what the job of another one reads.
            self._key = f"{DELETIONS}/{new_run_id()}{self._file}"
            destination.store.write(self._key, suppress_list.format_list(self._ids))
        what, uri = f"data deletion job {name}", destination.uri_of(self._key)
        try:
            self._api.create_deletion_job(name, self._name, uri)
        except AlreadyExists:
            self._polling.pause(what, "it exists, so it is looked at again", deadline, 1.0)
        except (InUse, LimitReached) as error:
            self._polling.pause(what, str(error), deadline, _PAUSE_SECONDS)
        except TransientError as error:
            self._polling.pause(what, f"the answer is missing, so it is looked for ({error})", deadline, 1.0)
        else:
            self._polling.log(f"{what} started: {len(self._ids):,} users; start no import until it has ended")
            return Job(self._api.place.arn("data-deletion-job", name), name, "PENDING", time.time(), 0.0)
        return None

    def _finish(self, job: Job, deadline: float) -> None:
        with self._polling.saying_that_it_goes_on(job.arn):
            ended = self._polling.until(
                f"data deletion job {job.name}",
                lambda: self._api.deletion_job(job.name) or job,
                lambda seen: seen.status,
                deadline,
                _LONGEST_POLL_SECONDS,
                "it goes on in AWS: run `personalize-assets forget` with the same ids to take it up",
            )
        destination = self._group.destination
        files = destination.store.files(f"{DELETIONS}/")
        destination.remove([file.key for file in files if file.key.endswith(self._file)])
        self._key = ""
        if ended.status == _JOB_FAILED:
            found = reason_of(ended.failure)
            found = "; ".join(filter(None, (found, hint_for(found))))
            raise DeletionFailed(
                f"data deletion job {job.name} is FAILED: {found}. The ids are on the list, and no export has them; "
                "run it again"
            )
