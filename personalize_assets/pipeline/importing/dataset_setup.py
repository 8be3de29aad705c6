"""The dataset group, schema and dataset in Personalize: found by name and adopted if they are the config's, else made.

Nothing is deleted, and nothing but the schema of users and items is changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from personalize_assets.aws.personalize import (
    ACTIVE,
    AlreadyExists,
    DatasetState,
    GroupState,
    InUse,
    Personalize,
)
from personalize_assets.aws.personalize_hints import reason_of
from personalize_assets.config import Config
from personalize_assets.conversion.contract import SCHEMA_CHARS
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.importing.job_names import schema_name
from personalize_assets.pipeline.importing.polling import GROUP_SECONDS, UPDATE_SECONDS, Polling
from personalize_assets.pipeline.importing.schema_drift import (
    SchemaDrift,
    fields_of,
    schema_problems,
    what_can_be_done,
)


@dataclass(frozen=True)
class Wanted:
    """What a config wants of one dataset.

    Attributes:
        schema: The Avro schema.
    """

    group: str
    domain: str
    dataset: str
    schema: Mapping[str, Any]
    kms_key: str | None = None
    kms_role: str | None = None

    @classmethod
    def of(cls, config: Config, dataset: str, schema: Mapping[str, Any]) -> Wanted:
        """The one of a config. Raises ``PersonalizeAssetsError`` for a schema that is longer than one may be."""
        if (chars := len(json.dumps(schema))) > SCHEMA_CHARS:
            raise PersonalizeAssetsError(
                f"the schema of {dataset} has {chars:,} characters of at most {SCHEMA_CHARS:,}; remove columns"
            )
        settings, imports = config.dataset_group, config.import_
        return cls(settings.name, settings.domain, dataset, schema, imports.kms_key, imports.kms_role)

    @property
    def schema_name(self) -> str:
        """The name of the schema in Personalize."""
        return schema_name(self.group, self.dataset, self.schema)


@dataclass(frozen=True)
class Found:
    """What there is in Personalize, and what is to be done.

    Attributes:
        added: Columns that the dataset lacks and its schema can be given.
        warnings: Differences that stay.
    """

    group: GroupState | None
    dataset: DatasetState | None
    has_schema: bool
    added: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def group_steps(self, wanted: Wanted) -> list[str]:
        """What would be made for all datasets of the group, a line each."""
        return [f"create dataset group {wanted.group} ({wanted.domain})"] if self.group is None else []

    def own_steps(self, wanted: Wanted) -> list[str]:
        """What would be made or changed for the dataset, a line each."""
        lines = []
        if not self.has_schema:
            lines.append(f"create schema {wanted.schema_name}")
        if self.dataset is None:
            lines.append(f"create dataset {wanted.dataset}")
        elif self.added:
            lines.append(f"add columns to dataset {wanted.dataset}: {', '.join(self.added)}")
        return lines


@dataclass(frozen=True)
class Ready:
    """A dataset that can be imported into.

    Attributes:
        schema_arn: Of the schema that it has.
        added: Columns that it did not have before.
        updated: When its schema was changed last, in seconds since the epoch; 0 if never.
        created: When it was made, likewise.
    """

    group_arn: str
    dataset_arn: str
    schema_arn: str
    added: tuple[str, ...]
    updated: float
    created: float


def look_up(api: Personalize, wanted: Wanted) -> Found:
    """Find what there is, without changing anything.

    Raises ``PersonalizeAssetsError`` for a group of another domain and things that failed or are being deleted, and
    ``SchemaDrift``.
    """
    group = api.group(wanted.group)
    if group is not None:
        _check_group(group, wanted)
    dataset = api.dataset(wanted.group, wanted.dataset) if group else None
    added: tuple[str, ...] = ()
    if dataset is not None:
        _check_status(f"dataset {wanted.dataset} of {wanted.group}", dataset.status, "")
        added = _added_columns(api, wanted, dataset)
    schema = api.schema(wanted.schema_name)
    if schema is not None and fields_of(json.loads(schema.text)) != fields_of(wanted.schema):
        raise SchemaDrift(
            f"schema {wanted.schema_name} in Personalize is not the one of the config, though it has its name; delete "
            "it in the console (nothing of personalize_assets can have made it), and import again"
        )
    has_schema = schema is not None or (dataset is not None and not added)
    return Found(group, dataset, has_schema, added, tuple(_warnings(group, wanted)))


def set_up(api: Personalize, wanted: Wanted, polling: Polling) -> Ready:
    """Make what is missing, wait until it can be used, and return it. Errors as in ``look_up``.

    Other runs may do the same at the same time, and this one may have died on its way before: what exists by then is
    taken.
    """
    found = look_up(api, wanted)
    for warning in found.warnings:
        polling.log(warning)
    if found.group is None:
        polling.log(f"creating dataset group {wanted.group}")
        _make(lambda: api.create_group(wanted.group, wanted.domain, wanted.kms_key, wanted.kms_role), polling)
    _wait_for_group(api, wanted, polling)
    if not found.has_schema:
        _make(lambda: api.create_schema(wanted.schema_name, wanted.schema, wanted.domain), polling)
    schema_arn = api.place.arn("schema", wanted.schema_name)
    if found.dataset is None:
        polling.log(f"creating dataset {wanted.dataset}")
        name = wanted.schema_name.rpartition("-")[0]
        _make(lambda: api.create_dataset(wanted.group, wanted.dataset, name, schema_arn), polling)
    dataset = _wait_for_dataset(api, wanted, polling)
    # Again, because another run may have made it with another schema.
    added = _added_columns(api, wanted, dataset)
    if added:
        polling.log(f"adding columns to dataset {wanted.dataset}: {', '.join(added)}")
        dataset = _update(api, wanted, schema_arn, polling)
    return Ready(
        api.place.arn("dataset-group", wanted.group),
        dataset.arn,
        dataset.schema_arn,
        added,
        dataset.updated,
        dataset.created,
    )


def _make(make: Callable[[], object], polling: Polling) -> None:
    """Make something, also if that has to wait; that it exists is as good, since it is looked at again."""
    deadline = polling.clock() + GROUP_SECONDS
    with suppress(AlreadyExists):
        while True:
            try:
                make()
            except InUse as error:
                polling.pause("the dataset group", f"in use ({error})", deadline, 10.0)
            else:
                return


def _check_group(group: GroupState, wanted: Wanted) -> None:
    what = f"dataset group {wanted.group}"
    _check_status(what, group.status, group.failure)
    if group.domain != wanted.domain:
        raise PersonalizeAssetsError(
            f"{what} in Personalize is of the domain {group.domain}, and dataset_group.domain is {wanted.domain}; a "
            "domain is fixed once a group is made: correct dataset_group.domain, or choose another dataset_group.name"
        )


def _check_status(what: str, status: str, failure: str) -> None:
    if status == "CREATE FAILED":
        why = reason_of(failure)
        raise PersonalizeAssetsError(f"{what} is CREATE FAILED: {why}; delete it in the console, and import again")
    if status.startswith("DELETE"):
        raise PersonalizeAssetsError(f"{what} is being deleted ({status}); import again once it is gone")


def _warnings(group: GroupState | None, wanted: Wanted) -> list[str]:
    if group is None or (group.kms_key, group.role if wanted.kms_role else "") == (
        wanted.kms_key or "",
        wanted.kms_role or "",
    ):
        return []
    return [
        f"dataset group {wanted.group} has the key {group.kms_key or 'of AWS'}, and import.kms_key is "
        f"{wanted.kms_key or 'not set'}; a group keeps the key that it was made with"
    ]


def _wait_for_group(api: Personalize, wanted: Wanted, polling: Polling) -> None:
    what = f"dataset group {wanted.group}"
    deadline = polling.clock() + GROUP_SECONDS
    found = polling.until(
        what, lambda: api.group(wanted.group), lambda group: group.status if group else "CREATE PENDING", deadline
    )
    assert found is not None
    _check_group(found, wanted)


def _wait_for_dataset(api: Personalize, wanted: Wanted, polling: Polling) -> DatasetState:
    what = f"dataset {wanted.dataset} of {wanted.group}"
    deadline = polling.clock() + GROUP_SECONDS
    found = polling.until(
        what,
        lambda: api.dataset(wanted.group, wanted.dataset),
        lambda dataset: dataset.status if dataset else "CREATE PENDING",
        deadline,
    )
    assert found is not None
    _check_status(what, found.status, "")
    if not found.update or found.update in (ACTIVE, "CREATE FAILED", "UPDATE FAILED"):
        return found
    return _wait_for_update(api, wanted, polling)


def _update(api: Personalize, wanted: Wanted, schema_arn: str, polling: Polling) -> DatasetState:
    deadline = polling.clock() + UPDATE_SECONDS
    while True:
        try:
            api.update_dataset(wanted.group, wanted.dataset, schema_arn)
            break
        except InUse as error:
            polling.pause(f"dataset {wanted.dataset} of {wanted.group}", str(error), deadline, 20.0)
    dataset = _wait_for_update(api, wanted, polling, schema_arn)
    if dataset.schema_arn != schema_arn:
        why = reason_of(dataset.failure)
        raise SchemaDrift(
            f"dataset {wanted.dataset} of {wanted.group} could not be given the schema {wanted.schema_name}: {why}"
        )
    return dataset


def _wait_for_update(api: Personalize, wanted: Wanted, polling: Polling, schema_arn: str = "") -> DatasetState:
    """Wait for the last change of a dataset's schema, which is the one to ``schema_arn`` if that is given."""

    def status_of(dataset: DatasetState | None) -> str:
        if dataset is None:
            return ACTIVE
        if schema_arn not in ("", dataset.update_schema_arn, dataset.schema_arn):
            return "UPDATE PENDING"  # the answer still has the change before
        return dataset.update or ACTIVE

    found = polling.until(
        f"change of the schema of {wanted.dataset} of {wanted.group}",
        lambda: api.dataset(wanted.group, wanted.dataset),
        status_of,
        polling.clock() + UPDATE_SECONDS,
        20.0,
    )
    if found is None:
        raise PersonalizeAssetsError(f"dataset {wanted.dataset} of {wanted.group} was deleted meanwhile; import again")
    return found


def _added_columns(api: Personalize, wanted: Wanted, dataset: DatasetState) -> tuple[str, ...]:
    """The columns that the schema of a dataset lacks and can be given. Raises ``SchemaDrift`` for other differences."""
    stored = api.schema_at(dataset.schema_arn)
    if stored is None:
        raise SchemaDrift(
            f"dataset {wanted.dataset} of {wanted.group} has the schema {dataset.schema_arn}, which does not exist any "
            "more; make it again under that name, or delete the dataset in the console"
        )
    before, after = fields_of(json.loads(stored.text)), fields_of(wanted.schema)
    if before == after:
        return ()
    problems = schema_problems(wanted.dataset, before, after)
    if problems:
        raise SchemaDrift(
            f"dataset {wanted.dataset} of {wanted.group} in Personalize has the schema "
            f"{dataset.schema_arn.rpartition('/')[2]}, and the config gives another one: {'; '.join(problems)}. "
            f"{what_can_be_done(wanted.dataset)}"
        )
    known = {name for name, *_ in before}
    return tuple(name for name, *_ in after if name not in known)
