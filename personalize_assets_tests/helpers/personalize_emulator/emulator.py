"""The emulator: the server, the account behind it, and what tests set and read."""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import boto3

from personalize_assets_tests.helpers.personalize_emulator.account import Account
from personalize_assets_tests.helpers.personalize_emulator.api_model import ApiModel
from personalize_assets_tests.helpers.personalize_emulator.csv_records import Row
from personalize_assets_tests.helpers.personalize_emulator.errors import ApiError
from personalize_assets_tests.helpers.personalize_emulator.faults import Call, FaultPlan
from personalize_assets_tests.helpers.personalize_emulator.operations import Operations
from personalize_assets_tests.helpers.personalize_emulator.resources import Course, Resource
from personalize_assets_tests.helpers.personalize_emulator.server import Answer, Server
from personalize_assets_tests.helpers.personalize_emulator.settings import Settings


class PersonalizeEmulator:
    """Amazon Personalize on a local port; a context manager. For several threads and clients.

    Attributes:
        endpoint: URL of the server, for ``endpoint_url`` or ``AWS_ENDPOINT_URL_PERSONALIZE``.
        faults: Which calls fail.
        calls: Those that arrived, oldest first, refused ones included.
        before_call: Called before a call is done, without a lock; what it raises closes the connection, and the call is
            not done.
        after_call: Called after a call was done, before it is answered; what it raises closes the connection.
        account: All resources.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        s3_endpoint: str | None = None,
        s3_credentials: tuple[str, str] = ("testing", "testing"),
        port: int = 0,
    ) -> None:
        """Start to serve. Without ``s3_endpoint``, S3 is that of boto3's environment when files are first read."""
        self._s3_endpoint = s3_endpoint
        self._s3_credentials = s3_credentials
        self._lock = threading.RLock()
        self._model = ApiModel()
        self.reset(settings)
        self._server = Server(self._answer, lambda: self.settings.region, port)
        self.endpoint = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; the state can still be read."""
        self._server.stop()

    def reset(self, settings: Settings | None = None) -> None:
        """Forget all resources, calls, plans and hooks, and begin with new settings."""
        with self._lock:
            self._s3_client: Any = None
            self.account = Account(settings or Settings())
            self._operations = Operations(self._model, self.account, self._s3)
            self.faults = FaultPlan()
            self.calls: list[Call] = []
            self.before_call: Callable[[Call], None] = lambda call: None
            self.after_call: Callable[[Call], None] = lambda call: None

    @property
    def settings(self) -> Settings:
        """Limits and behaviour: its attributes may be set at any time."""
        return self.account.settings

    def client(self, **settings: Any) -> Any:
        """A boto3 client of this server."""
        return boto3.client(
            "personalize",
            endpoint_url=self.endpoint,
            region_name=self.settings.region,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            **settings,
        )

    # -- what tests read ----------------------------------------------------------------------------------------------

    def rows(self, dataset: str, group: str = "") -> list[Row]:
        """The sorted rows of a dataset, as ``interactions`` or ``items``; of an id the newest. A null is an empty text.

        ``group`` is the name of its dataset group; it is needed if several have such a dataset.
        """
        with self._lock:
            return self.account.contents[self.dataset(dataset, group).arn].newest()

    def columns(self, dataset: str, group: str = "") -> tuple[str, ...]:
        """The columns of ``rows``."""
        with self._lock:
            return self.account.contents[self.dataset(dataset, group).arn].columns

    def dataset(self, dataset: str, group: str = "") -> Resource:
        """The dataset of a type. Raises ValueError unless there is exactly one."""
        with self._lock:
            found = [
                one
                for one in self.account.of_kind("dataset")
                if one.members["datasetType"] == dataset.upper()
                and group in ("", one.members["datasetGroupArn"].rpartition("/")[2])
            ]
        if len(found) != 1:
            raise ValueError(f"{len(found)} datasets of type {dataset!r} in group {group or '(any)'!r}, not 1")
        return found[0]

    def jobs(self, dataset: str = "", group: str = "", kind: str = "dataset-import-job") -> list[Resource]:
        """Jobs of a dataset, or of all, oldest first."""
        with self._lock:
            return self.account.of_kind(kind, self.dataset(dataset, group).arn if dataset else "")

    def operations(self) -> list[str]:
        """The names of the calls that arrived."""
        with self._lock:
            return [call.operation for call in self.calls]

    # -- what tests do ------------------------------------------------------------------------------------------------

    def plan(self, kind: str, *courses: Course) -> None:
        """What becomes of the next resources of a kind, as ``dataset-import-job`` or ``dataset-update``."""
        with self._lock:
            self.account.courses.setdefault(kind, deque()).extend(courses)

    def advance(self, seconds: float) -> None:
        """Let time pass: each ``seconds_per_state`` brings things to their next state."""
        with self._lock:
            self.account.advance(seconds)

    def add_foreign_import_jobs(self, number: int) -> list[Resource]:
        """Import jobs of other groups, which take up slots and end as usual."""
        with self._lock:
            arn, first = self.account.arn, len(self.account.of_kind("dataset-import-job"))
            return [
                self.account.add(
                    "dataset-import-job",
                    arn("dataset-import-job", f"foreign-{one}"),
                    {
                        "jobName": f"foreign-{one}",
                        "datasetArn": arn("dataset", f"foreign-{one}", "INTERACTIONS"),
                        "importMode": "FULL",
                    },
                )
                for one in range(first, first + number)
            ]

    def add_recommender(self, name: str, group: str, created: float | None = None) -> Resource:
        """A recommender of a dataset group, which only lists and descriptions know."""
        with self._lock:
            arn = self.account.arn
            members = {"name": name, "datasetGroupArn": arn("dataset-group", group), "recipeArn": _RECIPE}
            recommender = self.account.add("recommender", arn("recommender", name), members)
            recommender.created = self.account.now if created is None else created
            return recommender

    # -- a call -------------------------------------------------------------------------------------------------------

    def _answer(self, operation: str, params: dict[str, Any]) -> Answer:
        with self._lock:
            call = Call(len(self.calls) + 1, operation, params)
            self.calls.append(call)
            fault = self.faults.of(call)
            before_call, after_call = self.before_call, self.after_call
        is_done = fault is None or fault.is_performed
        if not _is_allowed(before_call, call) or (fault is not None and not fault.code and not is_done):
            call.outcome = "cut"
            return None
        answer: Answer = None
        refusal: ApiError | None = None
        try:
            answer = self._perform(call) if is_done else None
        except ApiError as error:
            refusal = error
        if fault is not None:
            answer, refusal = None, ApiError(fault.code, fault.message, fault.status) if fault.code else None
        if not _is_allowed(after_call, call):
            answer, refusal = None, None
        call.outcome = refusal.code if refusal else "lost" if answer is None else "done"
        if refusal is not None:
            raise refusal
        return answer

    def _perform(self, call: Call) -> dict[str, Any]:
        try:
            with self._lock:
                return self._operations.perform(call.operation, call.params)
        except ApiError:
            raise
        except Exception as error:
            raise ApiError("EmulatorError", traceback.format_exc()) from error

    def _s3(self) -> Any:
        if self._s3_client is None:
            given: dict[str, Any] = {}
            if self._s3_endpoint is not None:
                key, secret = self._s3_credentials
                given = {
                    "endpoint_url": self._s3_endpoint,
                    "aws_access_key_id": key,
                    "aws_secret_access_key": secret,
                }
            self._s3_client = boto3.client("s3", region_name=self.settings.region, **given)
        return self._s3_client


_RECIPE = "arn:aws:personalize:::recipe/aws-ecomm-recommended-for-you"


def _is_allowed(hook: Callable[[Call], None], call: Call) -> bool:
    try:
        hook(call)
    except Exception:
        return False
    return True
