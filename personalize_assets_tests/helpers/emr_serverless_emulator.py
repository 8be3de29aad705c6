"""EMR Serverless for tests: one Spark application, whose job runs are processes; S3 is moto's, as for Glue.

The rules are those of the API's reference: a run goes SUBMITTED, SCHEDULED, RUNNING and ends as SUCCESS, FAILED or
CANCELLED; the same ``clientToken`` gives the same run; a list of runs has no arguments, and its newest run is first.
The script runs with its ``--py-files`` in a new process, whose environment has only what the driver of a job has.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from werkzeug import Request, Response

from personalize_assets_tests.helpers.glue_emulator import GlueEmulator

APPLICATION = "00f1abcd2efgh345"
ROLE = "arn:aws:iam::123456789012:role/shop"
_DRIVER = "spark.emr-serverless.driverEnv."
_ROUTE = re.compile(r"/applications/([^/]+)(/jobruns)?(?:/([^/]+))?")


class JobRun:
    """One job run. A test may set ``state``: the next poll gets it."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.id, self.params = f"00{uuid4().hex[:14]}", params
        self.state, self.details = "SUBMITTED", ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def submit(self) -> dict[str, Any]:
        """What spark-submit is given."""
        found: dict[str, Any] = self.params["jobDriver"]["sparkSubmit"]
        return found

    def options(self) -> Iterator[tuple[str, str]]:
        """The pairs of ``sparkSubmitParameters``."""
        parts = shlex.split(self.submit.get("sparkSubmitParameters", ""))
        yield from zip(parts[::2], parts[1::2], strict=True)

    def as_answer(self) -> dict[str, Any]:
        """The run as GetJobRun returns it."""
        return {
            "applicationId": APPLICATION,
            "jobRunId": self.id,
            "name": self.params.get("name"),
            "state": self.state,
            "stateDetails": self.details,
            "jobDriver": self.params["jobDriver"],
            "tags": self.params.get("tags", {}),
        }


