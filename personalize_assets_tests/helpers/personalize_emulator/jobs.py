"""What import, export and data deletion jobs do when they come to their end.

- Numbers and sizes: page limits; 1,000 records at least for interactions in both modes, for action interactions in
  incremental ones (pages bulk-data-import-step, action-interactions-datasets).
- "Failed to create a data import job for <dataset type> dataset": page error-messages, which leaves out what is between
  this and the reason.
- Files are read when the job ends, not when it is created: inferred from the minutes that a job takes.
- Where export jobs write below the given path is not documented: here in a folder of the job's name.
"""

from __future__ import annotations

from typing import Any

from personalize_assets_tests.helpers.personalize_emulator import csv_records, s3_files
from personalize_assets_tests.helpers.personalize_emulator.account import Account
from personalize_assets_tests.helpers.personalize_emulator.csv_records import Row
from personalize_assets_tests.helpers.personalize_emulator.dataset_schema import RECORD_NAMES
from personalize_assets_tests.helpers.personalize_emulator.errors import JobFailure
from personalize_assets_tests.helpers.personalize_emulator.resources import Resource
from personalize_assets_tests.helpers.personalize_emulator.s3_files import Location

_NAMES = {type_: name for name, type_ in RECORD_NAMES.items()}


def end_import(account: Account, s3: Any, job: Resource) -> None:
    """Read the files into the dataset, all or nothing. Raises JobFailure."""
    dataset = account.get("dataset", job.members["datasetArn"])
    dataset_type = dataset.members["datasetType"]
    try:
        rows = _read_rows(account, s3, job, dataset)
        job.rows_read = len(rows)
        _check_number(account, dataset_type, job.members["importMode"], len(rows))
    except JobFailure as failure:
        name = _NAMES[dataset_type]
        raise JobFailure(f"Failed to create a data import job for {name} dataset. {failure}") from None
    contents = account.contents[dataset.arn]
    if job.members["importMode"] == "FULL":
        contents.replace(rows)
    else:
        contents.add(rows)


def _read_rows(account: Account, s3: Any, job: Resource, dataset: Resource) -> list[Row]:
    schema = account.schemas[dataset.members["schemaArn"]]
    place = check_access(account, s3, job, job.members["dataSource"]["dataLocation"])
    files = s3_files.listed(s3, place, only_csv=account.settings.reads_only_csv and place.is_folder)
    if not files:
        raise JobFailure(s3_files.NO_PRIVILEGES)
    mode = job.members["importMode"]
    most = account.settings.max_full_bytes if mode == "FULL" else account.settings.max_incremental_bytes
    _check_size(sum(size for _, size in files), most)
    return [row for key, _ in files for row in csv_records.rows(s3_files.read(s3, place, key), schema, key)]


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise JobFailure(f"The size of the input data is {size} bytes, at most {most} are allowed.")


def _check_number(account: Account, dataset_type: str, mode: str, number: int) -> None:
    has_minimum = dataset_type == "INTERACTIONS" or (dataset_type, mode) == ("ACTION_INTERACTIONS", "INCREMENTAL")
    least = account.settings.min_interactions
    if has_minimum and number < least:
        raise JobFailure(f"The input data has {number} records, at least {least} are required.")


def check_access(account: Account, s3: Any, job: Resource, uri: str, *, writes: bool = False) -> Location:
    """The location of a job's files. Raises JobFailure if Personalize may not read, or write, there."""
    settings = account.settings
    place = s3_files.location(uri)
    if place is None or (settings.roles is not None and job.members["roleArn"] not in settings.roles):
        raise JobFailure(s3_files.NO_PRIVILEGES)
    if settings.checks_bucket_policy:
        s3_files.check_policy(s3, place, account=settings.account, source=job.arn, writes=writes)
    return place


def end_export(account: Account, s3: Any, job: Resource) -> None:
    """Write the dataset as CSV. Raises JobFailure."""
    contents = account.contents[job.members["datasetArn"]]
    path = job.members["jobOutput"]["s3DataDestination"]["path"]
    place = check_access(account, s3, job, f"{path.removesuffix('/')}/", writes=True)
    mode = job.members["ingestionMode"]
    rows = {"BULK": contents.all_rows, "ALL": contents.newest, "PUT": list}[mode]()
    size = account.settings.export_part_rows
    for number, start in enumerate(range(0, max(len(rows), 1), size)):
        s3.put_object(
            Bucket=place.bucket,
            Key=f"{place.key}{job.name}/part-{number:05}.csv",
            Body=csv_records.written(contents.columns, rows[start : start + size]),
        )


def end_deletion(account: Account, s3: Any, job: Resource) -> None:
    """Delete the users that the files name from all datasets of the group. Raises JobFailure."""
    place = check_access(account, s3, job, job.members["dataSource"]["dataLocation"])
    files = s3_files.listed(s3, place, recursive=True, only_csv=True)
    if not files or s3_files.has_own_key(s3, place.bucket):
        raise JobFailure(s3_files.NO_PRIVILEGES)
    _check_size(sum(size for _, size in files), account.settings.max_deletion_bytes)
    users = {user for key, _ in files for user in csv_records.ids(s3_files.read(s3, place, key), key)}
    datasets = account.of_kind("dataset", job.members["datasetGroupArn"])
    job.members["numDeleted"] = sum(account.contents[dataset.arn].delete_users(users) for dataset in datasets)
