"""One dataset's import: what Personalize holds is compared with the export, and what it lacks is sent.

All that is decided follows from what is in AWS, so that a run that died is gone on with by the next one, and two runs
at the same time end with the same rows. What Personalize holds is read again before each job.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from personalize_assets.aws.error_codes import AwsError, TransientAwsError
from personalize_assets.aws.personalize import (
    FAILED,
    AlreadyExists,
    InUse,
    Job,
    LimitReached,
    Personalize,
)
from personalize_assets.aws.personalize_hints import hint_for, is_own_fault, reason_of
from personalize_assets.catalog.field_ranking import count_of
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.csv_difference import UnsortedCsv
from personalize_assets.pipeline.importing.dataset_setup import Ready, Wanted, look_up, set_up
from personalize_assets.pipeline.importing.held_rows import HeldRows, held_rows
from personalize_assets.pipeline.importing.import_results import Decision, ImportOutcome, ImportPlan
from personalize_assets.pipeline.importing.increments import (
    MAX_INCREMENT_BYTES,
    DamagedBase,
    Increment,
    increment_key,
    write_increment,
)
from personalize_assets.pipeline.importing.job_names import JobContent, digest_of, job_name, parse_job_name
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.pipeline.schemas import current_schema
from personalize_assets.pipeline.suppression import check_export
from personalize_assets.storage.manifests import ExportManifest

# API CreateDatasetImportJob, `dataLocation`: length.
_MAX_LOCATION_CHARS = 256
_ROOM_SECONDS = 30.0
_JOB_SECONDS = 60.0


class ImportFailed(AwsError):
    """An import job ended as CREATE FAILED."""


class TransientImportFailure(TransientAwsError):
    """An import job failed by a fault of Personalize itself."""


class NotImportable(PersonalizeAssetsError):
    """What is to be imported would be refused, or cannot be added."""


def import_dataset(
    group: DatasetGroup, name: str, api: Personalize, polling: Polling, mode: str | None = None, *, again: bool = False
) -> ImportOutcome:
    """Bring the rows of a dataset's current export into Personalize, and wait until they are there.

    If another export becomes the current one meanwhile, its rows are brought there.

    Args:
        name: Of the dataset.
        mode: Instead of the config's.
        again: Send all rows, also if Personalize holds them by its jobs.

    Raises:
        NotImportable: If Personalize would refuse the rows, or ``incremental`` cannot add them.
        ImportFailed: With Personalize's own text, if the job of these rows failed.
        PersonalizeAssetsError: For what is missing or not the config's, and refused calls.
    """
    return _DatasetImport(group, name, api, polling, mode or group.config.import_.mode, again=again).run()


def plan_import(
    group: DatasetGroup, name: str, api: Personalize, polling: Polling, mode: str | None = None, *, again: bool = False
) -> ImportPlan:
    """What ``import_dataset`` would do now, without changing anything. Errors likewise."""
    return _DatasetImport(group, name, api, polling, mode or group.config.import_.mode, again=again).plan()


class _DatasetImport:
    def __init__(
        self, group: DatasetGroup, name: str, api: Personalize, polling: Polling, mode: str, *, again: bool
    ) -> None:
        self._group = group
        self._destination = group.destination
        self._name = name
        self._api = api
        self._polling = polling
        self._mode = mode
        self._again = again
        self._group_name = group.config.dataset_group.name
        self._type = DATASET_TYPES[name]
        self._described: dict[str, Job] = {}
        self._readers: list[str] = []
        self._sent: list[Decision] = []
        self._taken: set[str] = set()
        self._started = time.time()
        self._export, self._wanted = self._current()

    # -- the two uses ---------------------------------------------------------------------------------------------

    def plan(self) -> ImportPlan:
        found = look_up(self._api, self._wanted)
        jobs = self._jobs() if found.dataset else []
        since = found.dataset.created if found.dataset else 0.0
        decision = self._decide(self._held(jobs, since), dry=True)
        going = tuple(job for job in jobs if job.is_unfinished)
        group_steps, own_steps = found.group_steps(self._wanted), found.own_steps(self._wanted)
        return ImportPlan(self._name, tuple(group_steps), tuple(own_steps), decision, going)

    def run(self) -> ImportOutcome:
        deadline = self._polling.clock() + 60.0 * self._group.config.import_.timeout_minutes
        ready = self._prepare()
        while True:
            # All is looked at again in each round, and before a job: waits and differences take long.
            if self._has_moved_on():
                ready = self._prepare()
            jobs = self._jobs()
            going = next((job for job in jobs if job.is_unfinished), None)
            if going is not None:
                self._finish(going, deadline)
                continue
            if self._is_being_deleted_from(deadline):
                continue
            held = self._held(jobs, ready.created)
            decision = self._decide(held)
            if not decision.mode:
                break
            if not self._has_moved_on() and not self._is_being_deleted_from(deadline):
                self._check_export()
                self._start(decision, held, jobs, ready, deadline)
        base = self._find_export(held.digest)
        self._destination.imports.end(self._name, self._readers, run_of(base) if base else "")
        return self._outcome(ready, held, base, decision)

    # -- what is to be imported -----------------------------------------------------------------------------------

    def _current(self) -> tuple[ExportManifest, Wanted]:
        """The current export and what Personalize must have for it.

        Raises ``NotImportable``, before anything is made, for what Personalize would not take, and
        ``PersonalizeAssetsError`` for an export that is not of the config or of the list of suppressed users.
        """
        _, schema = current_schema(self._group, self._name)
        export = self._destination.exports.manifest(self._name)
        assert export is not None  # as there is a schema beside it
        check_export(self._group, export)
        if export.rows < self._type.min_rows:
            raise NotImportable(
                f"{self._destination.uri_of(export.path)} has {export.rows:,} rows, and Personalize imports "
                f"{self._name} from {self._type.min_rows:,} rows on (page limits); convert and export more days"
            )
        self._check_locations(export)
        return export, Wanted.of(self._group.config, self._name, schema)

    def _prepare(self) -> Ready:
        """Keep the export from being deleted, and set up what it needs."""
        self._readers.append(self._destination.imports.begin(self._name, run_of(self._export)))
        self._check_export()
        ready = set_up(self._api, self._wanted, self._polling)
        if ready.added:
            self._destination.imports.add_untrained(self._name, ready.added, ready.updated or time.time())
        return ready

    def _has_moved_on(self) -> bool:
        """Whether another export has become the current one; then it is the one to import. Errors as ``_current``."""
        export, wanted = self._current()
        if export.path == self._export.path:
            return False
        self._polling.log(f"{self._destination.uri_of(export.path)} is the current export now: importing that")
        self._export, self._wanted = export, wanted
        return True

    @property
    def _numbers(self) -> set[str]:
        """The columns that hold numbers, by whose value rows are sorted."""
        columns = self._group.datasets[self._name].columns
        return {column.name for column in columns if COLUMN_TYPES[column.type].is_number}

    @property
    def _target(self) -> str:
        return digest_of(self._export.sha256)

    def _check_locations(self, export: ExportManifest) -> None:
        """Raise ``NotImportable`` if Personalize would not take where the rows are."""
        content = JobContent(digest_of(export.sha256), digest_of(export.sha256))
        for key in (export.path, increment_key(self._name, content)):
            location = self._destination.uri_of(key)
            if len(location) > _MAX_LOCATION_CHARS:
                raise NotImportable(
                    f"{location} has {len(location)} characters, and Personalize takes {_MAX_LOCATION_CHARS}; choose a "
                    "shorter destination.uri"
                )

    # -- what is there --------------------------------------------------------------------------------------------

    def _jobs(self) -> list[Job]:
        """The import jobs of the dataset, oldest first; where a list lags behind, as they were seen to be."""
        listed = {job.arn: job for job in self._api.import_jobs(self._arn)}
        return sorted({**listed, **self._described}.values(), key=lambda job: job.created)

    def _held(self, jobs: Sequence[Job], since: float) -> HeldRows:
        """What the jobs of a dataset left that was made then: those of a deleted one have the same ARN."""
        held = held_rows(self._group_name, self._name, [job for job in jobs if job.created >= since])
        if held.job is not None and self._group.config.suppress:
            for one in self._api.deletion_jobs(self._group_name):
                if one.status == "COMPLETED" and one.updated >= held.job.created:
                    return HeldRows("", held.job, f"data deletion job {one.name} came after its last import")
        return held

    def _check_export(self) -> None:
        """Raise ``NotImportable`` if the export was deleted before the record kept it."""
        stored = {file.key: file.bytes for file in self._destination.store.files(self._export.path)}
        if any(stored.get(file.key) != file.bytes for file in self._export.csvs):
            raise NotImportable(
                f"{self._destination.uri_of(self._export.path)} is not there as its manifest says; export again"
            )

    def _find_export(self, digest: str) -> ExportManifest | None:
        """The kept export whose CSV has a digest; None if it was deleted."""
        if not digest:
            return None
        if digest == self._target:
            return self._export
        exports = self._destination.exports
        record = self._destination.imports.find(self._name)
        likely = [run for run in (record.holds, *self._destination.imports.readers(self._name)) if run]
        for run in dict.fromkeys([*likely, *reversed(exports.runs())]):
            made = exports.of_run(run)
            manifest = made.datasets.get(self._name) if made else None
            if manifest is not None and digest_of(manifest.sha256) == digest and run_of(manifest) == run:
                return manifest
        return None

    # -- what to do -----------------------------------------------------------------------------------------------

    def _decide(self, held: HeldRows, *, dry: bool = False) -> Decision:
        if self._again and not self._sent:
            return self._full("all rows are to be sent again")
        if held.digest == self._target:
            return Decision("", "Personalize holds the rows of the current export")
        if self._mode == "full":
            return self._full("mode: full replaces all rows")
        if held.job is None:
            return self._full("it is the first import, which Personalize takes only whole")
        problem, found = self._increment(held, dry=dry)
        if found is None or problem:
            if self._mode == "incremental":
                raise NotImportable(
                    f"{self._name}: mode incremental can only add rows, and {problem}; import once with mode full (or "
                    "auto), which replaces what Personalize holds by the export"
                )
            return self._full(f"rows cannot be added alone: {problem}", found.vanished if found else 0)
        if not found.rows:
            return Decision("", "Personalize holds the rows of the current export")
        if found.rows < self._type.min_appended_rows:
            return Decision(
                "",
                f"{count_of(found.rows, 'new row')} of at least {self._type.min_appended_rows:,} that Personalize adds "
                "at once: waiting for more",
                rows=found.rows,
                bytes=found.bytes,
            )
        key = increment_key(self._name, JobContent(held.digest, self._target))
        return Decision(
            "INCREMENTAL",
            f"{count_of(found.rows, 'row')} {_are(found.rows)} new or changed",
            found.rows,
            found.bytes,
            key,
        )

    def _increment(self, held: HeldRows, *, dry: bool) -> tuple[str, Increment | None]:
        """Why rows cannot be added alone (empty if they can), and which they are."""
        if held.unknown:
            return f"what Personalize holds is not known ({held.unknown})", None
        before = self._find_export(held.digest)
        if before is None:
            return f"the export that Personalize holds ({held.digest}) is not kept any more", None
        if before.columns != self._export.columns:
            return "the columns have changed", None
        content = JobContent(held.digest, self._target)
        least = self._type.min_appended_rows
        try:
            found = write_increment(
                self._destination,
                before,
                self._export,
                content,
                numbers=self._numbers,
                least=least,
                dry=dry,
                on_read=self._polling.compares(before.bytes + self._export.bytes),
            )
        except (DamagedBase, UnsortedCsv) as error:
            return f"the export that Personalize holds cannot be compared: {error}", None
        if found.vanished:
            what = "row" if self._type.is_events else "id"
            return (
                f"{count_of(found.vanished, what)} that Personalize holds {_are(found.vanished)} gone from the export",
                found,
            )
        if found.bytes > MAX_INCREMENT_BYTES:
            return f"they are {found.bytes:,} bytes, and Personalize adds {MAX_INCREMENT_BYTES:,} at most", found
        return "", found

    def _full(self, why: str, vanished: int = 0) -> Decision:
        export = self._export
        return Decision("FULL", why, export.rows, export.bytes, export.path, vanished)

    def _is_being_deleted_from(self, deadline: float) -> bool:
        """Whether users' data are being deleted, after a wait: an import meanwhile could keep some (delete-records)."""
        if not self._group.config.suppress:
            return False
        going = next((job for job in self._api.deletion_jobs(self._group_name) if job.is_unfinished), None)
        if going is not None:
            state = f"data deletion job {going.name} goes on, and no import may overlap it"
            self._polling.pause(f"import of {self._name}", state, deadline, _ROOM_SECONDS)
        return going is not None

    # -- jobs -----------------------------------------------------------------------------------------------------

    def _start(self, decision: Decision, held: HeldRows, jobs: Sequence[Job], ready: Ready, deadline: float) -> None:
        """Start the job of a decision and wait for it, or find out that it cannot be started now."""
        before = held.digest if decision.mode == "INCREMENTAL" else ""
        names = {job.name for job in jobs} | self._taken
        name = _free_name(self._group_name, self._name, JobContent(before, self._target), names)
        location = self._destination.uri_of(decision.key)
        what = f"import of {self._name}"
        try:
            arn = self._api.create_import_job(name, self._arn, location, decision.mode)
        except AlreadyExists:
            # The answer to this run's own call was lost, another run was first, or it is another dataset's job.
            job = self._api.import_job(self._api.place.arn("dataset-import-job", name))
            if job.dataset == self._arn and job.created >= ready.created:
                self._finish(job, deadline)
            else:
                self._taken.add(name)
        except InUse as error:
            self._polling.pause(what, f"the dataset is in use ({error})", deadline, _ROOM_SECONDS)
        except LimitReached as error:
            self._wait_for_room(what, error, deadline)
        except TransientError as error:
            self._polling.pause(what, f"the answer is missing, so its jobs are listed again ({error})", deadline, 1.0)
        else:
            self._polling.log(
                f"import job {name} started: {decision.mode}, {count_of(decision.rows, 'row')}, "
                f"{decision.bytes:,} bytes of {location}, because {decision.why}"
            )
            self._sent.append(decision)
            self._finish(Job(arn, name, "CREATE PENDING", 0.0, 0.0, decision.mode), deadline)

    def _wait_for_room(self, what: str, error: LimitReached, deadline: float) -> None:
        # The answer to a full account; counted to name them, though some may have ended by now.
        going = [job for job in self._api.import_jobs() if job.is_unfinished]
        names = ", ".join(job.name for job in going) or "none any more"
        state = f"waiting for room ({error}); import jobs of this region and account that are running: {names}"
        self._polling.pause(what, state, deadline, _ROOM_SECONDS)

    @property
    def _arn(self) -> str:
        return self._api.place.dataset_arn(self._group_name, self._name)

    def _finish(self, job: Job, deadline: float) -> None:
        """Wait for a job, of whichever run. Raises ``ImportFailed`` if it was to bring these rows and failed."""
        with self._polling.saying_that_it_goes_on(f"import job {job.arn}", "; the next import takes it up"):
            ended = self._polling.until(
                f"import job {job.name}",
                lambda: self._api.import_job(job.arn),
                lambda seen: seen.status,
                deadline,
                _JOB_SECONDS,
                "it goes on in AWS: run the import again to take it up, or raise import.timeout_minutes",
            )
        self._described[ended.arn] = ended
        content = parse_job_name(self._group_name, self._name, job.name)
        if content and content.before:
            self._destination.remove([increment_key(self._name, content)])
        if ended.status == FAILED and content is not None and content.after == self._target:
            raise _failure(self._name, ended)
        if ended.status == FAILED:
            self._polling.log(f"import job {job.name} of other rows failed: {ended.failure}")

    def _outcome(self, ready: Ready, held: HeldRows, base: ExportManifest | None, decision: Decision) -> ImportOutcome:
        untrained = self._destination.imports.find(self._name).untrained
        solutions: tuple[str, ...] = ()
        if untrained:
            solutions = tuple(self._api.solutions_before(self._group_name, max(untrained.values())))
            if not solutions:
                self._destination.imports.forget_untrained(self._name, untrained)
                untrained = {}
        return ImportOutcome(
            dataset=self._name,
            export=self._export,
            held=base,
            job=held.job,
            sent=tuple(self._sent),
            pending=decision.rows,
            why=decision.why,
            seconds=time.time() - self._started,
            ready=ready,
            console=self._api.place.console(self._group_name),
            untrained=dict(untrained),
            solutions=solutions,
        )


def run_of(manifest: ExportManifest) -> str:
    """The run in whose folder a CSV is, which may have taken it over from ``manifest.run``."""
    return manifest.path.split("/")[1]


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _free_name(group: str, dataset: str, content: JobContent, names: set[str]) -> str:
    attempt = 1
    while (name := job_name(group, dataset, content, attempt)) in names:
        attempt += 1
    return name


def _failure(dataset: str, job: Job) -> PersonalizeAssetsError:
    found = reason_of(job.failure).rstrip(".")
    hint = hint_for(found)
    text = f"import job {job.name} of {dataset} ended as {job.status}: {found}"
    kind = TransientImportFailure if is_own_fault(found) else ImportFailed
    return kind(f"{text}; {hint}" if hint else f"{text}; the job's page in the console may have more")
