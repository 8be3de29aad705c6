"""The CloudFormation stack of a config: what would be done, and doing it.

What belongs here: which values a config gives the template's parameters, and the calls. What the resources are
stands in ``glue/template.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from personalize_assets.aws.client import Aws, boto3_client, encryption
from personalize_assets.aws.error_codes import explain_errors
from personalize_assets.config import Config
from personalize_assets.engines.glue.bundle import Artifact, library, script, template
from personalize_assets.errors import PersonalizeAssetsError

_CODE = "_glue_code"
_RIGHTS = (
    "cloudformation:DescribeStacks, GetTemplate, CreateStack, UpdateStack and DescribeStackEvents, s3:ListBucket, "
    "GetBucketPolicy and PutObject on the destination, and the rights to make what the plan lists"
)


class _Loader(yaml.SafeLoader):
    """Reads a template for its names; ``!Ref`` and the like are taken as what stands after them."""


def _untagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _untagged)


def parsed(text: str) -> dict[str, Any]:
    """A template as plain values."""
    found: dict[str, Any] = yaml.load(text, _Loader)
    return found


@dataclass(frozen=True)
class Plan:
    """What there is, and what is to be done. ``before`` is the stack as it stands, None if there is none."""

    aws: Aws
    stack: str
    region: str
    bucket: str
    makes_bucket: bool
    template: str
    parameters: Mapping[str, str]
    before: Mapping[str, str] | None
    template_changes: bool
    uploads: tuple[tuple[str, Artifact, bool], ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def kept(self) -> list[str]:
        """Parameters that neither config nor command line names: they stay as they were deployed last."""
        return [name for name in self.before or {} if name not in self.parameters and name in self._known]

    @property
    def _known(self) -> Mapping[str, Any]:
        return parsed(self.template)["Parameters"]  # type: ignore[no-any-return]

    def lines(self) -> Iterator[str]:
        state = "new" if self.before is None else "there, to be updated"
        yield f"Stack      {self.stack} in {self.region}: {state}"
        yield f"Bucket     {self.bucket}: {'made by the stack' if self.makes_bucket else 'there'}"
        for key, artifact, is_there in self.uploads:
            size = f"{len(artifact.content):,} bytes"
            yield f"Upload     s3://{self.bucket}/{key}: {'there already' if is_there else size}"
        for name, value in self.parameters.items():
            was = (self.before or {}).get(name)
            change = f"  (was {was or 'empty'})" if self.before is not None and was != value else ""
            yield f"Parameter  {name} = {value or 'empty'}{change}"
        for name in self.kept:
            yield f"Parameter  {name} = {(self.before or {})[name] or 'empty'}  (kept)"
        if self.before is None:
            for name, resource in parsed(self.template)["Resources"].items():
                when = "  (if asked for)" if "Condition" in resource else ""
                yield f"Resource   {name}: {resource['Type']}{when}"
        elif self.template_changes:
            yield "Template   changed"
        for note in self.notes:
            yield f"Note       {note}"


def plan(config: Config, stack: str, given: Mapping[str, str]) -> Plan:
    """Look at what is there; calls nothing that changes anything. ``given`` are parameters from the command line."""
    text = template()
    unknown = sorted(set(given) - set(parsed(text)["Parameters"]))
    if unknown:
        names = ", ".join(parsed(text)["Parameters"])
        raise PersonalizeAssetsError(
            f"--parameter {unknown[0]}: the template has no such parameter; use one of {names}"
        )
    aws = config.aws
    bucket, prefix = _split(config.destination.uri)
    if not prefix:
        raise PersonalizeAssetsError(
            f"destination.uri: {config.destination.uri!r} is a whole bucket; write s3://{bucket}/prefix, so that the "
            "job's role need not be given all of it"
        )
    with explain_errors(f"Stack {stack!r}", _RIGHTS):
        cloudformation, s3 = boto3_client(aws, "cloudformation"), boto3_client(aws, "s3")
        before, old_template = _deployed(cloudformation, stack)
        is_there = _is_there(s3, Bucket=bucket)
        artifacts = [(f"{prefix}/{_CODE}/{artifact.name}", artifact) for artifact in (script(), library())]
        uploads = tuple((key, it, is_there and _is_there(s3, Bucket=bucket, Key=key)) for key, it in artifacts)
        manages_policy, notes = _bucket_policy(s3, bucket, prefix, is_there, before)
    parameters = {
        **_of_sources(config),
        "DestinationBucketName": bucket,
        "DestinationDataPrefix": prefix,
        "CreateDestinationBucket": (before or {}).get("CreateDestinationBucket") or str(not is_there).lower(),
        "ManageBucketPolicy": manages_policy,
        "JobName": config.glue.job,
        "ScriptKey": uploads[0][0],
        "LibraryKey": uploads[1][0],
        "AdditionalPythonModules": parsed(text)["Parameters"]["AdditionalPythonModules"]["Default"],
        **({"WorkerType": config.glue.worker_type} if config.glue.worker_type else {}),
        **({"NumberOfWorkers": str(config.glue.workers)} if config.glue.workers else {}),
        **({"DatabaseName": config.glue.database} if config.glue.database else {}),
        **({"CreateCrawler": "true"} if config.glue.crawler == f"{config.glue.job}-raw-events" else {}),
        **({"KmsKeyArn": aws.kms_key} if aws.kms_key and aws.kms_key.startswith("arn:") else {}),
        **given,
    }
    region = cloudformation.meta.region_name
    changes = old_template is not None and old_template != text
    return Plan(aws, stack, region, bucket, not is_there, text, parameters, before, changes, uploads, tuple(notes))


def carry_out(plan: Plan) -> dict[str, str]:
    """Upload and create or update; waits for the end of it and returns the stack's outputs."""
    with explain_errors(f"Stack {plan.stack!r}", _RIGHTS):
        cloudformation = boto3_client(plan.aws, "cloudformation")
        # A job may name files that are not there yet, but not the other way round: a bucket comes before what is in it.
        if not plan.makes_bucket:
            _upload(plan)
        _apply(cloudformation, plan)
        if plan.makes_bucket:
            _upload(plan)
        (stack,) = cloudformation.describe_stacks(StackName=plan.stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def _split(uri: str) -> tuple[str, str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix


def _of_sources(config: Config) -> dict[str, str]:
    uris = list(dict.fromkeys(config.source_of(name).uri for name in config.datasets.named()))
    bucket, prefix = _split(uris[0])
    more = [f"arn:{_partition(config.aws.region)}:s3:::{uri.removeprefix('s3://')}/*" for uri in uris[1:]]
    return {
        "SourceBucketName": bucket,
        "SourceDataPrefix": prefix,
        **dict(zip(("SecondSourceArn", "ThirdSourceArn"), more, strict=False)),
    }


def _partition(region: str | None) -> str:
    return "aws-cn" if (region or "").startswith("cn-") else "aws"


def _deployed(cloudformation: Any, stack: str) -> tuple[dict[str, str] | None, str | None]:
    """The parameters and the template of the stack as it stands."""
    from botocore.exceptions import ClientError

    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None, None
    if found["StackStatus"] == "ROLLBACK_COMPLETE":
        raise PersonalizeAssetsError(
            f"Stack {stack!r} is what is left of a first try that failed, and cannot be updated; delete it and deploy "
            "again"
        )
    text = cloudformation.get_template(StackName=stack)["TemplateBody"]
    values = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in found.get("Parameters", ())}
    return values, text if isinstance(text, str) else None


def _is_there(s3: Any, **what: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_object(**what) if "Key" in what else s3.head_bucket(**what)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NoSuchBucket"):
            raise
        return False
    return True


def _bucket_policy(
    s3: Any, bucket: str, prefix: str, is_there: bool, before: Mapping[str, str] | None
) -> tuple[str, list[str]]:
    """Whether the stack may set the bucket's policy: not where that would replace one that somebody else has made."""
    from botocore.exceptions import ClientError

    if not is_there or (before or {}).get("ManageBucketPolicy") == "true":
        return "true", []
    try:
        s3.get_bucket_policy(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return "true", []
        raise
    note = (
        f"{bucket} has a policy already, which stays as it is: add s3:GetObject on {prefix}/exports/* and "
        "s3:ListBucket for personalize.amazonaws.com to it (docs/glue.md)"
    )
    return "false", [note]


def _upload(plan: Plan) -> None:
    s3 = boto3_client(plan.aws, "s3")
    for key, artifact, is_there in plan.uploads:
        if not is_there:
            s3.put_object(Bucket=plan.bucket, Key=key, Body=artifact.content, **encryption(plan.aws))


def _apply(cloudformation: Any, plan: Plan) -> None:
    from botocore.exceptions import ClientError, WaiterError

    kept = {name: (plan.before or {})[name] for name in plan.kept}
    values = [{"ParameterKey": name, "ParameterValue": value} for name, value in {**kept, **plan.parameters}.items()]
    request = {
        "StackName": plan.stack,
        "TemplateBody": plan.template,
        "Parameters": values,
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        if plan.before is None:
            cloudformation.create_stack(**request)
        else:
            cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    done = cloudformation.get_waiter("stack_create_complete" if plan.before is None else "stack_update_complete")
    try:
        done.wait(StackName=plan.stack, WaiterConfig={"Delay": 5, "MaxAttempts": 240})
    except WaiterError as error:
        raise PersonalizeAssetsError(f"Stack {plan.stack!r} failed: {_why(cloudformation, plan.stack)}") from error


def _why(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(events)
        if event.get("ResourceStatus", "").endswith("_FAILED")
    ]
    return "; ".join(reasons[:3]) or "CloudFormation names no reason; see its console"
