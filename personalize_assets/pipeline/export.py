"""All converted days to users, items and the CSVs: what is asked of the engine, and what is done with its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from personalize_assets.conversion.export.csv_lines import header
from personalize_assets.conversion.job import Export, ExportSpec
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.csv_files import put_folder, put_single_file
from personalize_assets.storage.destination import DAILY, fingerprint, new_run_id


class ExportStages(DatasetGroup):
    """``users``, ``items`` and ``<dataset>_csv``, in any selection of them."""

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
        return msgspec.to_builtins(ExportSpec(tuple(exports), self.s3_options, self.masked)), {
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

    def unexported(self) -> list[str]:
        """The datasets of which a day was converted since their CSV was made, by whichever way."""
        names = []
        for name in self.datasets:
            commits = self.destination.daily_commits(name)
            if commits and (self.destination.manifest(name) or {}).get("inputs") != _inputs(commits):
                names.append(name)
        return names


def _inputs(commits: Mapping[str, Mapping[str, Any]]) -> str:
    """Tells the daily files that went into an export from others."""
    text = "\n".join(f"{day} {commit['run']}" for day, commit in commits.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
