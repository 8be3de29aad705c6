"""The operations: which request is done, and which is refused.

Sources: "model" is the text of the operation in botocore's model, the others are pages of the developer guide.

- Unique names, over region and account, of jobs too: inferred from the ARNs; that a second one is refused: model.
- Key and role of a dataset group only together; the group must be ACTIVE before a dataset is added: model. The code of
  the refusal is inferred: ResourceInUseException while it is being created, else InvalidInputException.
- The same domain for schema and group; one dataset of each type in a group: how-it-works-dataset-schema, datasets.
- The first import must be FULL: bulk-data-import-step. Five jobs, pending or in progress, over region and account, and
  the text: error-messages, limits. One job of a dataset at a time: inferred from the declared ResourceInUseException.
- A role must be given for an import: model. That it is refused at once: inferred.
- UpdateDataset: updating-dataset-schema; not while the dataset is used: inferred from the declared error.
- Deletion: DeleteDataset, DeleteSchema, DeleteDatasetGroup in the model.
- Data deletion jobs: delete-records, which advises against jobs that go on; that it is refused is inferred.
- Export jobs: export-data; not for actions and action interactions.
- One event tracker of a group: model. The code is inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from personalize_assets_tests.helpers.personalize_emulator import dataset_schema, jobs, s3_files
from personalize_assets_tests.helpers.personalize_emulator.account import Account
from personalize_assets_tests.helpers.personalize_emulator.api_model import ApiModel
from personalize_assets_tests.helpers.personalize_emulator.contents import Contents
from personalize_assets_tests.helpers.personalize_emulator.errors import ApiError, in_use, invalid, limit
from personalize_assets_tests.helpers.personalize_emulator.resources import KINDS, Kind, Resource

Params = Mapping[str, Any]
"""Of a request, as in the model."""

_RUNNING = "resources with PENDING or IN_PROGRESS status"


class Operations:
    """What the service can do. ``s3`` returns the client with which files are read."""

    def __init__(self, model: ApiModel, account: Account, s3: Callable[[], Any]) -> None:
        self._model = model
        self._account = account
        self._settings = account.settings
        self._s3 = s3
        self._done: dict[str, Callable[[Params], Any]] = {
            "CreateSchema": self._create_schema,
            "CreateDatasetGroup": self._create_dataset_group,
            "CreateDataset": self._create_dataset,
            "UpdateDataset": self._update_dataset,
            "CreateDatasetImportJob": self._create_import_job,
            "CreateDatasetExportJob": self._create_export_job,
            "CreateDataDeletionJob": self._create_deletion_job,
            "CreateEventTracker": self._create_event_tracker,
            "CreateSolution": self._create_solution,
            "CreateSolutionVersion": self._create_solution_version,
            "DeleteSchema": self._delete_schema,
            "DeleteDatasetGroup": self._delete_dataset_group,
            "DeleteDataset": self._delete_dataset,
            "DeleteEventTracker": lambda params: self._delete(self._given("event-tracker", params)),
            "DeleteSolution": self._delete_solution,
            "TagResource": self._tag,
            "ListTagsForResource": self._tags,
        }
        self._described = {f"Describe{kind.noun}": kind for kind in KINDS.values()}
        self._listed = {f"List{kind.noun}s": kind for kind in KINDS.values()}

    def perform(self, operation: str, params: Params) -> dict[str, Any]:
        """The answer. Raises ApiError."""
        self._model.validate(operation, params)
        self._account.now += 1
        if operation in self._described:
            return self._describe(operation, self._given(self._described[operation].name, params))
        if operation in self._listed:
            return self._list(operation, self._listed[operation], params)
        if operation not in self._done:
            raise ApiError("NotEmulatedException", f"PersonalizeEmulator does not have {operation}: add it there")
        return self._model.answer(operation, self._done[operation](params) or {})

    # -- what all kinds have ------------------------------------------------------------------------------------------

    def _given(self, kind: str, params: Params) -> Resource:
        return self._account.get(kind, params[KINDS[kind].arn_member])

    def _describe(self, operation: str, resource: Resource) -> dict[str, Any]:
        name, _ = self._model.output(operation)
        answer = self._model.answer(operation, {name: self._full(resource)})
        self._account.poll([resource])
        return answer

    def _list(self, operation: str, kind: Kind, params: Params) -> dict[str, Any]:
        name, _ = self._model.output(operation)
        page, token = self._account.page(kind, params)
        answer = self._model.answer(operation, {name: [self._full(one) for one in page], "nextToken": token})
        self._account.poll(page)
        return answer

    def _full(self, resource: Resource) -> dict[str, Any]:
        described = resource.described()
        if resource.kind.name == "solution":
            versions = self._account.of_kind("solution-version", resource.arn)
            described["latestSolutionVersion"] = versions[-1].described() if versions else None
        return described

    def _create(self, kind: str, arn: str, params: Params, **more: Any) -> Resource:
        tags = {tag["tagKey"]: tag["tagValue"] for tag in params.get("tags", ())}
        self._check_tags(tags)
        members = {name: value for name, value in params.items() if name != "tags"}
        resource = self._account.add(kind, arn, {**members, **more})
        resource.tags = tags
        return resource

    def _new_arn(self, kind: str, params: Params) -> str:
        arn = self._account.arn(kind, params[KINDS[kind].name_member])
        self._account.check_new(arn)
        return arn

    def _delete(self, resource: Resource) -> None:
        if resource.status.startswith("DELETE"):
            raise in_use(f"{resource.arn} is in the state {resource.status}.")
        resource.delete("DELETE PENDING", "DELETE IN_PROGRESS")

    def _require_active(self, resource: Resource) -> None:
        text = f"{resource.arn} is in the state {resource.status}; it must be ACTIVE."
        if resource.is_running:
            self._account.poll([resource])
            raise in_use(text)
        if not resource.is_active:
            raise invalid(text)

    def _refuse_while(self, running: list[Resource], what: str) -> None:
        """Refuse while resources are busy. Each refusal counts as a look at them, for clients that only try again."""
        if running:
            names = ", ".join(one.arn for one in running)
            self._account.poll(running)
            raise in_use(f"{what} is in use by {names}.")

    def _running(self, dataset: str) -> list[Resource]:
        """What uses a dataset at the moment."""
        used = [job for job in self._account.jobs(dataset) if job.is_running]
        update = self._account.get("dataset", dataset).update
        return [*used, *([update] if update is not None and update.is_running else [])]

    # -- schemas, groups, datasets ------------------------------------------------------------------------------------

    def _create_schema(self, params: Params) -> dict[str, Any]:
        arn = self._new_arn("schema", params)
        schema = dataset_schema.parse(params["schema"], params.get("domain", ""))
        self._check_count("schema", self._settings.max_schemas)
        self._account.schemas[arn] = schema
        return self._create("schema", arn, params).described()

    def _create_dataset_group(self, params: Params) -> dict[str, Any]:
        arn = self._new_arn("dataset-group", params)
        if ("roleArn" in params) != ("kmsKeyArn" in params):
            raise invalid("roleArn and kmsKeyArn must be specified together.")
        self._check_count("dataset-group", self._settings.max_dataset_groups)
        return self._create("dataset-group", arn, params).described()

    def _check_count(self, kind: str, most: int) -> None:
        if len(self._account.of_kind(kind)) >= most:
            raise limit(f"More than {most} resources in ACTIVE state. Please delete some and try again.")

    def _create_dataset(self, params: Params) -> dict[str, Any]:
        group = self._given("dataset-group", params)
        schema_arn = self._given("schema", params).arn
        schema = self._account.schemas[schema_arn]
        dataset_type = params["datasetType"].upper()
        if dataset_type not in dataset_schema.RECORD_NAMES.values():
            raise invalid(f"Dataset type {params['datasetType']} is not supported.")
        arn = self._account.arn("dataset", group.name, dataset_type)
        self._account.check_new(arn)
        if schema.domain != group.members.get("domain", ""):
            raise invalid("The domain of the schema is not the domain of the dataset group.")
        if schema.dataset_type != dataset_type:
            raise invalid(f"The schema is one of {schema.dataset_type}, not of {dataset_type}.")
        self._require_active(group)
        more = {"trackingId": _digest(arn)} if dataset_type == "ACTION_INTERACTIONS" else {}
        dataset = self._create("dataset", arn, params, datasetType=dataset_type, **more)
        self._account.contents[arn] = Contents(dataset_type, schema.columns)
        return dataset.described()

    def _update_dataset(self, params: Params) -> dict[str, Any]:
        dataset = self._given("dataset", params)
        schema_arn = self._given("schema", params).arn
        if dataset.members["datasetType"] not in dataset_schema.UPDATABLE:
            raise invalid("The schema of Items and Users datasets only can be replaced.")
        before, after = self._account.schemas[dataset.members["schemaArn"]], self._account.schemas[schema_arn]
        if (before.dataset_type, before.domain) != (after.dataset_type, after.domain):
            raise invalid("The schema is for another dataset type or domain.")
        self._require_active(dataset)
        self._refuse_while(self._running(dataset.arn), dataset.arn)
        problems = "; ".join(dataset_schema.replacement_problems(before, after))
        if problems and not self._settings.refuses_updates_late:
            raise invalid(f"The schema cannot be replaced: {problems}.")
        update = self._account.add("dataset-update", dataset.arn, {"schemaArn": schema_arn})
        if problems and update.planned_failure is None:
            update.planned_failure = f"The schema cannot be replaced: {problems}."

        def replace() -> None:
            dataset.members["schemaArn"] = schema_arn
            dataset.updated = self._account.now
            self._account.contents[dataset.arn].become(after.columns)

        update.at_end = replace
        dataset.update = update
        return {"datasetArn": dataset.arn}

    def _delete_schema(self, params: Params) -> None:
        schema = self._given("schema", params)
        users = [
            dataset
            for dataset in self._account.of_kind("dataset")
            if schema.arn in (dataset.members["schemaArn"], dataset.update and dataset.update.members["schemaArn"])
        ]
        self._refuse_while(users, schema.arn)
        self._account.remove(schema.arn)

    def _delete_dataset(self, params: Params) -> None:
        dataset = self._given("dataset", params)
        self._refuse_while(self._running(dataset.arn), dataset.arn)
        solutions = self._account.of_kind("solution", dataset.members["datasetGroupArn"])
        versions = [one for solution in solutions for one in self._account.of_kind("solution-version", solution.arn)]
        self._refuse_while([version for version in versions if version.is_running], dataset.arn)
        self._delete(dataset)

    def _delete_dataset_group(self, params: Params) -> None:
        group = self._given("dataset-group", params)
        kinds = ("dataset", "event-tracker", "solution", "recommender")
        self._refuse_while([one for kind in kinds for one in self._account.of_kind(kind, group.arn)], group.arn)
        if group.status.startswith("DELETE"):
            raise in_use(f"{group.arn} is in the state {group.status}.")
        group.delete("DELETE PENDING")

    # -- jobs ---------------------------------------------------------------------------------------------------------

    def _create_import_job(self, params: Params) -> dict[str, Any]:
        dataset = self._given("dataset", params)
        arn = self._new_arn("dataset-import-job", params)
        if "roleArn" not in params:
            raise invalid("roleArn must be specified.")
        self._require_active(dataset)
        self._refuse_while(self._running(dataset.arn), dataset.arn)
        mode = params.get("importMode", "FULL")
        if mode == "INCREMENTAL" and not self._account.contents[dataset.arn].is_imported:
            raise invalid("The first import of a dataset must have the import mode FULL.")
        running = [job for job in self._account.of_kind("dataset-import-job") if job.is_running]
        if len(running) >= self._settings.max_running_import_jobs:
            self._account.poll(running)
            raise limit(f"More than {self._settings.max_running_import_jobs} {_RUNNING}.")
        self._check_location(params["dataSource"].get("dataLocation", ""))
        publishes = params.get("publishAttributionMetricsToS3", False)
        job = self._create("dataset-import-job", arn, params, importMode=mode, publishAttributionMetricsToS3=publishes)
        job.at_end = lambda: jobs.end_import(self._account, self._s3(), job)
        return job.described()

    def _check_location(self, uri: str, *, recursive: bool = False) -> None:
        place = s3_files.location(uri)
        if place is None or not s3_files.listed(self._s3(), place, recursive=recursive):
            raise invalid("Invalid Data location.")

    def _create_export_job(self, params: Params) -> dict[str, Any]:
        dataset = self._given("dataset", params)
        arn = self._new_arn("dataset-export-job", params)
        if dataset.members["datasetType"] in ("ACTIONS", "ACTION_INTERACTIONS"):
            raise invalid("Actions and Action interactions datasets cannot be exported.")
        if s3_files.location(params["jobOutput"]["s3DataDestination"]["path"].removesuffix("/") + "/") is None:
            raise invalid("Invalid S3 output path")
        self._require_active(dataset)
        self._refuse_while(self._running(dataset.arn), dataset.arn)
        mode = params.get("ingestionMode", "PUT")
        job = self._create("dataset-export-job", arn, params, ingestionMode=mode)
        job.at_end = lambda: jobs.end_export(self._account, self._s3(), job)
        return job.described()

    def _create_deletion_job(self, params: Params) -> dict[str, Any]:
        group = self._given("dataset-group", params)
        arn = self._new_arn("data-deletion-job", params)
        datasets = self._account.of_kind("dataset", group.arn)
        imports = [job for one in datasets for job in self._account.of_kind("dataset-import-job", one.arn)]
        self._refuse_while([job for job in imports if job.is_running], group.arn)
        others = self._account.of_kind("data-deletion-job", group.arn)
        pending = [job for job in others if job.status == "PENDING"]
        most = self._settings.max_pending_deletion_jobs
        if len(pending) >= most:
            self._account.poll(pending)
            raise limit(f"More than {most} resources with PENDING status.")
        self._check_location(params["dataSource"].get("dataLocation", ""), recursive=True)
        job = self._create("data-deletion-job", arn, params)
        job.at_end = lambda: jobs.end_deletion(self._account, self._s3(), job)
        return job.described()

    # -- what uses datasets -------------------------------------------------------------------------------------------

    def _create_event_tracker(self, params: Params) -> dict[str, Any]:
        group = self._given("dataset-group", params)
        arn = self._account.arn("event-tracker", _digest(group.arn + params["name"])[:8])
        self._account.check_new(arn)
        others = self._account.of_kind("event-tracker", group.arn)
        if others:
            self._account.check_new(others[0].arn)
        self._require_active(group)
        settings = self._settings
        more = {"trackingId": _digest(arn), "accountId": settings.account}
        return self._create("event-tracker", arn, params, **more).described()

    def _create_solution(self, params: Params) -> dict[str, Any]:
        group = self._given("dataset-group", params)
        arn = self._new_arn("solution", params)
        self._require_active(group)
        return self._create("solution", arn, {"performAutoTraining": True, **params}).described()

    def _create_solution_version(self, params: Params) -> dict[str, Any]:
        solution = self._given("solution", params)
        number = len(self._account.of_kind("solution-version", solution.arn))
        arn = f"{solution.arn}/{_digest(params.get('name', str(number)))[:8]}"
        self._account.check_new(arn)
        self._require_active(solution)
        kept = ("recipeArn", "datasetGroupArn", "solutionConfig", "eventType")
        more = {name: solution.members[name] for name in kept if name in solution.members}
        mode = params.get("trainingMode", "FULL")
        more |= {"trainingMode": mode, "trainingType": "MANUAL"}
        return self._create("solution-version", arn, params, **more).described()

    def _delete_solution(self, params: Params) -> None:
        solution = self._given("solution", params)
        versions = self._account.of_kind("solution-version", solution.arn)
        self._refuse_while([version for version in versions if version.is_running], solution.arn)
        self._delete(solution)

    # -- tags ---------------------------------------------------------------------------------------------------------

    def _check_tags(self, tags: Mapping[str, str]) -> None:
        if len(tags) > self._settings.max_tags:
            raise ApiError("TooManyTagsException", f"A resource can have at most {self._settings.max_tags} tags.")

    def _tagged(self, params: Params) -> Resource:
        resource = self._account.resources.get(params["resourceArn"])
        return resource or self._account.get("resource", params["resourceArn"])

    def _tag(self, params: Params) -> None:
        resource = self._tagged(params)
        tags = {**resource.tags, **{tag["tagKey"]: tag["tagValue"] for tag in params["tags"]}}
        self._check_tags(tags)
        resource.tags = tags

    def _tags(self, params: Params) -> dict[str, Any]:
        tags = self._tagged(params).tags
        return {"tags": [{"tagKey": key, "tagValue": value} for key, value in tags.items()]}


def _digest(text: str) -> str:
    """A text in place of what the service chooses by chance."""
    return sha256(text.encode()).hexdigest()[:32]
