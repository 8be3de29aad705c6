"""A plan from a config and what an account has, and its description; no call is made."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.config import Config, load_config
from personalize_assets.deploy.account import Account, DeployedStack
from personalize_assets.deploy.stack import Plan, describe, plan, plan_for
from personalize_assets.deploy.template import Template
from personalize_assets.engines.glue.bundle import Artifact
from personalize_assets.errors import PersonalizeAssetsError

FORM = Template(
    "the template",
    {"AdditionalPythonModules": "isal==1", "NumberOfWorkers": "3", "TimeoutMinutes": "120"},
    {"Job": "AWS::Glue::Job", "Crawler": "AWS::Glue::Crawler"},
    frozenset({"Crawler"}),
)
ARTIFACTS = {"made/_glue_code/a.py": Artifact("a.py", b"12345"), "made/_glue_code/b.zip": Artifact("b.zip", b"")}
TAGS = {"team": "data", "personalize-assets:dataset-group": "workshop"}
EMPTY = Account("eu-central-1", None, has_bucket=False, has_policy=False, keys=frozenset())


def account(**changes: Any) -> Account:
    return Account(**{**EMPTY.__dict__, **changes})


def deployed(**parameters: str) -> Account:
    """An account with the stack, its bucket and its uploads."""
    stack = DeployedStack(parameters, FORM.text, TAGS)
    return account(stack=stack, has_bucket=True, keys=frozenset(ARTIFACTS))


def config(**env: str) -> Config:
    places = {"PERSONALIZE__SOURCE__URI": "s3://raw/segment", "PERSONALIZE__DESTINATION__URI": "s3://events/made"}
    return load_config(env={**places, **env})


def planned(account: Account = EMPTY, given: dict[str, str] | None = None, **env: str) -> Plan:
    return plan_for(account, config(**env), "shop", given or {}, FORM, ARTIFACTS)


def test_an_empty_account_gets_a_bucket_and_its_policy() -> None:
    assert planned().parameters == {
        "SourceBucketName": "raw",
        "SourceDataPrefix": "segment",
        "DestinationBucketName": "events",
        "DestinationDataPrefix": "made",
        "CreateDestinationBucket": "true",
        "ManageBucketPolicy": "true",
        "DatasetGroupName": "workshop",
        "CutNames": "",
        "JobName": "personalize-assets-workshop",
        "ScriptKey": "made/_glue_code/a.py",
        "LibraryKey": "made/_glue_code/b.zip",
        "AdditionalPythonModules": "isal==1",
    }


def test_every_uri_of_a_source_may_be_read_and_more_than_the_template_has_are_refused() -> None:
    uris = '["s3://raw/web", "s3://raw/ios", "s3://other"]'

    parameters = planned(PERSONALIZE__SOURCE__URI=uris).parameters

    assert (parameters["SourceBucketName"], parameters["SourceDataPrefix"]) == ("raw", "web")
    assert parameters["SecondSourceArn"] == "arn:aws:s3:::raw/ios/*"
    assert parameters["ThirdSourceArn"] == "arn:aws:s3:::other/*"
    with pytest.raises(PersonalizeAssetsError, match="the config reads 4 URIs, but the template's role may read 3"):
        planned(PERSONALIZE__SOURCE__URI=uris.replace("]", ', "s3://more"]'))


def test_a_bucket_that_exists_is_not_made() -> None:
    assert planned(account(has_bucket=True)).parameters["CreateDestinationBucket"] == "false"


def test_a_long_name_of_a_group_gives_the_beginning_of_names_that_have_no_room_for_it() -> None:
    found = planned(PERSONALIZE__DATASET_GROUP__NAME="retail-demo-store-production").parameters

    assert found["DatasetGroupName"] == "retail-demo-store-production"
    assert found["CutNames"] == "retai*-04c968"


def test_a_bucket_that_the_stack_made_stays_the_stacks() -> None:
    assert planned(deployed(CreateDestinationBucket="true")).parameters["CreateDestinationBucket"] == "true"


def test_a_policy_that_the_stack_did_not_make_is_left_alone_with_a_note() -> None:
    found = planned(account(has_bucket=True, has_policy=True))

    assert found.parameters["ManageBucketPolicy"] == "false"
    assert found.notes == (
        "events has a policy already, which stays as it is: add s3:GetObject on made/exports/*, s3:ListBucket and, for "
        "import.compare, s3:PutObject on made/_compared/* for personalize.amazonaws.com to it "
        "(docs/how-to/personalize.md)",
    )


def test_a_policy_of_the_stack_is_kept_up_to_date() -> None:
    before = DeployedStack({"ManageBucketPolicy": "true"}, FORM.text, TAGS)

    found = planned(account(stack=before, has_bucket=True, has_policy=True))

    assert (found.parameters["ManageBucketPolicy"], found.notes) == ("true", ())


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"PERSONALIZE__GLUE__WORKERS": "5"}, {"NumberOfWorkers": "5"}),
        ({"PERSONALIZE__GLUE__WORKER_TYPE": "G.2X"}, {"WorkerType": "G.2X"}),
        ({"PERSONALIZE__GLUE__DATABASE": "shop"}, {"DatabaseName": "shop"}),
        (
            {
                "PERSONALIZE__GLUE__CATALOG": "crawler",
                "PERSONALIZE__GLUE__CRAWLER": "personalize-assets-workshop-raw-events",
            },
            {"CreateCrawler": "true"},
        ),
        (
            {"PERSONALIZE__AWS__KMS_KEY": "arn:aws:kms:eu-central-1:1:key/a"},
            {"KmsKeyArn": "arn:aws:kms:eu-central-1:1:key/a"},
        ),
        ({"PERSONALIZE__AWS__KMS_KEY": "alias/mine"}, {}),
        (
            {"PERSONALIZE__DATASETS__USERS__SOURCE": '{"uri": "s3://crm/users", "layout": "hive"}'},
            {"SecondSourceArn": "arn:aws:s3:::crm/users/*"},
        ),
        (
            {
                "PERSONALIZE__DATASETS__USERS__SOURCE": '{"uri": "s3://crm/users", "layout": "hive"}',
                "PERSONALIZE__AWS__REGION": "cn-north-1",
            },
            {"SecondSourceArn": "arn:aws-cn:s3:::crm/users/*"},
        ),
    ],
)
def test_keys_of_the_config_become_parameters(env: dict[str, str], expected: dict[str, str]) -> None:
    found = plan_for(EMPTY, config(**env), "shop", {}, FORM, ARTIFACTS).parameters

    assert {name: value for name, value in found.items() if name not in planned().parameters} == expected


def test_the_command_line_counts_more_than_the_config() -> None:
    found = planned(given={"NumberOfWorkers": "9"}, PERSONALIZE__GLUE__WORKERS="5")

    assert found.parameters["NumberOfWorkers"] == "9"


def test_parameters_that_are_not_given_keep_their_value_if_the_template_still_has_them() -> None:
    assert planned(deployed(NumberOfWorkers="5", JobName="old", Gone="x")).kept == {"NumberOfWorkers": "5"}


def test_a_new_stack_gets_the_tag_of_its_group() -> None:
    assert planned().tags == {"personalize-assets:dataset-group": "workshop"}


def test_a_stack_keeps_its_other_tags() -> None:
    assert planned(deployed()).tags == TAGS


def test_a_stack_without_the_tag_is_refused_before_anything_is_planned() -> None:
    billing = DeployedStack({}, "another template", {"team": "billing"})

    with pytest.raises(PersonalizeAssetsError, match=r"^Stack 'shop' exists without the tag"):
        planned(account(stack=billing))


def test_the_config_may_name_a_job_that_exists() -> None:
    assert planned(PERSONALIZE__GLUE__JOB="shared").parameters["JobName"] == "shared"


def test_an_unknown_parameter_is_refused_with_those_that_exist() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        plan(config(), "shop", {"Workers": "5"})

    assert str(error.value).startswith(
        "--parameter Workers: the template has no such parameter; use one of SourceBucketName, SourceDataPrefix, "
    )


def test_a_destination_without_a_prefix_is_refused() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        planned(PERSONALIZE__DESTINATION__URI="s3://events")

    assert str(error.value) == (
        "destination.uri: 's3://events' is a whole bucket; write s3://events/prefix, so that the job's role need not "
        "be given all of it"
    )


def test_a_new_stack_is_described_with_its_resources() -> None:
    assert list(describe(planned())) == [
        "Stack      shop in eu-central-1: new",
        "Bucket     events: made by the stack",
        "Upload     s3://events/made/_glue_code/a.py: 5 bytes",
        "Upload     s3://events/made/_glue_code/b.zip: 0 bytes",
        "Parameter  SourceBucketName = raw",
        "Parameter  SourceDataPrefix = segment",
        "Parameter  DestinationBucketName = events",
        "Parameter  DestinationDataPrefix = made",
        "Parameter  CreateDestinationBucket = true",
        "Parameter  ManageBucketPolicy = true",
        "Parameter  DatasetGroupName = workshop",
        "Parameter  CutNames = empty",
        "Parameter  JobName = personalize-assets-workshop",
        "Parameter  ScriptKey = made/_glue_code/a.py",
        "Parameter  LibraryKey = made/_glue_code/b.zip",
        "Parameter  AdditionalPythonModules = isal==1",
        "Resource   Job: AWS::Glue::Job",
        "Resource   Crawler: AWS::Glue::Crawler  (if asked for)",
    ]


def test_an_update_is_described_by_what_changes() -> None:
    same = {**planned(account(has_bucket=True)).parameters, "JobName": "", "TimeoutMinutes": ""}

    lines = list(describe(planned(deployed(**same))))

    assert lines[:4] == [
        "Stack      shop in eu-central-1: exists, to be updated",
        "Bucket     events: exists",
        "Upload     s3://events/made/_glue_code/a.py: exists already",
        "Upload     s3://events/made/_glue_code/b.zip: exists already",
    ]
    assert "Parameter  JobName = personalize-assets-workshop  (was empty)" in lines
    assert lines[-1] == "Parameter  TimeoutMinutes = empty  (kept)"


def test_another_template_is_named() -> None:
    before = DeployedStack({}, "an older template", TAGS)

    assert "Template   changed" in describe(planned(account(stack=before, has_bucket=True)))
