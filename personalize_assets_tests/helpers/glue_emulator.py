"""AWS Glue for tests: moto's HTTP server, and in front of it the calls that moto does not have.

moto answers for S3, for the Glue job's definition and for CloudWatch's logs. A run starts as on Glue: its script and
zip are read from S3 and run in a new process, in a virtual environment that has only Glue's own packages and the
modules of ``--additional-python-modules``.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug import Request, Response
from werkzeug.serving import make_server

from personalize_assets.deploy.template import Template
from personalize_assets.engines.glue.bundle import library, script, template

# What Glue has installed, of what a job here may import (Glue guide, "Using Python libraries"), by the import's name.
_PREINSTALLED = (
    "pyspark", "py4j", "pyarrow", "pandas", "numpy", "numpy.libs", "pytz", "tzdata", "six.py", "dateutil",
    "boto3", "botocore", "s3transfer", "jmespath", "urllib3",
)  # fmt: skip
_ADDITIONAL_MODULES = Template.of(template()).defaults["AdditionalPythonModules"]
_MODULES = {
    "backports.zstd": "backports",
    "cramjam": "cramjam",
    "dagster-pipes": "dagster_pipes",
    "fastavro": "fastavro",
    "isal": "isal",
    "lz4": "lz4",
    "msgspec": "msgspec",
    "obstore": "obstore",
}
_GOING = ("STARTING", "RUNNING", "STOPPING", "WAITING")
_GROUP = "/aws-glue/jobs"
_JSON = "application/x-amz-json-1.1"


class Run:
    """One run of a job. A test may set ``state``: the next poll gets it."""

    def __init__(self, job: dict[str, Any], params: dict[str, Any]) -> None:
        self.id = f"jr_{uuid4().hex}"
        self.job = job
        self.own = params.get("Arguments", {})
        self.arguments = {**job.get("DefaultArguments", {}), **self.own}
        self.params = params
        self.state = "STARTING"
        self.message = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.is_stopped = False

    def as_answer(self) -> dict[str, Any]:
        """The run as GetJobRun returns it."""
        return {
            "Id": self.id,
            "JobName": self.job["Name"],
            "JobRunState": self.state,
            "Arguments": self.own,
            "LogGroupName": _GROUP,
            "GlueVersion": self.job.get("GlueVersion"),
            **({"ErrorMessage": self.message} if self.message else {}),
        }


class GlueEmulator:
    """The server.

    Attributes:
        calls: Names of the calls that were made, except those of S3.
        errors: By name of a call: ``(code, message)`` of its next answers.
        refuse: Requests of S3 with this text in their path are denied.
        outcome: State and message in which runs end at once; None runs the script.
        on_running: Called when a run's script has started.
        crawls_left: Polls after which a crawler is ready.
    """

    def __init__(self, folder: Path) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, True, request_handler=MotoRequestHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._folder = folder
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._environment: Path | None = None
        self.runs: list[Run] = []
        self._clients: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        """Stop all runs and forget them, and what a test has set."""
        for run in self.runs:
            self._kill(run)
        self.runs = []
        self.calls: list[str] = []
        self.errors: dict[str, list[tuple[str, str]]] = {}
        self.refuse = ""
        self.outcome: tuple[str, str] | None = None
        self.on_running: Callable[[Run], None] = lambda run: None
        self.crawls_left = 0

    def create_job(self, bucket: str, glue_version: str) -> None:
        """Put script and zip into the bucket, and create the job `personalize-assets`."""
        for artifact in (script(), library()):
            self._client("s3").put_object(Bucket=bucket, Key=f"code/{artifact.name}", Body=artifact.content)
        self._client("glue").create_job(
            Name="personalize-assets",
            Role="job-role",
            Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/code/{script().name}", "PythonVersion": "3"},
            GlueVersion=glue_version,
            WorkerType="G.1X",
            NumberOfWorkers=2,
            ExecutionProperty={"MaxConcurrentRuns": 1},
            DefaultArguments={
                "--extra-py-files": f"s3://{bucket}/code/{library().name}",
                "--additional-python-modules": _ADDITIONAL_MODULES,
            },
        )

    def delete_job(self) -> None:
        """Delete the job."""
        self._client("glue").delete_job(JobName="personalize-assets")

    def has_run(self, state: str, arguments: dict[str, str]) -> None:
        """Add a run that was started before."""
        job = self._client("glue").get_job(JobName="personalize-assets")["Job"]
        run = Run(job, {"Arguments": arguments})
        run.state = state
        self.runs.append(run)

    def let_go(self) -> None:
        """Create the file ``go`` in each run's working folder, for jobs that wait for it."""
        for run in self.runs:
            (self._folder / run.id / "go").touch()

    def forget(self, module: str) -> None:
        """Remove a module from the environment, as if it had never been named."""
        for path in (self._modules("") / "lib").glob(f"python*/site-packages/{module}"):
            path.unlink()

    def stop(self) -> None:
        """End the server."""
        self.reset()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until a condition holds; fail with the runs' states if it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, [run.as_answer() for run in self.runs]
            time.sleep(0.02)

    # -- HTTP -------------------------------------------------------------------------------------------------------

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
        if self.refuse and not service and self.refuse in environ.get("PATH_INFO", ""):
            body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            return Response(body, 403, content_type="application/xml")(environ, start_response)
        mine = getattr(self, f"_{action}", None) if service == "AWSGlue" else None
        if service:
            self.calls.append(action)
        if self.errors.get(action):
            code, message = self.errors[action].pop(0)
            status = 500 if code == "InternalServiceException" else 400
            text = json.dumps({"__type": code, "message": message})
            return Response(text, status, content_type=_JSON)(environ, start_response)
        if mine is None:
            return self._moto(environ, start_response)
        answer = mine(json.loads(Request(environ).get_data()))
        if isinstance(answer, Response):
            return answer(environ, start_response)
        return Response(json.dumps(answer), content_type=_JSON)(environ, start_response)

    # -- Glue's actions that moto does not have in this form ----------------------------------------------------------

    def _StartJobRun(self, params: dict[str, Any]) -> Any:  # noqa: N802
        job = self._client("glue").get_job(JobName=params["JobName"])["Job"]
        going = [run for run in self.runs if run.job["Name"] == job["Name"] and run.state in _GOING]
        if len(going) >= (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1):
            text = json.dumps({"__type": "ConcurrentRunsExceededException", "message": "Concurrent runs exceeded"})
            return Response(text, 400, content_type=_JSON)
        run = Run(job, params)
        self.runs.append(run)
        threading.Thread(target=self._run, args=(run,), daemon=True).start()
        return {"JobRunId": run.id}

    def _GetJobRun(self, params: dict[str, Any]) -> Any:  # noqa: N802
        return {"JobRun": self._by_id(params["RunId"]).as_answer()}

    def _GetJobRuns(self, params: dict[str, Any]) -> Any:  # noqa: N802
        found = [run for run in reversed(self.runs) if run.job["Name"] == params["JobName"]]
        return {"JobRuns": [run.as_answer() for run in found[: params.get("MaxResults", 200)]]}

    def _BatchStopJobRun(self, params: dict[str, Any]) -> Any:  # noqa: N802
        for id in params["JobRunIds"]:
            run = self._by_id(id)
            run.is_stopped, run.state = True, "STOPPING"
            self._kill(run)
        done = [{"JobName": params["JobName"], "JobRunId": id} for id in params["JobRunIds"]]
        return {"SuccessfulSubmissions": done, "Errors": []}

    def _GetCrawler(self, params: dict[str, Any]) -> Any:  # noqa: N802
        self.crawls_left -= 1
        state = "RUNNING" if self.crawls_left > 0 else "READY"
        status, message = self.outcome or ("SUCCEEDED", "")
        last = {"Status": status, "ErrorMessage": message}
        return {"Crawler": {"Name": params["Name"], "State": state, "LastCrawl": last}}

    def _by_id(self, id: str) -> Run:
        return next(run for run in self.runs if run.id == id)

    # -- a run --------------------------------------------------------------------------------------------------------

    def _run(self, run: Run) -> None:
        try:
            self._execute(run)
        except Exception as error:
            run.message = f"LAUNCH ERROR | {error}"
            run.state = "FAILED"

    def _execute(self, run: Run) -> None:
        folder = self._folder / run.id
        folder.mkdir()
        script = self._fetch(run.job["Command"]["ScriptLocation"], folder)
        libraries = [self._fetch(uri, folder) for uri in run.arguments.get("--extra-py-files", "").split(",") if uri]
        environment = self._modules(run.arguments.get("--additional-python-modules", ""))
        if self.outcome:
            run.message, run.state = self.outcome[1], self.outcome[0]
            return
        with (folder / "stderr").open("wb") as errors:
            run.process = self._start(run, environment, script, libraries, errors)
        run.state = "RUNNING" if not run.is_stopped else run.state
        self.on_running(run)
        code = run.process.wait()
        lines = (folder / "stderr").read_text(errors="replace").splitlines()
        self._log(run, lines)
        if run.is_stopped:
            run.state = "STOPPED"
        elif code == 0:
            run.state = "SUCCEEDED"
        else:
            run.message = next((line for line in reversed(lines) if line.strip()), f"exit code {code}")
            run.state = "FAILED"

    def _start(
        self, run: Run, environment: Path, script: Path, libraries: list[Path], errors: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        arguments = [part for name, value in run.arguments.items() for part in (name, str(value))]
        return subprocess.Popen(
            [environment / "bin" / "python", script, "--JOB_NAME", run.job["Name"], *arguments],
            cwd=script.parent,
            env={
                "PATH": os.environ["PATH"],
                "PYSPARK_PYTHON": str(environment / "bin" / "python"),
                "PYTHONPATH": os.pathsep.join(map(str, libraries)),
                **{name: os.environ[name] for name in ("JAVA_HOME", "HOME") if name in os.environ},
                **{name: value for name, value in os.environ.items() if name.startswith("AWS_") and "KEY" in name},
            },
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )

    def _fetch(self, uri: str, folder: Path) -> Path:
        place = urlsplit(uri)
        file = folder / Path(place.path).name
        try:
            self._client("s3").download_file(place.netloc, place.path.lstrip("/"), str(file))
        except Exception as error:
            raise FileNotFoundError(f"File does not exist: {uri}") from error
        return file

    def environment(self) -> Path:
        """The virtual environment of a job with the modules that the template names."""
        return self._modules(_ADDITIONAL_MODULES or "")

    def _modules(self, named: str) -> Path:
        """The virtual environment, with these modules added; fails if another version of one is installed here."""
        if self._environment is None:
            self._environment = self._folder / "venv"
            venv.create(self._environment, with_pip=False, symlinks=True)
            for name in _PREINSTALLED:
                self._install(name)
        for module in filter(None, named.split(",")):
            name, _, version = module.partition("==")
            if importlib.metadata.version(name) != version:
                raise ValueError(f"Could not find a version that satisfies the requirement {module}")
            self._install(_MODULES[name])
        return self._environment

    def _install(self, name: str) -> None:
        (here,) = (path for path in map(Path, sys.path) if path.name == "site-packages")
        assert self._environment is not None
        (there,) = self._environment.glob("lib/python*/site-packages")
        if (here / name).exists() and not (there / name).exists():
            (there / name).symlink_to(here / name)

    def _log(self, run: Run, lines: list[str]) -> None:
        if not lines:
            return
        logs = self._client("logs")
        where = {"logGroupName": f"{_GROUP}/error", "logStreamName": run.id}
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=where["logGroupName"])
        logs.create_log_stream(**where)
        now = int(time.time() * 1000)
        logs.put_log_events(**where, logEvents=[{"timestamp": now, "message": line or " "} for line in lines])

    def _kill(self, run: Run) -> None:
        if run.process is not None and run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            session: Any = boto3.session.Session()
            self._clients[service] = session.client(service, endpoint_url=self.url, region_name="eu-central-1")
        return self._clients[service]
