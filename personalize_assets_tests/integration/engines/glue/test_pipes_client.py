"""The client for one run of a Glue job, on an emulator."""

import boto3
import dagster as dg

from personalize_assets.config.models import Aws
from personalize_assets.engines.glue.pipes_client import GlueClient
from personalize_assets.engines.job_files import Staging
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator


def test_the_callers_arguments_stay_as_they_are(glue: GlueEmulator) -> None:
    glue.outcome = ("FAILED", "")
    params = {"JobName": "personalize-assets", "Arguments": {"--spec": "s3://events/spec.json"}}

    @dg.asset
    def made(context: dg.AssetExecutionContext) -> None:
        GlueClient(boto3.client("glue"), Aws(), Staging("s3://events/out", "_glue/a"), 0.1).run(
            context=context, start_job_run_params=params
        )

    dg.materialize([made], raise_on_error=False)

    assert params == {"JobName": "personalize-assets", "Arguments": {"--spec": "s3://events/spec.json"}}
