"""Targets and what the results reached. Of several runs the shortest counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

Results = Mapping[str, Any]


class Target(NamedTuple):
    """One ratio. ``found`` is None if one of its two figures was not measured."""

    what: str
    wanted: str
    found: float | None
    reached: bool | None


def targets(results: Results) -> Iterator[Target]:
    """The targets of the parts that were run."""
    if "contest" in results:
        of = _shortest(results["contest"])
        yield _target("workshop : `arrow`", 20, _ratio(of("workshop"), of("arrow")), at_least=True)
        yield _target("workshop : `local`", 8, _ratio(of("workshop"), of("local")), at_least=True)
        yield _target("`arrow` : DuckDB", 1.5, _ratio(of("arrow"), of("duckdb_script")), at_least=False)
    if "history" in results:
        rows = results["history"]["rows"]
        for name in _names(rows):
            convert = {row["days"]: min(row["convert"]) for row in rows if row["name"] == name and "convert" in row}
            ratio = _ratio(convert.get(max(convert)), convert.get(min(convert))) if len(convert) > 1 else None
            what = f"`{name}`: one more day after the longest history : after the shortest"
            yield _target(what, 1.5, ratio, at_least=False)
    if "growth" in results:
        rows = results["growth"]["rows"]
        for name in (name for name in _names(rows) if name != "duckdb_script"):
            peaks = {row["factor"]: row["peak_bytes"] for row in rows if row["name"] == name and "peak_bytes" in row}
            ratio = _ratio(peaks.get(max(peaks)), peaks.get(min(peaks))) if len(peaks) > 1 else None
            # Heaps fill up a little with the first data; a peak that grew with the source would be near 16.
            yield _target(f"`{name}`: peak memory with 16 times the data", 1.5, ratio, at_least=False)


def _target(what: str, limit: float, found: float | None, *, at_least: bool) -> Target:
    wanted = f"at least {limit:g}" if at_least else f"at most {limit:g}"
    reached = None if found is None else found >= limit if at_least else found <= limit
    return Target(what, wanted, found, reached)


def _shortest(contest: Results) -> Callable[[str], float | None]:
    taken = {one["name"]: [run["seconds"] for run in one["runs"]] for one in contest["contestants"]}

    def shortest(name: str) -> float | None:
        return min(taken.get(name, []), default=None)

    return shortest


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _names(rows: list[Results]) -> list[str]:
    return list(dict.fromkeys(row["name"] for row in rows))
