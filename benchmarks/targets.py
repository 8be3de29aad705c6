"""Targets and what the results reached. Of several runs the shortest counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

Results = Mapping[str, Any]


class Target(NamedTuple):
    """A ratio or a figure. ``found`` is None if it was not measured."""

    what: str
    wanted: str
    found: float | None
    reached: bool | None


def targets(results: Results) -> Iterator[Target]:
    """The targets of the parts that were run."""
    if "contest" in results:
        of = _shortest(results["contest"])
        yield _at_least("workshop : `arrow`", 20, _ratio(of("workshop"), of("arrow")))
        yield _at_least("workshop : `local`", 8, _ratio(of("workshop"), of("local")))
    for size in results.get("large", {}).get("sizes", ()):
        yield from _of_size(size)
    if "history" in results:
        rows = results["history"]["rows"]
        for name in _names(rows):
            exports = {row["days"]: row["stages"]["export"] for row in rows if row["name"] == name and "stages" in row}
            ratio = _ratio(exports.get(max(exports)), exports.get(min(exports))) if len(exports) > 1 else None
            yield _at_most(f"`{name}`: export after one more day, longest history : shortest", 1.5, ratio)
    if "growth" in results:
        rows = results["growth"]["rows"]
        for name in (name for name in _names(rows) if name != "duckdb_script"):
            peaks = {row["factor"]: row["peak_bytes"] for row in rows if row["name"] == name and "peak_bytes" in row}
            ratio = _ratio(peaks.get(max(peaks)), peaks.get(min(peaks))) if len(peaks) > 1 else None
            # Heaps fill up a little with the first data; a peak that grew with the source would be near 16.
            yield _at_most(f"`{name}`: peak memory with 16 times the data", 1.5, ratio)
    if "starting" in results:
        for row in results["starting"]["first_rows"]:
            first, again = (median(row[what]) if what in row else None for what in ("stage", "again"))
            yield _at_most(f"`{row['name']}`: seconds from the command to the first stage", 0.8, first)
            yield _at_most(f"`{row['name']}`: seconds of a second run without news", 1.5, again)
    if "s3" in results:
        yield from _of_s3(results["s3"]["rows"])
    if "hostile" in results:
        speeds = [
            row["bytes"] / 1e6 / max(row["seconds"], 0.001) if "seconds" in row else 0.0
            for row in results["hostile"]["rows"]
            if not row.get("ended")
        ]
        yield _at_least("hostile files: MB/s of the slowest that no limit ends", 20, min(speeds, default=None))


def _of_size(size: Results) -> Iterator[Target]:
    label = f"{size['events'] / 1e6:.0f} M events"
    of = _shortest(size)
    if size["events"] < 10**8:
        limit = 1.6 if size["events"] < 10**7 else 1.2
        yield _at_most(f"{label}, `arrow` : DuckDB", limit, _ratio(of("arrow"), of("duckdb_script")))
    memory = {
        one["name"]: max(run["peak_pss_bytes"] for run in one["runs"]) for one in size["contestants"] if one["runs"]
    }
    if size["events"] >= 10**7:
        ratio = _ratio(memory.get("arrow"), memory.get("duckdb_script"))
        yield _at_most(f"{label}, memory of `arrow` : memory of DuckDB", 0.25, ratio)
    if size["events"] >= 10**8:
        yield _at_most(f"{label}, GiB of memory of `arrow`", 2, _ratio(memory.get("arrow"), 2**30))


def _of_s3(rows: Sequence[Results]) -> Iterator[Target]:
    found = {(row["what"], row["wait"]): row for row in rows if "seconds" in row}
    for what in dict.fromkeys(row["what"] for row in rows):
        waiting, at_once = found.get((what, True)), found.get((what, False))
        if what == "small files":
            seconds = (row["stages"]["convert"] if row else None for row in (waiting, at_once))
            ratio = _ratio(*seconds)
            yield _at_most("S3, many small files: convert with 40 ms an answer : without", 1.5, ratio)
        if what == "30 days":
            a_day = waiting["requests"] / waiting["days"] if waiting else None
            yield _at_most("S3, 30 days: seconds with 40 ms an answer", 10, waiting["seconds"] if waiting else None)
            yield _at_most("S3, 30 days: requests a day", 8, a_day)


def _at_least(what: str, limit: float, found: float | None) -> Target:
    return Target(what, f"at least {limit:g}", found, None if found is None else found >= limit)


def _at_most(what: str, limit: float, found: float | None) -> Target:
    return Target(what, f"at most {limit:g}", found, None if found is None else found <= limit)


def _shortest(contest: Results) -> Callable[[str], float | None]:
    taken = {one["name"]: [run["seconds"] for run in one["runs"]] for one in contest["contestants"]}

    def shortest(name: str) -> float | None:
        return min(taken.get(name, []), default=None)

    return shortest


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _names(rows: list[Results]) -> list[str]:
    return list(dict.fromkeys(row["name"] for row in rows))