class EmrServerlessEmulator(GlueEmulator):
    """The server.

    Attributes:
        job_runs: In the order of their start.
        emr_calls: Names of the calls that were made.
        application: What GetApplication answers.
        emr_errors: By name of a call: ``(status, code, message)`` of its next answers.
        ends_as: State and details in which runs end at once; None runs the script.
    """

    def reset(self) -> None:
        """Stop all runs and forget them, and what a test has set."""
        super().reset()
        for run in getattr(self, "job_runs", []):
            self._kill(run)
        self.job_runs: list[JobRun] = []
        self.emr_calls: list[str] = []
        self.application: dict[str, Any] = {"applicationId": APPLICATION, "type": "Spark", "state": "STARTED"}
        self.emr_errors: dict[str, list[tuple[int, str, str]]] = {}
        self.ends_as: tuple[str, str] | None = None

    def has_job_run(self, state: str, name: str, report: str) -> None:
        """Add a job run that was started before."""
        submit = {"entryPoint": "s3://events/x.py", "entryPointArguments": ["--report", report]}
        run = JobRun({"name": name, "jobDriver": {"sparkSubmit": submit}})
        run.state = state
        self.job_runs.append(run)

    def let_go(self) -> None:
        """Create the file ``go`` in each run's working folder, for jobs that wait for it."""
        for run in self.job_runs:
            (self._folder / run.id / "go").touch()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        route = _ROUTE.fullmatch(environ.get("PATH_INFO", ""))
        if route is None:
            return super()._answer(environ, start_response)
        application, runs, id = route.groups()
        action = self._actions()[(environ["REQUEST_METHOD"], bool(runs), bool(id))]
        name = action.__name__.removeprefix("_")
        self.emr_calls.append(name)
        if self.emr_errors.get(name):
            answer = _error(*self.emr_errors[name].pop(0))
        elif application != APPLICATION:
            answer = _error(404, "ResourceNotFoundException", f"Application {application} does not exist")
        else:
            request = Request(environ)
            params = json.loads(request.get_data() or b"{}") | {
                "id": id,
                "query": parse_qs(request.query_string.decode()),
            }
            found = action(params)
            answer = (
                found if isinstance(found, Response) else Response(json.dumps(found), content_type="application/json")
            )
        return answer(environ, start_response)

    def _actions(self) -> dict[tuple[str, bool, bool], Callable[[dict[str, Any]], Any]]:
        return {
            ("GET", False, False): self._GetApplication,
            ("POST", True, False): self._StartEmrJobRun,
            ("GET", True, False): self._ListJobRuns,
            ("GET", True, True): self._GetEmrJobRun,
            ("DELETE", True, True): self._CancelJobRun,
        }

    def _GetApplication(self, params: dict[str, Any]) -> Any:  # noqa: N802
        return {"application": self.application}

    def _StartEmrJobRun(self, params: dict[str, Any]) -> Any:  # noqa: N802
        if not params["executionRoleArn"].startswith("arn:aws:iam::") or not 1 <= len(params["name"]) <= 256:
            return _error(400, "ValidationException", "executionRoleArn or name is not valid")
        run = next((run for run in self.job_runs if run.params.get("clientToken") == params["clientToken"]), None)
        if run is None:
            run = JobRun(params)
            self.job_runs.append(run)
            threading.Thread(target=self._run_job, args=(run,), daemon=True).start()
        return {"applicationId": APPLICATION, "jobRunId": run.id, "arn": f"arn:aws:emr-serverless:::{run.id}"}

    def _GetEmrJobRun(self, params: dict[str, Any]) -> Any:  # noqa: N802
        return {"jobRun": self._job_run(params["id"]).as_answer()}

    def _ListJobRuns(self, params: dict[str, Any]) -> Any:  # noqa: N802
        states = params["query"].get("states", [])
        found = [run for run in reversed(self.job_runs) if not states or run.state in states]
        keys = ("applicationId", "name", "state", "stateDetails")
        return {"jobRuns": [{"id": run.id, **{key: run.as_answer()[key] for key in keys}} for run in found]}

    def _CancelJobRun(self, params: dict[str, Any]) -> Any:  # noqa: N802
        run = self._job_run(params["id"])
        run.state = "CANCELLING"
        self._kill(run)
        return {"applicationId": APPLICATION, "jobRunId": run.id}

    def _job_run(self, id: str) -> JobRun:
        return next(run for run in self.job_runs if run.id == id)

    def _run_job(self, run: JobRun) -> None:
        folder = self._folder / run.id
        folder.mkdir()
        run.state = "SCHEDULED"
        if self.ends_as:
            run.details, run.state = self.ends_as[1], self.ends_as[0]
            return
        try:
            code = self._driver(run, folder)
        except Exception as error:
            run.details, run.state = str(error), "FAILED"
            return
        if run.state == "CANCELLING":
            run.state = "CANCELLED"
        elif code == 0:
            run.state = "SUCCESS"
        else:
            run.details = "Job failed, please check complete logs in configured logging destination."
            run.state = "FAILED"

    def _driver(self, run: JobRun, folder: Path) -> int:
        options = list(run.options())
        script = self._fetch(run.submit["entryPoint"], folder)
        files = [uri for name, value in options if name == "--py-files" for uri in value.split(",")]
        settings = dict(value.split("=", 1) for name, value in options if name == "--conf")
        variables = {name.removeprefix(_DRIVER): value for name, value in settings.items() if name.startswith(_DRIVER)}
        with (folder / "log").open("wb") as log:
            run.process = subprocess.Popen(
                [sys.executable, script, *run.submit.get("entryPointArguments", [])],
                cwd=folder,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": os.pathsep.join(str(self._fetch(uri, folder)) for uri in files),
                    "PYSPARK_PYTHON": sys.executable,
                    **{name: os.environ[name] for name in ("JAVA_HOME", "HOME") if name in os.environ},
                    **{name: value for name, value in os.environ.items() if name.startswith("AWS_") and "KEY" in name},
                    **variables,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        run.state = "RUNNING" if run.state == "SCHEDULED" else run.state
        return run.process.wait()

    def _kill(self, run: Any) -> None:
        if run.process is not None and run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)


def _error(status: int, code: str, message: str) -> Response:
    headers = {"x-amzn-ErrorType": code}
    return Response(json.dumps({"message": message}), status, headers, content_type="application/json")
