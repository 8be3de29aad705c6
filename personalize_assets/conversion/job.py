"""Job spec to job report: one Spark run. Also the command line of the Glue job.

``convert`` reads the raw files of some days once and writes their daily files. ``export`` reads the daily files of all
days and writes the tables ``users`` and ``items`` and the parts of the CSVs. Neither changes what is current: the files
are named in the report, and the caller commits them (``personalize_assets.pipeline``).
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from personalize_assets.conversion.convert import planner
from personalize_assets.conversion.export.export import export
from personalize_assets.conversion.progress import SO_FAR, Meter, OnProgress, lines
from personalize_assets.conversion.reading.filesystem import FileSystem, small_files_kept
from personalize_assets.conversion.spark import parallelism, spark_conf
from personalize_assets.conversion.spec import (
    ConvertSpec,
    Report,
    Spec,
    decode_spec,
    encode,
    job_name,
)
from personalize_assets.conversion.spread import Spread, over_spark

# Imported where a session is made or used: the engine `arrow` needs none.
if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run(spec: Spec, spread: Spread, cores: int) -> Report:
    """Do the job of a spec; ``cores`` is how many tasks run at once. Raises ``UnreadableFile``."""
    started = time.monotonic()
    with small_files_kept():
        report: Report = planner.convert(spec, cores, spread) if isinstance(spec, ConvertSpec) else export(spec, spread)
    return structs.replace(report, seconds=round(time.monotonic() - started, 3))


def meter_of(spec: Spec, on_progress: OnProgress | None) -> Meter | None:
    """The meter of a job that begins now, for the spread that runs it; None if its progress is not asked for."""
    if on_progress is None:
        return None
    return Meter(job_name(spec), on_progress, bound="" if isinstance(spec, ConvertSpec) else SO_FAR)


def run_on_spark(spark: SparkSession, spec: Spec, on_progress: OnProgress | None = None) -> Report:
    """Do the job of a spec as tasks of Spark. Raises ``UnreadableFile``."""
    for key, value in spark_conf().items():
        spark.conf.set(key, value)
    return run(spec, over_spark(spark, meter_of(spec, on_progress)), parallelism(spark))


def execute(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the job spec named by the arguments and return its report as JSON values; ``--report`` also writes it.

    Unknown arguments are ignored, because Glue adds its own. A job that fails writes
    ``{"error": {"type", "message", "traceback"}}`` to that file, and raises what made it fail.
    """
    parser = argparse.ArgumentParser(prog="convert.py", description=main.__doc__, allow_abbrev=False)
    parser.add_argument("--spec", required=True, metavar="URI", help="JSON file with the job spec: a path or s3://…")
    parser.add_argument("--report", metavar="URI", help="where to write the report: a path or s3://…")
    parser.add_argument("--cores", type=int, help="how many tasks run at once, where Spark cannot tell at its start")
    parser.add_argument("--s3_region", metavar="NAME", help="region of the bucket that --spec and --report are in")
    parser.add_argument("--s3_endpoint", metavar="URL", help="another server that speaks S3")
    options, _ = parser.parse_known_args(arguments)
    files = FileSystem(_s3_options(options.s3_region, options.s3_endpoint))
    try:
        with files.open(options.spec) as file:
            spec = decode_spec(file.read())
        _log(_summary(spec))
        settings = {"spark.default.parallelism": str(options.cores)} if options.cores else {}
        report = run_on_spark(_session({**spark_conf(), **settings}), spec, lines(_log))
        _log(f"{job_name(spec)}: done in {report.seconds:.1f} s")
    except Exception as error:
        if options.report:
            about = {"type": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}
            _write(files, options.report, msgspec.json.encode({"error": about}))
        raise
    if options.report:
        _write(files, options.report, encode(report))
    found: dict[str, Any] = msgspec.to_builtins(report)
    return found


def _s3_options(region: str | None, endpoint: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {"credentials": "boto3"}
    if region:
        options["region"] = region
    if endpoint:
        scheme, _, host = endpoint.partition("://")
        options |= {"scheme": scheme, "endpoint_override": host}
    return options


def _summary(spec: Spec) -> str:
    """A line for the log: how much there is to do."""
    if not isinstance(spec, ConvertSpec):
        return "export: " + ", ".join(one.dataset.name for one in spec.exports)
    files = [file for source in spec.sources for file in source.files]
    size = sum(file.bytes for file in files) / 1e6
    return f"convert: {len(files)} files of {len({file.day for file in files})} days, {size:,.1f} MB"


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write(files: FileSystem, uri: str, report: bytes) -> None:
    with files.create(uri) as file:
        file.write(msgspec.json.format(report, indent=1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job spec and print its report."""
    report = execute(sys.argv[1:] if arguments is None else arguments)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    return 0


def _session(settings: Mapping[str, str]) -> SparkSession:
    """The job's own session."""
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder.appName("personalize_assets")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    return session


if __name__ == "__main__":
    sys.exit(main())
