"""Plans and applies the CloudFormation stack of a config.

``plan`` looks at the account and decides, ``describe`` writes a plan out, ``apply`` carries it out. What belongs here:
which values a config gives the template's parameters. What the resources are is in ``glue/template.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from personalize_assets.aws.client import boto3_client, encryption
from personalize_assets.aws.error_codes import explain_errors
from personalize_assets.aws.stack_tag import TAG, check_tag
from personalize_assets.config import Config
from personalize_assets.config.models import Aws
from personalize_assets.conversion.progress import AT_MOST, OnProgress
from personalize_assets.deploy.account import Account, look_up
from personalize_assets.deploy.change_set import ChangeSet, execute, executed_or_discarded, propose
from personalize_assets.deploy.stack_work import StackWork
from personalize_assets.deploy.template import Template
from personalize_assets.engines.glue.bundle import Artifact, library, script, template
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.importing.job_names import cut_names

_CODE = "_glue_code"
_RIGHTS = (
    "cloudformation:DescribeStacks, GetTemplate, CreateStack, CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, "
    "DeleteChangeSet and DescribeStackEvents, s3:ListBucket, GetBucketPolicy and PutObject on the destination, and the "
    "rights to make and tag what the plan lists"
)
# Two more sources than the main one have a parameter of the template: a source of users, and one of items.
_MORE_SOURCES = ("SecondSourceArn", "ThirdSourceArn")


@dataclass(frozen=True)
class Upload:
    """A file for the bucket, and whether it is there already: its key has its content's digest."""

    key: str
    artifact: Artifact
    exists: bool


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        account: What exists now.
        parameters: Values that the config and the command line give.
        kept: Other parameters of the deployed stack, which keep their values.
        uploads: The job's script and zip.
        tags: Those of the stack, with ours.
        notes: What the user has to do besides.
    """

    stack: str
    bucket: str
    account: Account
    template: Template
    parameters: Mapping[str, str]
    kept: Mapping[str, str]
    uploads: tuple[Upload, ...]
    tags: Mapping[str, str]
    notes: tuple[str, ...] = ()


# -- planning ---------------------------------------------------------------------------------------------------------


def plan(config: Config, stack: str, given: Mapping[str, str]) -> Plan:
    """Decide what to do, without changing anything. ``given`` are parameters from the command line, by name.

    Raises ``PersonalizeAssetsError`` for an unknown parameter, a destination that is a whole bucket, a stack that
    is not this group's or cannot be updated, and refusals of AWS.
    """
    form = Template.of(template())
    _check_parameters(given, form)
    bucket, prefix = _destination(config)
    artifacts = {f"{prefix}/{_CODE}/{artifact.name}": artifact for artifact in (script(), library())}
    with explain_errors(f"Stack {stack!r}", _RIGHTS):
        account = look_up(config.aws, stack, bucket, artifacts)
    return plan_for(account, config, stack, given, form, artifacts)


def plan_for(
    account: Account,
    config: Config,
    stack: str,
    given: Mapping[str, str],
    form: Template,
    artifacts: Mapping[str, Artifact],
) -> Plan:
    """The plan for what the account has; ``artifacts`` are the script and the zip by their keys. Makes no call.

    Raises ``PersonalizeAssetsError`` if the stack is not this group's.
    """
    bucket, prefix = _destination(config)
    group = config.dataset_group.name
    if account.stack:
        check_tag(stack, account.stack.tags, group)
    before = account.stack.parameters if account.stack else {}
    # A policy of the stack's own may be replaced, another one not.
    sets_policy = not account.has_policy or before.get("ManageBucketPolicy") == "true"
    script_key, library_key = artifacts
    parameters = {
        **_source_parameters(config),
        "DestinationBucketName": bucket,
        "DestinationDataPrefix": prefix,
        "CreateDestinationBucket": before.get("CreateDestinationBucket") or str(not account.has_bucket).lower(),
        "ManageBucketPolicy": str(sets_policy).lower(),
        "DatasetGroupName": group,
        "CutNames": cut_names(group),
        "JobName": config.glue_job,
        "ScriptKey": script_key,
        "LibraryKey": library_key,
        "AdditionalPythonModules": form.defaults["AdditionalPythonModules"] or "",
        **_optional_parameters(config),
        **given,
    }
    return Plan(
        stack,
        bucket,
        account,
        form,
        parameters,
        {name: value for name, value in before.items() if name not in parameters and name in form.defaults},
        tuple(Upload(key, artifact, key in account.keys) for key, artifact in artifacts.items()),
        {**(account.stack.tags if account.stack else {}), TAG: group},
        () if sets_policy else (_policy_note(bucket, prefix),),
    )


def _check_parameters(given: Mapping[str, str], form: Template) -> None:
    unknown = sorted(set(given) - set(form.defaults))
    if unknown:
        raise PersonalizeAssetsError(
            f"--parameter {unknown[0]}: the template has no such parameter; use one of {', '.join(form.defaults)}"
        )


def _destination(config: Config) -> tuple[str, str]:
    """Bucket and prefix. Raises ``PersonalizeAssetsError`` without a prefix."""
    bucket, prefix = _split(config.destination.uri)
    if not prefix:
        raise PersonalizeAssetsError(
            f"destination.uri: {config.destination.uri!r} is a whole bucket; write s3://{bucket}/prefix, so that the "
            "job's role need not be given all of it"
        )
    return bucket, prefix


def _split(uri: str) -> tuple[str, str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix


def _source_parameters(config: Config) -> dict[str, str]:
    # A uri that ends with two slashes begins in a folder without a name; the template adds the last one.
    every = (uri for name in config.datasets.named() for uri in config.source_of(name).uris)
    uris = list(dict.fromkeys(uri.removesuffix("/") for uri in every))
    if len(uris) > 1 + len(_MORE_SOURCES):
        raise PersonalizeAssetsError(
            f"the config reads {len(uris)} URIs, but the template's role may read {1 + len(_MORE_SOURCES)}: name a "
            "prefix that several of them share, or deploy with a role of your own (docs/how-to/glue.md)"
        )
    bucket, prefix = _split(uris[0])
    partition = "aws-cn" if (config.aws.region or "").startswith("cn-") else "aws"
    arns = (f"arn:{partition}:s3:::{uri.removeprefix('s3://')}/*" for uri in uris[1:])
    return {
        "SourceBucketName": bucket,
        "SourceDataPrefix": prefix,
        **dict(zip(_MORE_SOURCES, arns, strict=False)),
    }


def _optional_parameters(config: Config) -> dict[str, str]:
    """Parameters of keys that the config may leave out; those it leaves out keep the stack's value."""
    glue, key = config.glue, config.aws.kms_key
    crawler = f"{config.glue_job}-raw-events"
    values = {
        "WorkerType": glue.worker_type,
        "NumberOfWorkers": str(glue.workers) if glue.workers else None,
        "DatabaseName": glue.database,
        "CreateCrawler": "true" if glue.crawler == crawler else None,
        "KmsKeyArn": key if key and key.startswith("arn:") else None,
    }
    return {name: value for name, value in values.items() if value}


