"""Amazon Personalize for tests: an HTTP server that boto3's own client calls, with data that it reads from S3.

    with PersonalizeEmulator(s3_endpoint=moto_url) as emulator:
        personalize = boto3.client("personalize", endpoint_url=emulator.endpoint, region_name="eu-central-1")
        ...  # create schema, dataset group, dataset, import job; describe until ACTIVE
        assert emulator.rows("interactions") == [("i1", "1790812800", "u1"), ...]

moto has schemas only, and overwrites them. What is here: schemas, dataset groups, datasets and their updates, import,
export and data deletion jobs, event trackers, solutions and their versions, lists of recommenders, tags. What is not:
streamed records, training, recommendations. It needs botocore and boto3, and nothing of personalize_assets.

- Answers: ``api_model`` checks requests against botocore's model, and leaves in answers only what the model has.
- Names, states, pages and the clock: ``resources``, ``account``. A look at a thing (describe, list, or a create that is
  refused because of it) brings it to its next state, after the answer: the default is CREATE PENDING, CREATE
  IN_PROGRESS, ACTIVE on the first, second and third look. ``advance`` does it by time, ``Settings`` changes both.
- Rules: ``operations``, ``dataset_schema``, ``csv_records``, ``s3_files``, ``jobs``, ``contents``. Each module names
  the source of each rule: a page of the developer guide (docs.aws.amazon.com/personalize/latest/dg/<page>.html, as of
  September 2026), the model of botocore 1.44, or "inferred", if nothing says so.
- Lists without a documented order are in one that means nothing; pages are small.

What tests set:

    emulator.settings.page_size = 2
    emulator.plan("dataset-import-job", Course(failure="text"), Course(stuck_at="CREATE IN_PROGRESS"))
    emulator.faults.inject(LOST, "CreateDatasetImportJob")  # the next one is done, and its answer is lost
    emulator.faults.inject(CUT, nth=7, times=None)  # from the seventh call on nothing arrives, until faults.clear()
    emulator.before_call = lambda call: kill(client) if call.number == 7 else None
"""

from __future__ import annotations

from personalize_assets_tests.helpers.personalize_emulator.emulator import PersonalizeEmulator
from personalize_assets_tests.helpers.personalize_emulator.faults import (
    CUT,
    INTERNAL,
    LOST,
    THROTTLED,
    Call,
    Fault,
    FaultPlan,
)
from personalize_assets_tests.helpers.personalize_emulator.resources import Course, Resource
from personalize_assets_tests.helpers.personalize_emulator.settings import Settings

__all__ = [
    "CUT",
    "INTERNAL",
    "LOST",
    "THROTTLED",
    "Call",
    "Course",
    "Fault",
    "FaultPlan",
    "PersonalizeEmulator",
    "Resource",
    "Settings",
]
