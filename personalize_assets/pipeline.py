"""One dataset group's pipeline, without Dagster: what each stage asks of the engine, and what it does with the answer.

The assets are a thin shell around it. A stage is a spec for the engine (``…_spec``) and the commit of its report
(``commit_…``); only the catalog and the schemas need no engine.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import msgspec

from personalize_assets import hash_keys
from personalize_assets.arrivals import NOTHING, Converted, content_digest
from personalize_assets.books import is_closed
from personalize_assets.catalog import day_catalog, described, encode
from personalize_assets.config import Config
from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.csv_export import header
from personalize_assets.conversion.job import ConvertSpec, Export, ExportSpec
from personalize_assets.conversion.masking import Mask, hashed_paths, masked_columns, masked_profile
from personalize_assets.conversion.profile import PREVIEW_ROWS
from personalize_assets.conversion.tasks import Plan, RawFile, Source
from personalize_assets.csv_files import put_folder, put_single_file
from personalize_assets.data_catalog import describe
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.profile import day_profile
from personalize_assets.source import RawFiles
from personalize_assets.storage import DAILY, REJECTS, DamagedFile, Destination, fingerprint, new_run_id
from personalize_assets.stores.s3 import arrow_s3_options

_MAIN_SOURCE = "source"


class Pipeline:
    """The stages for one config. Nothing is read or called before a stage is."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.datasets: dict[str, Dataset] = config.conversion_datasets()
        self.destination = Destination(config.destination.uri, config.aws)
        # A source of its own is named after its dataset, in file names and in the books.
        self.source_ids = {
            name: _MAIN_SOURCE if dataset.source is None else name for name, dataset in config.datasets.named().items()
        }

    @property
    def masked(self) -> tuple[str, ...]:
        """Paths of events that nobody is to see: the config's ``mask``, and what hashed columns are made of."""
        hashed = (path for dataset in self.datasets.values() for path in hashed_paths(dataset))
        return tuple(dict.fromkeys((*self.config.mask, *hashed)))

    def hidden_columns(self, name: str) -> set[str]:
        """The columns of a dataset that nobody is to see outside of the files, in a file of any age.

        Also those that are hashed: a file that was made before the config said so holds them as they were.
        """
        dataset = self.datasets[name]
        return masked_columns(dataset, self.masked) | {column.name for column in dataset.columns if column.hash}

    def first_rejects(self, name: str, day: str, count: int) -> list[dict[str, Any]]:
        """The first rejects of a dataset and day as people may see them: they may be older than the config's mask."""
        rows = self.destination.first_rejects(name, day, count)
        mask = Mask(self.masked)
        if not mask:
            return rows
        return [{**row, "raw": None if row["raw"] is None else mask.raw(row["raw"].encode())} for row in rows]

    @cached_property
    def sources(self) -> dict[str, RawFiles]:
        """The sources by id, the datasets' own after the main one."""
        return {id: RawFiles(self.config.source_of(name), self.config.aws) for name, id in self.source_ids.items()}

    @cached_property
    def s3_options(self) -> dict[str, str]:
        """How Arrow reaches the S3 of the sources and the destination; nothing for folders."""
        uris = [self.destination.uri, *(source.store.uri for source in self.sources.values())]
        return arrow_s3_options(uris, self.config.aws)

    def days_with_files(self) -> list[date]:
        """All days that have raw files in any source, oldest first. Raises an error if a source has none at all."""
        return sorted({day for source in self.sources.values() for day in source.all().days})

    # -- catalog --------------------------------------------------------------------------------------------------

    def catalog(self, days: Sequence[date]) -> dict[str, dict[str, Any]]:
        """Look at the raw files of these days and write the catalog of each; returns them by day."""
        listings = {id: source.of(days) for id, source in self.sources.items()}
        catalogs = {}
        for day in days:
            catalog = day_catalog(day, self.sources, {id: listing.days[day] for id, listing in listings.items()})
            # Of the files as they were listed: whatever changes from now on makes another digest.
            catalog["content"] = content_digest({id: listing.days[day] for id, listing in listings.items()})
            catalog["foreign_files"] = sum(listing.foreign_by_day[day] for listing in listings.values())
            self.destination.put_catalog(day, encode(catalog))
            catalogs[day.isoformat()] = catalog
        return catalogs

    def describe_for_athena(self, catalogs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Statements beside the catalogs and, where the config says so, tables of AWS Glue's (``data_catalog``)."""
        return describe(self.config, self.destination, self.datasets["interactions"], catalogs)

    def profile(self, days: Sequence[date]) -> dict[str, dict[str, Any]]:
        """Look at the events of these days' catalogued files and write the profile of each; returns them by day."""
        profiles = {}
        for day in days:
            profile = day_profile(day, self.sources, self._catalog(day)["files"], self.masked)
            self.destination.put_profile(day, encode(profile))
            profiles[day.isoformat()] = profile
        return profiles

    # -- convert --------------------------------------------------------------------------------------------------

    def convert_spec(self, days: Sequence[date], make: Collection[str]) -> dict[str, Any]:
        """The job spec that makes the daily files of datasets for days, from the files in their catalogs.

        The key of hashed columns is not in it; raises an error if there is none where this runs.
        """
        hash_keys.must_be_there(self.datasets)
        catalogs = {day: self._catalog(day) for day in days}
        needed = {self.source_ids[name] for name in make}
        sources = [
            Source(
                id=id,
                dated=source.source.layout != "flat",
                files=tuple(
                    RawFile(source.uri(file["key"]), day, file["bytes"], file["framing"], file["compression"] == "gzip")
                    for day, catalog in catalogs.items()
                    for file in catalog["files"]
                    if file["source"] == id
                ),
                datasets=tuple(self.datasets[name] for name, its in self.source_ids.items() if its == id),
            )
            for id, source in self.sources.items()
            if id in needed
        ]
        folders = {name: self.destination.uri_of(folder) for name, folder in {**DAILY, REJECTS: REJECTS}.items()}
        plan = Plan(
            new_run_id(),
            tuple(name for name in self.datasets if name in make),
            folders,
            int(time.time()),
            self.s3_options,
            self.masked,
        )
        contents = {day.isoformat(): catalog.get("content") for day, catalog in catalogs.items()}
        return {**_as_spec(ConvertSpec(tuple(sources), plan)), "contents": contents}

    def _catalog(self, day: date) -> dict[str, Any]:
        catalog = self.destination.catalog(day)
        if catalog is None:
            raise PersonalizeAssetsError(
                f"{self.destination.uri_of(self.destination.catalog_key(day))} is not there: the files of {day} are "
                "not catalogued; materialize raw_event_catalog for that day first"
            )
        if catalog.get("sources") != described(self.sources):
            raise PersonalizeAssetsError(
                f"{self.destination.uri_of(self.destination.catalog_key(day))} lists the files of other sources than "
                "the config has now; materialize raw_event_catalog for that day again"
            )
        return catalog

    def commit_convert(
        self, days: Sequence[date], spec: Mapping[str, Any], report: Mapping[str, Any]
    ) -> dict[str, dict[str, dict[str, Any]]]:
        """Put the daily files of a report in force. Returns the commits: dataset to day to counts and keys.

        A day whose files hold nothing gets empty commits: it is done, and what it had before is gone. Raises an error
        before anything is put in force if the report does not account for every file of the spec.
        """
        _must_account_for_all_files(spec, report)
        run = spec["plan"]["run_id"]
        done: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in spec["plan"]["make"]}
        for day in (day.isoformat() for day in days):
            for source in spec["sources"]:
                books = _books(report, day, source["id"])
                self.destination.commit_day(REJECTS, day, self._with_keys(books, run), part=source["id"])
            for name, commits in done.items():
                counts = _day_counts(report, day, name)
                commit = {
                    "mapping": fingerprint(self.datasets[name]),
                    "content": spec["contents"][day],
                    **hash_keys.mark(self.datasets[name]),
                    **self._with_keys(counts, run),
                }
                self.destination.commit_day(DAILY[name], day, commit)
                commits[day] = commit
            self.destination.sweep_day(day)
        return done

    def books(self, name: str, days: Iterable[str], report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What was read of a dataset's source according to a report of ``convert``, by day."""
        return {day: _books(report, day, self.source_ids[name]) for day in days}

    def finished(
        self, days: Sequence[date], make: Collection[str]
    ) -> tuple[dict[str, dict[str, dict[str, Any]]], dict[str, dict[str, dict[str, Any]]]]:
        """The commits and books, by dataset and day, of those days that need not be converted again.

        These are the ones whose commits are all of the files in the catalog and of today's mapping, with their books
        closed.
        """
        commits: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in make}
        books: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in make}
        for day in days:
            content, key = self._catalog(day).get("content"), day.isoformat()
            try:
                found = {name: self.destination.day_commit(name, key) or {} for name in make}
                read = {name: self.destination.source_books(key, self.source_ids[name]) for name in make}
            except DamagedFile:
                continue  # to be converted again, which mends it
            if all(self._is_finished(name, content, found[name], read[name]) for name in make):
                for name in make:
                    commits[name][key], books[name][key] = self._shown(name, found[name]), read[name]
        return commits, books

    def _shown(self, name: str, commit: Mapping[str, Any]) -> dict[str, Any]:
        """A day's commit as people may see it: it may have been made before the config's mask."""
        if commit.get("profile") is None:
            return dict(commit)
        hidden = masked_columns(self.datasets[name], self.masked)
        return {**commit, "profile": masked_profile(commit["profile"], hidden)}

    def _is_finished(self, name: str, content: str | None, commit: Mapping[str, Any], books: Mapping[str, Any]) -> bool:
        made_of = (content, fingerprint(self.datasets[name]))
        return (commit.get("content"), commit.get("mapping")) == made_of and is_closed(books, commit)

    def converted(self, day: date) -> Converted:
        """What is in force of a day in all datasets together, whatever the mapping it was made with."""
        try:
            commits = [self.destination.day_commit(name, day.isoformat()) for name in self.datasets]
        except DamagedFile:
            return Converted("damaged", "damaged")
        contents = {commit.get("content", "unknown") if commit else NOTHING for commit in commits}
        runs = sorted({commit["run"] for commit in commits if commit})
        return Converted(contents.pop() if len(contents) == 1 else "several", "+".join(runs) or "new")

    def unexported(self) -> list[str]:
        """The datasets of which a day was converted since their CSV was made, by whichever way."""
        names = []
        for name in self.datasets:
            commits = self.destination.daily_commits(name)
            if commits and (self.destination.manifest(name) or {}).get("inputs") != _inputs(commits):
                names.append(name)
        return names

    def _with_keys(self, counts: Mapping[str, Any], run: str) -> dict[str, Any]:
        keys = {
            kind: [self.destination.key_of(uri) for uri in counts[kind]]
            for kind in ("files", "reject_files")
            if kind in counts
        }
        return {"run": run, **counts, **keys}

    # -- export ---------------------------------------------------------------------------------------------------

    def export_spec(self, make: Collection[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The job spec that makes ``users``, ``items`` and ``<dataset>_csv``, and what its commit must know.

        Raises an error if nothing is converted yet, or if a day was converted by another mapping than today's.
        """
        run = new_run_id()
        with_header = not self.config.destination.single_file
        exports = []
        inputs: dict[str, dict[str, Any]] = {}
        for name, dataset in self.datasets.items():
            to_csv = self.destination.uri_of(self._csv_folder(name, run)) if f"{name}_csv" in make else None
            to_table = self.destination.uri_of(f"{name}/{run}") if name in make else None
            if to_table or (to_csv and name == "interactions"):
                inputs[name] = self._daily_input(name)
                daily = self._uris(inputs[name])
                exports.append(Export(dataset, daily=daily, to_table=to_table, to_csv=to_csv, csv_header=with_header))
            elif to_csv:
                inputs[name] = self._table_input(name)
                table = self._uris(inputs[name])
                exports.append(Export(dataset, table=table, to_csv=to_csv, csv_header=with_header))
        hash_keys.must_be_one(self.destination, self.datasets, make)
        return _as_spec(ExportSpec(tuple(exports), self.s3_options, self.masked)), {
            name: {
                "run": run,
                **{key: found.get(key) for key in ("days", "inputs", "kept", "duplicates")},
                **hash_keys.mark_in([found]),
            }
            for name, found in inputs.items()
        }

    def _csv_folder(self, name: str, run: str) -> str:
        """Where the engine writes CSVs: to be joined, or to stay."""
        single = self.config.destination.single_file
        return self.destination.parts_folder(name, run) if single else self.destination.csv_folder(name, run)

    def _daily_input(self, name: str) -> dict[str, Any]:
        commits = self.destination.daily_commits(name)
        if not commits:
            raise PersonalizeAssetsError(
                f"{self.destination.uri_of(DAILY[name])} has no converted day; materialize {DAILY[name]} first"
            )
        now = fingerprint(self.datasets[name])
        stale = [day for day, commit in commits.items() if commit["mapping"] != now]
        if stale:
            raise PersonalizeAssetsError(
                f"{DAILY[name]}: {len(stale)} of {len(commits)} days ({stale[0]} to {stale[-1]}) were converted with "
                f"another mapping than datasets.{name} has now; materialize {DAILY[name]} for these days again"
            )
        return {
            "days": list(commits),
            "inputs": _inputs(commits),
            **hash_keys.mark_in(commits.values()),
            "kept": sum(commit["kept"] for commit in commits.values()),
            "duplicates": 0,
            "files": [key for commit in commits.values() for key in commit["files"]],
        }

    def _table_input(self, name: str) -> dict[str, Any]:
        commit = self.destination.table_commit(name)
        if commit is None or commit["mapping"] != fingerprint(self.datasets[name]):
            state = "not there" if commit is None else "made with another mapping than the config's"
            raise PersonalizeAssetsError(f"{self.destination.uri_of(name)} is {state}; materialize {name} first")
        return commit

    def _uris(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(self.destination.uri_of(key) for key in found["files"])

    def commit_export(
        self,
        spec: Mapping[str, Any],
        inputs: Mapping[str, Mapping[str, Any]],
        report: Mapping[str, Any],
        refused: Collection[str] = (),
    ) -> dict[str, dict[str, Any]]:
        """Put tables and CSVs in force; returns each table's commit and each CSV's manifest, by asset name.

        Of the datasets in ``refused`` the former CSV stays, and its manifest; the new one's parts are deleted.
        """
        done: dict[str, dict[str, Any]] = {}
        for export in spec["exports"]:
            dataset = self.datasets[export["dataset"]["name"]]
            name = dataset.name
            made = report["datasets"][name]
            parts = made["parts"]
            counts: dict[str, Any] = {**self.export_counts(name, inputs, report)}
            del counts["bytes"]  # of the CSV, as it is told when it is there
            counts.update(seconds=report.get("seconds"), profile=made["profile"])
            about = {key: inputs[name][key] for key in ("run", "days", "inputs")}
            if export["to_table"]:
                keys = [self.destination.key_of(part["parquet"]) for part in parts if part["rows"]]
                done[name] = {**about, "mapping": fingerprint(dataset), "files": keys, **counts}
                done[name] |= hash_keys.mark_in([inputs[name]])
                self.destination.commit_table(name, done[name])
            keys = [self.destination.key_of(part["csv"]) for part in parts if part["rows"] and part["csv"]]
            if export["to_csv"] and name in refused:
                self.destination.store.delete(keys)
            elif export["to_csv"]:
                columns = [column.name for column in dataset.columns]
                if export["csv_header"]:
                    folder = self.destination.key_of(export["to_csv"])
                    files = put_folder(self.destination, folder, header(columns), parts)
                else:
                    files = put_single_file(self.destination, name, header(columns), parts)
                manifest = {"dataset": name, "columns": columns, **counts, **files, **about}
                self.destination.put_manifest(name, manifest)
                done[f"{name}_csv"] = manifest
        return done

    def export_counts(
        self, name: str, inputs: Mapping[str, Mapping[str, Any]], report: Mapping[str, Any]
    ) -> dict[str, int]:
        """Rows of an export, the daily rows they come from, and the bytes of its CSV."""
        made = report["datasets"][name]
        columns = [column.name for column in self.datasets[name].columns]
        # In a folder of CSVs each file begins with the header, and is counted with it.
        has_header = not self.config.destination.single_file and made["rows"]
        return {
            "rows": made["rows"],
            "kept": inputs[name]["kept"],
            # Those of this job, and those left out when a table was made that is now exported as it is.
            "duplicates": made["copies"] - made["rows"] + inputs[name]["duplicates"],
            "bytes": sum(part["csv_bytes"] for part in made["parts"]) + (0 if has_header else len(header(columns))),
        }

    # -- schemas --------------------------------------------------------------------------------------------------

    def put_schema(self, name: str) -> dict[str, Any]:
        """Write and return the Avro schema of a dataset."""
        schema = avro_schema(name, self.datasets[name].columns, self.config.dataset_group.domain)
        self.destination.put_schema(name, schema)
        return schema


_EMPTY_BOOKS: dict[str, Any] = {
    "raw_files": 0, "bytes": 0, "read": 0, "wanted": 0, "not_wanted": 0, "malformed": {}, "reject_files": [],
}  # fmt: skip
_EMPTY_COUNTS: dict[str, Any] = {"rows": 0, "kept": 0, "rejected": {}, "files": [], "reject_files": []}


def _inputs(commits: Mapping[str, Mapping[str, Any]]) -> str:
    """Tells the daily files that went into an export from others."""
    text = "\n".join(f"{day} {commit['run']}" for day, commit in commits.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _part(report: Mapping[str, Any], day: str, kind: str, name: str) -> dict[str, Any]:
    """What a report of ``convert`` says of one of the day's ``sources`` or ``datasets``; nothing if it had no files."""
    part: dict[str, Any] = report["days"].get(day, {}).get(kind, {}).get(name, {})
    return part


def _day_counts(report: Mapping[str, Any], day: str, name: str) -> dict[str, Any]:
    counts = {**_EMPTY_COUNTS, **_part(report, day, "datasets", name)}
    profile = counts.get("profile")
    if profile is None:
        return counts
    # What the tasks have each appended: the first and last event of all, and a preview of one length.
    times = [min(profile["times"]), max(profile["times"])] if profile["times"] else []
    return {**counts, "profile": {**profile, "times": times, "preview": profile["preview"][:PREVIEW_ROWS]}}


def _books(report: Mapping[str, Any], day: str, source: str) -> dict[str, Any]:
    return {**_EMPTY_BOOKS, **_part(report, day, "sources", source)}


def _must_account_for_all_files(spec: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """A report that lost a task would otherwise empty a day without a word."""
    for source in spec["sources"]:
        wanted = Counter(file["day"] for file in source["files"])
        for day, files in wanted.items():
            read = _books(report, day, source["id"])["raw_files"]
            if read != files:
                raise PersonalizeAssetsError(
                    f"the engine's report of run {spec['plan']['run_id']} accounts for {read} of {files} raw files of "
                    f"{day} ({source['id']}); nothing was put in force: run it again"
                )


def _as_spec(spec: ConvertSpec | ExportSpec) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(spec)
    return plain
