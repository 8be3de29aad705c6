"""The script of the jobs on Glue and on EMR Serverless: a few lines around ``personalize_assets.conversion.job``.

Glue passes arguments as ``--name value``; the job's own are ``--spec``, ``--report``, ``--cores``, ``--s3_region`` and
``--s3_endpoint``. By hand it runs wherever the package and Spark are installed:
``python glue/convert.py --spec file.json``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, redirect_stderr, redirect_stdout
from typing import Any, TextIO

if sys.version_info < (3, 11):  # noqa: UP036 - an older Glue has an older Python, on which the imports below fail
    sys.exit(
        f"personalize_assets needs Python 3.11 or newer, but this is {sys.version.split()[0]}: "
        "set the job's Glue version to 5.1 or 6.0, or emr_serverless.environment"
    )

from personalize_assets.conversion import job

SERVICE = "emr-serverless" if "DAGSTER_PIPES_CONTEXT" in os.environ else "glue"
"""Where the job runs, for its lines in Dagster's log."""


def option(name: str) -> str | None:
    """The value of an argument; None without it."""
    return dict(zip(sys.argv[1:], sys.argv[2:])).get(name)  # noqa: B905 - pairs of neighbours


def pipes() -> AbstractContextManager[Any]:
    """A context manager: Dagster Pipes' context if Dagster started this process, else None.

    Pipes sends the driver's output, its traceback and the report. Without it the report is only in its file.
    """
    try:
        import dagster_pipes
    except ImportError:
        return nullcontext()
    # Glue passes Dagster's parameters as arguments, EMR Serverless as variables of the driver.
    pipes_of: Any = dagster_pipes
    loaders = (pipes_of.PipesCliArgsParamsLoader(), pipes_of.PipesEnvVarParamsLoader())
    params = next((loader for loader in loaders if loader.is_dagster_pipes_process()), None)
    if params is None:
        return nullcontext()
    import boto3

    s3: Any = boto3.client("s3", region_name=option("--s3_region"), endpoint_url=option("--s3_endpoint"))
    opened: AbstractContextManager[Any] = dagster_pipes.open_dagster_pipes(
        params_loader=params,
        context_loader=dagster_pipes.PipesS3ContextLoader(s3),
        message_writer=dagster_pipes.PipesS3MessageWriter(s3, interval=3),
    )
    return opened


class LoggedStream:
    """stdout or stderr whose lines also go to the log of the run in Dagster.

    Pipes' own option for that (``include_stdio_in_messages``) sends the last lines after its closing message, when
    Dagster no longer reads.
    """

    def __init__(self, stream: TextIO, log: Callable[[str], object]) -> None:
        """Write to ``stream``, and call ``log`` with each line."""
        self.stream, self.log, self.rest = stream, log, ""

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own."""
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write to the stream, and log each line that is complete."""
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            if line.strip():
                self.log(f"[{SERVICE}] {line}")
        return self.stream.write(text)


def main() -> dict[str, Any]:
    """Run the job that the arguments name; returns its report."""
    with pipes() as dagster:
        if dagster is None:
            return job.execute(sys.argv[1:])
        log = dagster.log.info
        with redirect_stdout(LoggedStream(sys.stdout, log)), redirect_stderr(LoggedStream(sys.stderr, log)):
            report = job.execute(sys.argv[1:])
        dagster.report_custom_message({"report": report})
        return report


if __name__ == "__main__":
    report = main()
    if option("--report") is None:
        json.dump(report, sys.stdout, indent=2)
