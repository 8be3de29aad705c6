"""What an engine elsewhere stores in S3 for a job: its spec, messages and report, in a folder a run.

What does not belong here: how a service is called (``glue``, ``emr_serverless``).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from personalize_assets.conversion.spec import ConvertSpec, Report, Spec, decode_report
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.storage import cleanup
from personalize_assets.storage.object_store import ObjectStore
from personalize_assets.storage.run_ids import RUN_ID

if TYPE_CHECKING:
    import dagster as dg

# Staging folders of runs that failed are kept so long for people to look at.
_LEFTOVER_SECONDS = 7 * 24 * 3600


class JobError(msgspec.Struct, frozen=True):
    """What made a job fail: the exception's class and text, and the traceback."""

    type: str
    message: str
    traceback: str


class FailedReport(msgspec.Struct, frozen=True):
    """The report file of a job that failed (``conversion.job.execute``)."""

    error: JobError


class Staging(NamedTuple):
    """Where a job's spec, messages and report are stored while it runs.

    Attributes:
        destination: ``s3://bucket/prefix``.
        folder: Key of the folder below it.
    """

    destination: str
    folder: str

    def key(self, name: str) -> str:
        """A file's key below the destination."""
        return f"{self.folder}/{name}"

    def uri(self, name: str) -> str:
        """A file's ``s3://`` URI."""
        return f"{self.destination}/{self.key(name)}"

    def in_bucket(self, name: str) -> tuple[str, str]:
        """A file's bucket, and its key there."""
        bucket, _, key = self.uri(name).removeprefix("s3://").partition("/")
        return bucket, key


def fingerprint_of_work(spec: Spec) -> str:
    """Equal for equal work, whichever Dagster run asks for it: the spec without its run id and time."""
    timeless = replace(spec, plan=replace(spec.plan, now=0)) if isinstance(spec, ConvertSpec) else spec
    text = msgspec.json.encode(timeless, order="sorted").replace(run_id_of(spec).encode(), b"")
    return hashlib.sha256(text).hexdigest()[:16]


def run_id_of(spec: Spec) -> str:
    """The run id in the names of the files that a spec makes."""
    if isinstance(spec, ConvertSpec):
        return spec.plan.run_id
    targets = (target for one in spec.exports for target in (one.to_csv, one.to_table) if target)
    found = (RUN_ID.search(target.rpartition("/")[2]) for target in targets)
    return next(match.group() for match in found if match)


def durable_run_id(context: dg.AssetExecutionContext) -> str:
    """The id that a Dagster run and its retries have in common."""
    return context.run.tags.get("dagster/root_run_id") or context.run.run_id


def s3_of(spec: Spec) -> dict[str, Any]:
    """How S3 is reached, as in ``conversion.spec.Plan``."""
    return spec.plan.s3 if isinstance(spec, ConvertSpec) else spec.s3


def for_role(spec: Spec) -> Spec:
    """The spec for the job's role: without this machine's profile; boto3 finds the credentials of the role."""
    s3 = {key: value for key, value in s3_of(spec).items() if key != "profile"} | {"credentials": "boto3"}
    return replace(spec, plan=replace(spec.plan, s3=s3)) if isinstance(spec, ConvertSpec) else replace(spec, s3=s3)


def s3_arguments(s3: Mapping[str, Any]) -> dict[str, str]:
    """The arguments of the job's script (``conversion.job``) that say how S3 is reached; ``s3`` as in its ``Plan``."""
    arguments = {}
    if s3.get("region"):
        arguments["--s3_region"] = s3["region"]
    if s3.get("endpoint_override"):
        arguments["--s3_endpoint"] = f"{s3['scheme']}://{s3['endpoint_override']}"
    return arguments


def error_for_user(error: JobError | None, reader: str, where: str) -> PersonalizeAssetsError | None:
    """What a job that failed on a file tells the user, as ``engines.base.for_user`` does of one here.

    None for any other error. ``reader`` is the role that needs to read the file; ``where`` names the run.
    """
    if error is None:
        return None
    if error.type == "UnreadableFile":
        return PersonalizeAssetsError(
            f"{error.message}; if the file is gone, materialize raw_event_catalog again; if access was denied, "
            f"{reader} needs to read it ({where})"
        )
    if error.type == "UnansweredFile":
        return TransientError(f"{error.message} ({where})")
    if error.type in ("UnreadableDailyFile", "UnwritableFile"):
        return PersonalizeAssetsError(f"{error.message} ({where})")
    return None


def report_in(messages: Iterable[Any]) -> Report | None:
    """The report in the last Pipes message that has one (``{"report": …}``); None if none has a whole one."""
    reports = [message["report"] for message in messages if isinstance(message, dict) and "report" in message]
    try:
        report: Report = msgspec.convert(reports[-1], Report)
    except (IndexError, msgspec.ValidationError):
        return None
    return report


def read_report(store: ObjectStore, uri: str) -> Report | FailedReport | None:
    """The report file of a job; None if there is none, or it is not whole or of another version."""
    data = store.read(uri.removeprefix(store.uri + "/")) if uri.startswith(store.uri + "/") else None
    for decode in (decode_report, msgspec.json.Decoder(FailedReport).decode):
        try:
            return decode(data or b"")
        except msgspec.DecodeError:  # ValidationError is one
            continue
    return None


def sweep(store: ObjectStore, staging: Staging) -> None:
    """Delete a run's staging folder, and those that failed runs left long ago."""
    oldest = time.time() - _LEFTOVER_SECONDS
    files = store.files(f"{staging.folder.partition('/')[0]}/")
    unneeded = [file.key for file in files if file.key.startswith(staging.folder + "/") or file.modified < oldest]
    cleanup.remove(store, unneeded)