def _policy_note(bucket: str, prefix: str) -> str:
    return (
        f"{bucket} has a policy already, which stays as it is: add s3:GetObject on {prefix}/exports/*, s3:ListBucket "
        f"and, for import.compare, s3:PutObject on {prefix}/_compared/* for personalize.amazonaws.com to it "
        "(docs/how-to/personalize.md)"
    )


# -- description ------------------------------------------------------------------------------------------------------


def describe(plan: Plan) -> Iterator[str]:
    """A plan for people, line by line."""
    account = plan.account
    before = account.stack.parameters if account.stack else {}
    yield f"Stack      {plan.stack} in {account.region}: {'exists, to be updated' if account.stack else 'new'}"
    yield f"Bucket     {plan.bucket}: {'exists' if account.has_bucket else 'made by the stack'}"
    for upload in plan.uploads:
        size = f"{len(upload.artifact.content):,} bytes"
        yield f"Upload     s3://{plan.bucket}/{upload.key}: {'exists already' if upload.exists else size}"
    for name, value in plan.parameters.items():
        old = before.get(name)
        change = f"  (was {old or 'empty'})" if account.stack and old != value else ""
        yield f"Parameter  {name} = {value or 'empty'}{change}"
    for name, value in plan.kept.items():
        yield f"Parameter  {name} = {value or 'empty'}  (kept)"
    if account.stack is None:
        for name, type in plan.template.resources.items():
            yield f"Resource   {name}: {type}{'  (if asked for)' if name in plan.template.conditional else ''}"
    elif account.stack.template not in (None, plan.template.text):
        yield "Template   changed"
    for note in plan.notes:
        yield f"Note       {note}"


