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

_YES_NO = {True: "yes", False: "**no**", None: ""}


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
    parts = {
        "contest": _contest,
        "large": _large,
        "growth": _growth,
        "history": _history,
        "files": _files,
        "starting": _starting,
        "s3": _s3,
        "cluster": _cluster,
        "hostile": _hostile,
    }
    sections = [_targets(results)]
    for name, render in parts.items():
        if name in results:
            about = results[name].get("machine")  # sizes were measured on different days
            sections.append("\n".join([*render(results[name]), *(["", f"_{summary(about)}._"] if about else [])]))
    return "\n\n".join(sections)


def _targets(results: Results) -> str:
    words = {None: "not measured", True: "yes", False: "**no**"}
    rows = [
        (target.what, target.wanted, "" if target.found is None else f"{target.found:.2f}", words[target.reached])
        for target in targets(results)
    ]
    return "\n".join(["### Targets", "", *table(("figure", "wanted", "found", "reached"), rows)])


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


def _large(part: Results) -> Iterator[str]:
    yield "### Millions of events"
    yield ""
    yield (
        "Whole commands in turn; the shortest run of each. *Memory* is the largest sum of the proportional memory "
        "(PSS) of all processes, in which a page shared by two counts half for each; *RSS* counts it twice. *Disk* is "
        "what is left at the end."
    )
    for size in part["sizes"]:
        yield ""
        yield (
            f"**{size['events'] / 1e6:,.1f} M events** of {size['days']} days in {size['files']:,} gzip files "
            f"({size['bytes'] / 1e9:,.1f} GB, {size['unpacked'] / 1e9:,.1f} GB unpacked):"
        )
        yield ""
        best = {one["name"]: _best(one) for one in size["contestants"] if one["runs"]}
        peer = best.get("duckdb_script")
        rows = []
        for one in (one for one in size["contestants"] if one["runs"]):
            run = best[one["name"]]
            rows.append(
                (
                    one["what"],
                    one["datasets"],
                    f"{run['seconds']:.1f}",
                    len(one["runs"]),
                    f"{run['cpu_seconds']:.1f}",
                    f"{size['events'] / run['seconds']:,.0f}",
                    _mib(max(run["peak_pss_bytes"] for run in one["runs"])),
                    _mib(max(run["peak_bytes"] for run in one["runs"])),
                    _mb(run["disk_bytes"]),
                    f"{run['seconds'] / peer['seconds']:.2f}" if peer else "",
                    _YES_NO[one.get("same")],
                )
            )
        header = ("", "datasets", "s", "runs", "CPU s", "events/s", "memory MiB", "RSS MiB", "disk MB", "it ÷ DuckDB")
        yield from table((*header, "same rows"), rows)
        yield from _missing(size["contestants"])
        yield ""
        yield f"_{summary(size['machine'])}._"


def _best(one: Results) -> Results:
    shortest: Results = min(one["runs"], key=lambda run: float(run["seconds"]))
    return shortest


def _stage_seconds(row: Results) -> list[str]:
    return [f"{row['stages'].get(name, 0):.1f}" for name in ("catalog", "convert", "export")]


def _s3(part: Results) -> Iterator[str]:
    yield "### S3 with the latency of a network"
    yield ""
    yield (
        "`personalize-assets run` on a local server that speaks S3, on the same cores, which waits before each answer "
        "or does not."
    )
    yield ""
    rows = []
    for row in part["rows"]:
        if "missing" not in row:
            stages = _stage_seconds(row)
            wait = f"{1000 * part['seconds_an_answer']:.0f} ms" if row["wait"] else "none"
            requests = f"{row['requests']:,}" if "requests" in row else ""
            a_day = f"{row['requests'] / row['days']:.1f}" if "requests" in row else ""
            about = (f"`{row['name']}`", row["about"], wait)
            rows.append((*about, *stages, f"{row['seconds']:.1f}", requests, a_day, _mib(row["peak_pss_bytes"])))
    header = ("", "what", "wait", "catalog s", "convert s", "export s", "all s", "requests", "a day", "peak MiB")
    yield from table(header, rows)
    yield from _missing(part["rows"])


