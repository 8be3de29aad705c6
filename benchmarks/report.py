"""Results as Markdown tables, for the terminal and for ``benchmarks/README.md`` between its two markers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import summary
from benchmarks.targets import targets

BEGIN = "<!-- results: written by `make bench` -->"
END = "<!-- end of results -->"

Results = Mapping[str, Any]


def put_into(readme: Path, results: Results) -> None:
    """Replace the text between the two markers."""
    text = readme.read_text()
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{readme} has no lines {BEGIN!r} and {END!r} to write the results between; put them back")
    readme.write_text(f"{before}{BEGIN}\n\n{rendered(results)}\n\n{END}{after}")


def rendered(results: Results) -> str:
    """All parts that were run, each with its machine and time."""
    parts = {"contest": _contest, "growth": _growth, "history": _history, "files": _files, "starting": _starting}
    sections = [_targets(results)]
    for name, render in parts.items():
        if name in results:
            sections.append("\n".join([*render(results[name]), "", f"_{summary(results[name]['machine'])}._"]))
    return "\n\n".join(sections)


def _targets(results: Results) -> str:
    words = {None: "not measured", True: "yes", False: "**no**"}
    rows = [
        (target.what, target.wanted, "" if target.found is None else f"{target.found:.2f}", words[target.reached])
        for target in targets(results)
    ]
    return "\n".join(["### Targets", "", *table(("ratio", "wanted", "found", "reached"), rows)])


def _contest(part: Results) -> Iterator[str]:
    raw = part["raw"]
    yield "### This project and its peers"
    yield ""
    yield (
        f"{raw['events']:,} Segment events in {raw['files']:,} gzip files ({_mb(raw['bytes'])} MB, "
        f"{_mb(raw['unpacked'])} MB unpacked). Whole commands, start-up included; CPU is the sum over all processes."
    )
    yield ""
    seconds = {one["name"]: [run["seconds"] for run in one["runs"]] for one in part["contestants"] if one["runs"]}
    best = {name: min(taken) for name, taken in seconds.items()}
    header = (
        "",
        "datasets",
        "min s",
        "median s",
        "runs",
        "CPU s",
        "events/s",
        "peak MiB",
        "workshop ÷ it",
        "it ÷ DuckDB",
    )
    rows = []
    for one in part["contestants"]:
        taken = seconds.get(one["name"])
        if not taken:
            continue
        shortest = min(taken)
        rows.append(
            (
                one["what"],
                one["datasets"],
                f"{shortest:.1f}",
                f"{median(taken):.1f}",
                len(taken),
                f"{min(run['cpu_seconds'] for run in one['runs']):.1f}",
                f"{raw['events'] / shortest:,.0f}",
                _mib(max(run["peak_bytes"] for run in one["runs"])),
                f"{best['workshop'] / shortest:.1f}" if "workshop" in best else "",
                f"{shortest / best['duckdb_script']:.2f}" if "duckdb_script" in best else "",
            )
        )
    yield from table(header, rows)
    yield from _missing(part["contestants"])
    yield ""
    yield "Their interactions compared with this project's:"
    yield ""
    compared = [one for one in part["contestants"] if "compared" in one]
    yield from table(
        ("", "rows", "lost", "added", "missing columns"),
        [
            (one["what"], *(f"{one['compared'][what]:,}" for what in ("rows", "lost", "added")), _lacking(one))
            for one in compared
        ],
    )
    ours = [one for one in compared if one["engine"]]
    if len(ours) > 1:
        same = len({one["sha256"] for one in ours}) == 1
        yield ""
        yield f"The engines' `interactions.csv` are {'the same bytes' if same else '**not the same bytes**'}."


def _growth(part: Results) -> Iterator[str]:
    yield "### Growth with the data"
    yield ""
    rows = [
        (_who(row), f"{row['factor']}-fold", f"{row['events']:,}", *_figures(row))
        for row in part["rows"]
        if "missing" not in row
    ]
    yield from table(("", "data", "events", "s", "events/s", "peak MiB"), rows)
    yield from _missing(part["rows"])


def _history(part: Results) -> Iterator[str]:
    yield "### One more day after many days"
    yield ""
    yield (
        "In a warm session, without start-up: the job `convert` (catalog, convert, checks) of one new day, the "
        "shortest of three, and the job `export` over all days, once."
    )
    yield ""
    rows = []
    for row in part["rows"]:
        if "missing" not in row:
            figures = (f"{min(row['convert']):.2f}", f"{row['export']:.1f}", _mib(row["peak_bytes"]))
            rows.append((f"`{row['name']}`", f"{row['days']:,}", f"{row['events_a_day']:,}", *figures))
    yield from table(("", "days before", "events a day", "convert s", "export s", "peak MiB"), rows)
    yield from _missing(part["rows"])


def _files(part: Results) -> Iterator[str]:
    yield "### Many small files, one huge file"
    yield ""
    yield "The whole pipeline on the same events in other files."
    yield ""
    words = {True: "yes", False: "**no**", None: ""}
    rows = [
        (f"`{row['name']}`", row["what"], f"{row['events']:,}", *_figures(row), words[row.get("same_bytes")])
        for row in part["rows"]
        if "missing" not in row
    ]
    yield from table(("", "files", "events", "s", "events/s", "peak MiB", "same CSV"), rows)
    yield from _missing(part["rows"])


def _starting(part: Results) -> Iterator[str]:
    yield "### Starting"
    yield ""
    loading = [(one["what"], f"{min(one['seconds']):.2f}", f"{median(one['seconds']):.2f}") for one in part["loading"]]
    yield from table(("loading", "min s", "median s"), loading)
    yield ""
    yield "`personalize-assets run` on a source of one event, median seconds from the command to:"
    yield ""
    rows = []
    for one in part["first_rows"]:
        if "missing" not in one:
            row, csv, end = (f"{median(one[what]):.1f}" for what in ("row", "csv", "end"))
            rows.append((f"`{one['name']}`", row, csv, end, _mib(max(one["peak_bytes"]))))
    yield from table(("", "first converted row", "`interactions.csv`", "end", "peak MiB"), rows)
    yield from _missing(part["first_rows"])


def _who(row: Results) -> str:
    return f"`{row['name']}`" if row["datasets"] > 1 else f"`{row['name']}`, interactions only"


def _missing(rows: Sequence[Results]) -> Iterator[str]:
    """Contestants that the table lacks, and each reason once."""
    for name, reason in dict.fromkeys((row["name"], row["missing"]) for row in rows if "missing" in row):
        yield ""
        yield f"Not measured: `{name}`. {_cell(reason)}"


def _lacking(one: Results) -> str:
    return ", ".join(one["compared"]["columns_missing"])


def _figures(row: Results) -> tuple[str, str, str]:
    return (f"{row['seconds']:.1f}", f"{row['events'] / row['seconds']:,.0f}", _mib(row["peak_bytes"]))


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f}"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f}"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table; ``|`` and line breaks within cells are escaped."""
    lines = [list(header), ["---"] * len(header), *rows]
    return ["| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines]


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