# -- application ------------------------------------------------------------------------------------------------------


@contextmanager
def agreed_update(plan: Plan, aws: Aws, may_lose: Callable[[Sequence[str]], bool]) -> Iterator[ChangeSet | None]:
    """What an update would change, to be applied in the block; None if that is nothing, or the stack is new.

    Args:
        may_lose: Asked before an update that replaces or deletes resources, with a line about each.

    Raises:
        PersonalizeAssetsError: CloudFormation cannot compute it; or the answer was no, and nothing was changed.
    """
    if plan.account.stack is None:
        yield None
        return
    with explain_errors(f"Stack {plan.stack!r}", _RIGHTS):
        cloudformation = boto3_client(aws, "cloudformation")
        update = propose(cloudformation, _request(plan))
    if update is None:
        yield None
        return
    with executed_or_discarded(cloudformation, update):
        if update.losses and not may_lose(update.losses):
            raise PersonalizeAssetsError(
                f"Stack {plan.stack!r} was not changed: the update replaces or deletes resources, which needs your "
                "consent; answer y, or give --yes"
            )
        yield update


def apply(
    plan: Plan, aws: Aws, update: ChangeSet | None, on_progress: OnProgress = lambda progress: None
) -> dict[str, str]:
    """Upload the files, create or update the stack, wait for its end (20 minutes at most) and return its outputs.

    Args:
        update: As ``agreed_update`` yields it.
        on_progress: Is called every few seconds with the number of resources that are done.

    Raises:
        PersonalizeAssetsError: With CloudFormation's reasons if the stack fails.
    """
    with explain_errors(f"Stack {plan.stack!r}", _RIGHTS):
        cloudformation = boto3_client(aws, "cloudformation")
        # A job may be made before the files it names, but a file not before its bucket.
        if plan.account.has_bucket:
            _upload(plan, aws)
        if plan.account.stack is None:
            work = StackWork(cloudformation, plan.stack, len(plan.template.resources), AT_MOST)
            cloudformation.create_stack(**_request(plan))
            work.wait(on_progress)
        elif update:
            work = StackWork.on_existing(cloudformation, plan.stack, update.resources)
            execute(cloudformation, update)
            work.wait(on_progress)
        if not plan.account.has_bucket:
            _upload(plan, aws)
        (stack,) = cloudformation.describe_stacks(StackName=plan.stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def _upload(plan: Plan, aws: Aws) -> None:
    s3 = boto3_client(aws, "s3")
    for upload in plan.uploads:
        if not upload.exists:
            s3.put_object(Bucket=plan.bucket, Key=upload.key, Body=upload.artifact.content, **encryption(aws))


def _request(plan: Plan) -> dict[str, Any]:
    """Arguments of ``CreateStack``, which those of an update are too."""
    return {
        "StackName": plan.stack,
        "TemplateBody": plan.template.text,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in {**plan.kept, **plan.parameters}.items()
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in plan.tags.items()],
        "Capabilities": ["CAPABILITY_IAM"],
    }