def _cluster(part: Results) -> Iterator[str]:
    yield "### On a Spark cluster"
    yield ""
    yield (
        f"A standalone cluster of {part['workers']} workers of one core on this machine, Spark {part['spark']}. The "
        "longest task is that of the longest stage, divided by its median one. *Input* is the size of the job's files."
    )
    yield ""
    rows = []
    for row in part["rows"]:
        if "missing" not in row:
            sizes = (_mb(row["input_bytes"]), _mb(row["shuffle_bytes"]))
            figures = (f"{row['seconds']:.1f}", f"{row['tasks']:,}", row["stages"], *sizes)
            skew = row["longest_seconds"] / max(row["median_seconds"], 0.001)
            rows.append((row["case"], row["job"], *figures, f"{row['longest_seconds']:.1f} s", f"{skew:.1f}"))
    header = ("case", "job", "s", "tasks", "stages", "input MB", "shuffled MB", "longest task", "÷ median")
    yield from table(header, rows)
    yield from _missing([{"name": row["case"], **row} for row in part["rows"]])


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
        "`personalize-assets run --resume` after a new day's files have arrived: seconds of its stages and of the "
        "whole command; then the same command again, with nothing to do. `run` on the whole history for comparison."
    )
    yield ""
    rows = []
    for row in part["rows"]:
        if "missing" not in row:
            stages = _stage_seconds(row)
            whole = (f"{row['seconds']:.1f}", f"{row['again_seconds']:.1f}", f"{row['whole_seconds']:.1f}")
            about = (f"`{row['name']}`", f"{row['days']:,}", f"{row['events_a_day']:,}")
            rows.append((*about, *stages, *whole, _mib(row["peak_pss_bytes"])))
    header = (
        "",
        "days before",
        "events a day",
        "catalog s",
        "convert s",
        "export s",
        "all s",
        "again s",
        "whole run s",
    )
    yield from table((*header, "peak MiB"), rows)
    yield from _missing(part["rows"])


def _files(part: Results) -> Iterator[str]:
    yield "### Many small files, one huge file"
    yield ""
    yield "The whole pipeline on the same events in other files."
    yield ""
    rows = [
        (f"`{row['name']}`", row["what"], f"{row['events']:,}", *_figures(row), _YES_NO[row.get("same_bytes")])
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
    yield (
        "`personalize-assets run` on a source of one event, median seconds from the command to these moments, and of a "
        "second run with nothing to do:"
    )
    yield ""
    rows = []
    for one in part["first_rows"]:
        if "missing" not in one:
            moments = [
                f"{median(one[what]):.1f}" if what in one else ""
                for what in ("first_line", "row", "csv", "end", "again")
            ]
            rows.append((f"`{one['name']}`", *moments, _mib(max(one["peak_bytes"]))))
    header = ("", "first stage", "first converted row", "`interactions.csv`", "end", "second run", "peak MiB")
    yield from table(header, rows)
    yield from _missing(part["first_rows"])


def _hostile(part: Results) -> Iterator[str]:
    yield "### Bytes that are meant to take time"
    yield ""
    yield (
        "One convert task on one core for each file; MB unpacked a second of processor time. A reject whose reason is "
        "a limit ended the file or the event early."
    )
    yield ""
    rows = []
    for row in part["rows"]:
        found = (
            (row["error"], "", "", "")
            if "error" in row
            else (
                f"{row['bytes'] / 1e6 / max(row['seconds'], 0.001):,.0f}",
                f"{row['events']:,}",
                ", ".join(f"{count:,} {reason}" for reason, count in row["rejects"].items()),
                _mib(row["peak_bytes"]),
            )
        )
        rows.append((row["name"], _mb(row["bytes"]), *found))
    yield from table(("file", "MB", "MB/s", "events", "rejects", "peak MiB"), rows)


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
