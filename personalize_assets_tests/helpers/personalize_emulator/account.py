"""All resources of an account in a region, their names, their clock, and lists of them in pages."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from personalize_assets_tests.helpers.personalize_emulator.contents import Contents
from personalize_assets_tests.helpers.personalize_emulator.dataset_schema import DatasetSchema
from personalize_assets_tests.helpers.personalize_emulator.errors import ApiError, exists, not_found
from personalize_assets_tests.helpers.personalize_emulator.resources import GONE, KINDS, Course, Kind, Resource
from personalize_assets_tests.helpers.personalize_emulator.settings import Settings

START = 1_790_812_800.0  # 2026-10-01T00:00:00Z


class Account:
    """The resources.

    Attributes:
        resources: By ARN, oldest first.
        schemas: What the text of a schema says, by its ARN.
        contents: What a dataset holds, by its ARN.
        courses: By name of a kind: what becomes of the next ones.
        now: Seconds since the epoch. Each call takes one; ``advance`` adds more.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.resources: dict[str, Resource] = {}
        self.schemas: dict[str, DatasetSchema] = {}
        self.contents: dict[str, Contents] = {}
        self.courses: dict[str, deque[Course]] = {}
        self.now = START

    # -- names --------------------------------------------------------------------------------------------------------

    def arn(self, kind: str, *names: str) -> str:
        settings = self.settings
        place = f"arn:{settings.partition}:personalize:{settings.region}:{settings.account}"
        return f"{place}:{'/'.join((kind, *names))}"

    def get(self, kind: str, arn: str) -> Resource:
        """Raises ResourceNotFoundException."""
        found = self.resources.get(arn)
        if found is None or found.kind.name != kind:
            raise not_found(kind.replace("-", " "), arn)
        return found

    def of_kind(self, kind: str, parent: str = "") -> list[Resource]:
        """Oldest first; with ``parent`` only those that belong to it."""
        found = [one for one in self.resources.values() if one.kind.name == kind]
        return [one for one in found if not parent or one.members.get(one.kind.parent) == parent]

    # -- creation and states ------------------------------------------------------------------------------------------

    def check_new(self, arn: str) -> None:
        """Raises ResourceAlreadyExistsException."""
        if arn in self.resources:
            raise exists(arn)

    def add(self, kind: str, arn: str, members: Mapping[str, Any]) -> Resource:
        """A new resource in its first state, with the next course that is planned for its kind."""
        resource = Resource(KINDS[kind], arn, dict(members), self.now, self.now)
        courses = self.courses.get(kind)
        resource.start(courses.popleft() if courses else Course())
        if kind != "dataset-update":
            self.resources[arn] = resource
        return resource

    def poll(self, resources: Iterable[Resource]) -> None:
        """Count a look at resources, which may move them on."""
        for resource in resources:
            for one in (resource, resource.update):
                if one is None or not self.settings.polls_per_state:
                    continue
                one.polls += 1
                if one.polls >= self.settings.polls_per_state:
                    one.step(self.now)
        self._remove_gone()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        for resource in list(self.resources.values()):
            for one in (resource, resource.update):
                while one is not None and one.ahead and self.now - one.stepped >= self.settings.seconds_per_state:
                    one.step(one.stepped + self.settings.seconds_per_state)
        self._remove_gone()

    def _remove_gone(self) -> None:
        for arn, resource in list(self.resources.items()):
            if resource.kind.states and resource.status == GONE:
                self.remove(arn)

    def remove(self, arn: str) -> None:
        """Forget a resource and what belongs to it alone."""
        removed = self.resources.pop(arn)
        self.schemas.pop(arn, None)
        self.contents.pop(arn, None)
        if removed.kind.name == "dataset" and not self.settings.keeps_jobs_of_deleted_datasets:
            for job in self.jobs(arn):
                del self.resources[job.arn]
        for version in self.of_kind("solution-version", arn):
            del self.resources[version.arn]

    def jobs(self, dataset: str) -> list[Resource]:
        """Import and export jobs of a dataset."""
        return [*self.of_kind("dataset-import-job", dataset), *self.of_kind("dataset-export-job", dataset)]

    # -- lists --------------------------------------------------------------------------------------------------------

    def page(self, kind: Kind, params: Mapping[str, Any]) -> tuple[list[Resource], str | None]:
        """The things of a page, and the token of the next one. Raises InvalidNextTokenException."""
        parent = params.get(kind.parent, "") if kind.parent else ""
        ordered = sorted(((_place(one), one) for one in self.of_kind(kind.name, parent)), key=lambda pair: pair[0])
        if "nextToken" in params:
            after = _from_token(params["nextToken"], kind.name, parent)
            ordered = [pair for pair in ordered if pair[0] > after]
        size = min(params.get("maxResults", self.settings.page_size), self.settings.page_size)
        page, rest = ordered[:size], ordered[size:]
        return [one for _, one in page], _to_token(kind.name, parent, page[-1][0]) if rest else None


def _place(resource: Resource) -> str:
    """A text that orders a list: the newest first, or by a digest, where no order is documented."""
    digest = sha256(resource.arn.encode()).hexdigest()
    return f"{10**16 - round(resource.created * 1000):016}{digest}" if resource.kind.is_ordered else digest


def _to_token(kind: str, parent: str, place: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([kind, parent, place]).encode()).decode()


def _from_token(token: str, kind: str, parent: str) -> str:
    try:
        of_kind, of_parent, place = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        of_kind, of_parent, place = "", "", ""
    if (of_kind, of_parent) != (kind, parent):
        raise ApiError("InvalidNextTokenException", "The token is not valid.")
    return str(place)
