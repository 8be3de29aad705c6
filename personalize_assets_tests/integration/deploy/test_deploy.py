"""What goes to Glue, the template it goes with, and the command that puts both there."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import pytest
import setuptools
from cfnlint.api import ManualArgs, lint
from click.testing import CliRunner
from moto.cloudformation import parsing

from personalize_assets.cli import main
from personalize_assets.config import load_config
from personalize_assets.conversion.spec import encode
from personalize_assets.deploy import stack
from personalize_assets.engines.glue import bundle as package
from personalize_assets.engines.glue.bundle import ADDITIONAL_MODULES, GLUE_VERSIONS, library, script, template
from personalize_assets_tests.helpers.samples import REPO

TEMPLATE = stack.parsed(template())

# The zip


def test_the_zip_has_the_conversion_and_nothing_else() -> None:
    names = zipfile.ZipFile(io.BytesIO(library().content)).namelist()

    assert names[0] == "personalize_assets/__init__.py"
    assert set(names[1:]) == {
        file.relative_to(REPO).as_posix() for file in (REPO / "personalize_assets" / "conversion").rglob("*.py")
    }


def test_the_same_sources_give_the_same_bytes_whenever_and_wherever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = library()
    copied = tmp_path / "elsewhere" / "personalize_assets"
    shutil.copytree(REPO / "personalize_assets", copied)  # copies have other times
    for file in copied.rglob("*.py"):
        os.utime(file, (0, 0))
        file.chmod(0o600)
    monkeypatch.setattr(package, "_PACKAGE", copied)
    library.cache_clear()

    again = library()

    library.cache_clear()
    assert again == before


def test_other_sources_have_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = library()
    shutil.copytree(REPO / "personalize_assets", tmp_path / "personalize_assets")
    (tmp_path / "personalize_assets" / "conversion" / "session.py").write_text("# changed")
    monkeypatch.setattr(package, "_PACKAGE", tmp_path / "personalize_assets")
    library.cache_clear()

    changed = library()

    library.cache_clear()
    assert changed.name != before.name


# Modules that Glue has, or that are named for it; what is imported beyond them fails.
BY_HAND = """
import importlib.abc, sys

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("dagster", "dagster_pipes", "boto3", "botocore", "pydantic", "click", "fastavro"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nothing())
sys.argv = ["convert.py", *sys.argv[1:]]
import re
import runpy
runpy.run_path(__import__("os").environ["SCRIPT"], run_name="__main__")
"""


def run_by_hand(python: str, spec: dict[str, Any], folder: Path, path: str) -> dict[str, Any]:
    """``convert.py --spec`` with the zip, in a Python where neither dagster nor boto3 can be imported."""
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / library().name).write_bytes(library().content)
    (folder / script().name).write_bytes(script().content)
    done = subprocess.run(
        [python, "-c", BY_HAND, "--spec", str(folder / "spec.json")],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(folder / library().name), path])),
            "PYSPARK_PYTHON": python,
            "SCRIPT": str(folder / script().name),
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return report


@pytest.fixture
def python313() -> str:
    """A Python 3.13 with what Glue 6.0 has of its own; `make test-python313` sets it up."""
    python = REPO / ".venv-python313" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no .venv-python313: `make test-python313` makes it, where there is a python3.13")
    return str(python)


def one_file(folder: Path) -> dict[str, Any]:
    """A spec that reads one event and makes its row."""
    raw = folder / "a.json"
    raw.write_text('{"user": "u", "item": "i", "at": 1790812800}\n{"user": null, "item": "i", "at": 1790812800}\n')
    (folder / "personalize.yaml").write_text(
        json.dumps(
            {
                "source": {"uri": "raw", "layout": "flat", "start_date": "2026-10-01"},
                "destination": {"uri": "out"},
                "dataset_group": {"name": "test"},
                "datasets": {"interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "at"}}},
            }
        )
    )
    from personalize_assets.pipeline.catalog import catalog_days
    from personalize_assets.pipeline.convert import plan_convert
    from personalize_assets.pipeline.dataset_group import DatasetGroup

    (folder / "raw").mkdir()
    raw.rename(folder / "raw" / "a.json")
    group = DatasetGroup(load_config(folder / "personalize.yaml", {}))
    days = list(group.bytes_by_day())
    catalog_days(group, days)
    spec: dict[str, Any] = json.loads(encode(plan_convert(group, days, ["interactions"])))
    return spec


@pytest.mark.slow
def test_the_zip_runs_by_hand_with_neither_dagster_nor_boto3(tmp_path: Path) -> None:
    report = run_by_hand(sys.executable, one_file(tmp_path), tmp_path, "")

    counts = report["days"]["2026-10-01"]["datasets"]["interactions"]
    assert (counts["rows"], counts["kept"], counts["rejected"]) == (2, 1, {"missing:USER_ID": 1})


@pytest.mark.slow
def test_the_zip_runs_on_python_313_as_on_glue_6(tmp_path: Path, python313: str) -> None:
    report = run_by_hand(python313, one_file(tmp_path), tmp_path, "")

    counts = report["days"]["2026-10-01"]["datasets"]["interactions"]
    assert (counts["rows"], counts["kept"], counts["rejected"]) == (2, 1, {"missing:USER_ID": 1})


def test_an_old_python_is_told_which_glue_versions_will_do(tmp_path: Path) -> None:
    old = "import sys, runpy; sys.version_info = (3, 10); sys.version = '3.10.9'; runpy.run_path(sys.argv[1])"

    done = subprocess.run(
        [sys.executable, "-c", old, REPO / "glue" / "convert.py"], capture_output=True, text=True, check=False
    )

    assert done.stderr == (
        "personalize_assets needs Python 3.11 or newer, but this is 3.10.9: set the job's Glue version to 5.1 or 6.0\n"
    )
    assert done.returncode == 1


def test_the_modules_named_for_glue_are_those_this_is_tested_with() -> None:
    pinned = (REPO / "constraints.txt").read_text().splitlines()

    assert [module for module in ADDITIONAL_MODULES if module not in pinned] == []


def test_an_installed_package_has_the_files_of_the_folder_glue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", given.update)
    runpy.run_path(str(REPO / "setup.py"))
    build = given["cmdclass"]["build_py"](
        setuptools.Distribution({"packages": ["personalize_assets.deploy"], "script_name": "setup.py"})
    )
    build.build_lib = str(tmp_path)
    build.ensure_finalized()

    build.run()

    installed = tmp_path / "personalize_assets" / "engines" / "glue" / "files"
    assert (installed / "template.yaml").read_text() == template()
    assert (installed / "convert.py").read_bytes() == script().content


# The template


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy in the template, with the resource it stands in."""

    def within(name: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(value, dict):
            if "Effect" in value:
                yield name, value
            for child in value.values():
                yield from within(name, child)
        elif isinstance(value, list):
            for child in value:
                yield from within(name, child)

    for name, resource in TEMPLATE["Resources"].items():
        yield from within(name, resource)


def texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [text for child in value or () for text in texts(child)]


def test_the_template_is_clean_to_cfn_lint() -> None:
    assert [str(match) for match in lint(template(), config=ManualArgs(regions=["eu-central-1", "us-east-1"]))] == []


def test_no_statement_allows_an_action_by_a_star() -> None:
    found = list(statements())

    assert len(found) > 20
    assert [(name, action) for name, each in found for action in texts(each["Action"]) if "*" in action] == []


def test_no_statement_allows_every_resource_but_the_one_action_that_aws_knows_no_resources_for() -> None:
    starred = [
        (texts(each["Action"]), each.get("Condition"))
        for _, each in statements()
        if "*" in texts(each.get("Resource", []))
    ]

    assert starred == [(["cloudwatch:PutMetricData"], {"StringEquals": {"cloudwatch:namespace": "Glue"}})]


def test_only_services_may_take_the_roles() -> None:
    trusted = {
        name: each["Principal"]["Service"] for name, each in statements() if texts(each["Action"]) == ["sts:AssumeRole"]
    }

    assert trusted == {
        "JobRole": "glue.amazonaws.com",
        "PersonalizeRole": "personalize.amazonaws.com",
        "CrawlerRole": "glue.amazonaws.com",
    }


def test_the_old_samples_parameters_are_there_under_their_names() -> None:
    old = {"SourceBucketName", "SourceDataPrefix", "DestinationBucketName", "DestinationDataPrefix"}

    assert old <= set(TEMPLATE["Parameters"])


def test_the_template_agrees_with_the_package() -> None:
    parameters = TEMPLATE["Parameters"]

    assert parameters["AdditionalPythonModules"]["Default"] == ",".join(ADDITIONAL_MODULES)
    assert {*parameters["GlueVersion"]["AllowedValues"], "auto"} == set(GLUE_VERSIONS)
    assert len(template().encode()) < 51_200, "CloudFormation takes no larger one in a call"


# The command


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all operations that are called of AWS."""
    made: list[str] = []
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(self: Any, operation: str, params: Any) -> Any:
        made.append(operation)
        return real(self, operation, params)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recorded)
    return made


def deploy(*arguments: str, destination: str = "s3://events/made", **env: str) -> tuple[int, str]:
    places = {"PERSONALIZE__SOURCE__URI": "s3://raw/segment", "PERSONALIZE__DESTINATION__URI": destination, **env}
    done = CliRunner().invoke(main, ["deploy", *arguments], env=places)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def _moto_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation drops AWS::NoValue from lists; moto would leave a null there."""
    real = parsing.clean_json

    def clean(value: Any, resources: Any) -> Any:
        cleaned = real(value, resources)
        return [each for each in cleaned if each is not None] if isinstance(cleaned, list) else cleaned

    def update(self: Any, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        self._template, self.input_parameters = template, parameters or {}
        self.load_parameters()

    monkeypatch.setattr(parsing, "clean_json", clean)
    # An update of moto's makes the resources too whose condition is false, and fails over that.
    monkeypatch.setattr(parsing.ResourceMap, "update", update)


@pytest.fixture(autouse=True)
def _no_stack_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "bucket" in request.fixturenames:
        cloudformation = boto3.client("cloudformation", region_name="eu-central-1", endpoint_url=_endpoint(request))
        for found in cloudformation.describe_stacks()["Stacks"]:
            cloudformation.delete_stack(StackName=found["StackName"])


def _endpoint(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("_s3_server")
    return url


def test_a_dry_run_says_what_would_be_done_and_does_none_of_it(bucket: str, calls: list[str]) -> None:
    code, said = deploy("--dry-run")

    assert code == 0, said
    assert said.startswith(
        "Stack      personalize-assets in eu-central-1: new\n"
        "Bucket     events: there\n"
        f"Upload     s3://events/made/_glue_code/{script().name}: {len(script().content):,} bytes\n"
        f"Upload     s3://events/made/_glue_code/{library().name}: {len(library().content):,} bytes\n"
        "Parameter  SourceBucketName = raw\n"
        "Parameter  SourceDataPrefix = segment\n"
    )
    assert "\nResource   Job: AWS::Glue::Job\n" in said
    assert said.endswith("\nNothing was changed: this was a dry run.\n")
    assert {call for call in calls if not call.startswith(("Describe", "Get", "Head", "List"))} == set()
    assert list(boto3.resource("s3").Bucket(bucket).objects.all()) == []


def test_deploying_makes_a_job_that_names_script_and_zip_by_their_content(bucket: str) -> None:
    code, said = deploy("--stack", "shop", "--parameter", "NumberOfWorkers=5")

    assert code == 0, said
    keys = [item.key for item in boto3.resource("s3").Bucket(bucket).objects.all()]
    assert keys == [f"made/_glue_code/{script().name}", f"made/_glue_code/{library().name}"]
    (found,) = boto3.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
    assert parameters["ScriptKey"] == keys[0]
    assert parameters["NumberOfWorkers"] == "5"
    assert parameters["ManageBucketPolicy"] == "true"
    assert "\nDone.\n" in said
    assert "PersonalizeRoleArn   arn:aws:iam::" in said
    assert "ExportsLocation      s3://events/made/exports/\n" in said


def test_deploying_again_uploads_nothing_twice_and_keeps_what_was_asked_for_once(bucket: str, calls: list[str]) -> None:
    deploy("--parameter", "NumberOfWorkers=5")
    calls.clear()

    code, said = deploy("--parameter", "TimeoutMinutes=60")

    assert code == 0, said
    assert "Stack      personalize-assets in eu-central-1: there, to be updated\n" in said
    assert f"{script().name}: there already\n" in said
    assert "Parameter  TimeoutMinutes = 60  (was 120)\n" in said
    assert "Parameter  NumberOfWorkers = 5  (kept)\n" in said
    assert "PutObject" not in calls
    (found,) = boto3.client("cloudformation").describe_stacks(StackName="personalize-assets")["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
    assert (parameters["NumberOfWorkers"], parameters["TimeoutMinutes"]) == ("5", "60")


def test_a_bucket_that_is_not_there_is_made_first_and_then_filled(bucket: str) -> None:
    code, said = deploy(destination="s3://new-bucket/made")

    assert code == 0, said
    assert "Bucket     new-bucket: made by the stack\n" in said
    made = boto3.resource("s3").Bucket("new-bucket")
    assert len(list(made.objects.all())) == 2
    made.objects.all().delete()
    boto3.client("s3").delete_bucket(Bucket="new-bucket")


def test_a_policy_that_the_bucket_has_already_is_left_alone(bucket: str) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::events/x"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    boto3.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)

    code, said = deploy("--dry-run")

    assert code == 0, said
    assert "Parameter  ManageBucketPolicy = false\n" in said
    assert (
        "Note       events has a policy already, which stays as it is: add s3:GetObject on made/exports/* and "
        "s3:ListBucket for personalize.amazonaws.com to it (docs/glue.md)\n"
    ) in said


def test_every_source_of_the_datasets_may_be_read_by_the_job(bucket: str) -> None:
    source = '{"uri": "s3://crm/users", "layout": "hive"}'

    code, said = deploy("--dry-run", PERSONALIZE__DATASETS__USERS__SOURCE=source)

    assert code == 0, said
    assert "Parameter  SecondSourceArn = arn:aws:s3:::crm/users/*\n" in said


@pytest.mark.parametrize(
    ("arguments", "env", "expected"),
    [
        (
            ["--parameter", "Workers=5"],
            {},
            "Error: --parameter Workers: the template has no such parameter; use one of ",
        ),
        (["--parameter", "Workers"], {}, "'Workers' has no value; write it as NumberOfWorkers=5"),
        (
            [],
            {"destination": "s3://events"},
            "Error: destination.uri: 's3://events' is a whole bucket; write s3://events/",
        ),
        ([], {"destination": "out"}, " is a folder, which Glue cannot reach; write s3://bucket/prefix, or use engine "),
    ],
)
def test_what_cannot_be_deployed_is_said(arguments: list[str], env: dict[str, str], expected: str, bucket: str) -> None:
    code, said = deploy("--dry-run", *arguments, **env)

    assert code in (1, 2)
    assert expected in said


def test_a_stack_that_fails_says_why(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "template", lambda: template().replace("AWS::Glue::Job\n", "AWS::Glue::Nothing\n"))

    code, said = deploy(AWS_SECRET_ACCESS_KEY="")

    assert code == 1
    assert said.splitlines()[-1].startswith("Error: Stack 'personalize-assets': ")


# docs/glue.md


def test_the_page_names_parameters_and_defaults_as_the_template_has_them() -> None:
    page = (REPO / "docs" / "glue.md").read_text()
    rows = re.findall(r"^\| `([A-Z]\w+)` \| `?([^|`]+?)`? \|", page, re.MULTILINE)

    assert len(rows) >= 6
    assert dict(rows) == {name: str(TEMPLATE["Parameters"][name]["Default"]) for name, _ in rows}
    named = set(re.findall(r"--parameter (\w+)=|`(\w+)=(?:true|false)`", page))
    assert {one for pair in named for one in pair if one} <= set(TEMPLATE["Parameters"])


def test_the_page_tells_of_every_action_that_is_granted() -> None:
    page = (REPO / "docs" / "glue.md").read_text()
    granted = {
        action
        for name, each in statements()
        for action in texts(each["Action"])
        if name != "CrawlerRole" and not action.startswith("sts:")
    }

    assert sorted(action for action in granted if action.partition(":")[2] not in page) == [
        "glue:GetCrawler",
        "glue:StartCrawler",
    ]
