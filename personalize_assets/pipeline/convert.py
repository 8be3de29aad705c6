"""Days of raw files to daily datasets: what is asked of the engine, and what is done with its answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from personalize_assets.conversion.export.export_profile import PREVIEW_ROWS
from personalize_assets.conversion.mapping.masking import masked_columns, masked_profile
from personalize_assets.conversion.spec import ConvertSpec, Plan, RawFile, RawFileSet
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.accounting import is_closed
from personalize_assets.pipeline.arrivals import NOTHING, Converted
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.destination import DAILY, REJECTS, DamagedFile, fingerprint, new_run_id


class DayStages(DatasetGroup):
    """``convert``, for any number of days at once."""

    def convert_spec(self, days: Sequence[date], make: Collection[str]) -> dict[str, Any]:
        """The job spec that makes the daily files of datasets for days, from the files in their catalogs.

        The key of hashed columns is not in it; raises an error if there is none where this runs.
        """
        hash_keys.must_be_there(self.datasets)
        catalogs = {day: self.day_catalog(day) for day in days}
        needed = {self.source_ids[name] for name in make}
        sources = [
            RawFileSet(
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
        return {**msgspec.to_builtins(ConvertSpec(tuple(sources), plan)), "contents": contents}

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
            content, key = self.day_catalog(day).get("content"), day.isoformat()
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

    def _with_keys(self, counts: Mapping[str, Any], run: str) -> dict[str, Any]:
        keys = {
            kind: [self.destination.key_of(uri) for uri in counts[kind]]
            for kind in ("files", "reject_files")
            if kind in counts
        }
        return {"run": run, **counts, **keys}


_EMPTY_BOOKS: dict[str, Any] = {
    "raw_files": 0, "bytes": 0, "read": 0, "wanted": 0, "not_wanted": 0, "malformed": {}, "reject_files": [],
}  # fmt: skip
_EMPTY_COUNTS: dict[str, Any] = {"rows": 0, "kept": 0, "rejected": {}, "files": [], "reject_files": []}


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
