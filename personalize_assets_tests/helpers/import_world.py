"""A dataset group whose exports are in moto's S3, and a Personalize that reads them there: for tests of imports.

Exports are put there as an export stage leaves them, from rows that a test gives; no event is converted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml

from personalize_assets.config import load_config
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.access import open_personalize
from personalize_assets.pipeline.importing.dataset_import import import_dataset, plan_import
from personalize_assets.pipeline.importing.import_results import ImportOutcome, ImportPlan
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.pipeline.schemas import schema_of
from personalize_assets.storage.exports import former_runs
from personalize_assets.storage.manifests import ExportedFile, ExportManifest, ExportSet
from personalize_assets.storage.run_ids import new_run_id
from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator

ROLE = "arn:aws:iam::123456789012:role/personalize"
START = 1_790_812_800  # 2026-10-01T00:00:00Z

Row = tuple[str, ...]


def clicks(first: int, last: int) -> list[Row]:
    """Interactions, one a minute: USER_ID, ITEM_ID, EVENT_TYPE, TIMESTAMP."""
    return [(f"u{n % 40}", f"i{n % 30}", "Click", str(START + 60 * n)) for n in range(first, last)]


def titles(*ids: str, suffix: str = "") -> list[Row]:
    """Items: ITEM_ID, GENRE."""
    return [(id, f"genre of {id}{suffix}") for id in ids]


def config_text(bucket: str, **imports: Any) -> dict[str, Any]:
    """The config of the group ``shop`` in a bucket; ``imports`` are keys of its section import."""
    return {
        "source": {"uri": f"s3://{bucket}/raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": f"s3://{bucket}/shop"},
        "dataset_group": {"name": "shop"},
        "import": {"role": ROLE, **imports},
        "datasets": {
            "interactions": {
                "columns": {"USER_ID": "user", "ITEM_ID": "sku", "EVENT_TYPE": "event", "TIMESTAMP": "at"},
            },
            "users": {"columns": {"USER_ID": "user", "CITY": {"path": "city", "categorical": True}}},
            "items": {"columns": {"ITEM_ID": "sku", "GENRE": {"path": "genre", "categorical": True}}},
        },
    }


def let_personalize_in(bucket: str, client: Any = None) -> None:
    """Give a bucket the policy that the deployed stack gives it; ``client`` is boto3's for S3."""
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        }
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    (client or boto3.client("s3")).put_bucket_policy(Bucket=bucket, Policy=policy)


@dataclass
class ImportWorld:
    """The group ``shop`` in a bucket.

    Attributes:
        lines: What imports log.
        slept: Seconds of each wait; no time passes.
    """

    bucket: str
    folder: Path
    emulator: PersonalizeEmulator
    config: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config = self.config or config_text(self.bucket)
        let_personalize_in(self.bucket)

    @property
    def path(self) -> Path:
        """The config's file, as the config is now."""
        path, text = self.folder / "personalize.yaml", yaml.safe_dump(self.config, sort_keys=False)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        return path

    def group(self) -> DatasetGroup:
        """The group by the config as it is now."""
        return DatasetGroup(load_config(self.path, {}))

    def polling(self) -> Polling:
        """Waits in which no time passes."""
        return Polling(self.lines.append, self.slept.append, lambda: sum(self.slept))

    def export(self, **rows: Sequence[Row]) -> str:
        """Make an export of these datasets the current one, others as they were; returns its run."""
        group = self.group()
        exports, run = group.destination.exports, new_run_id()
        before = exports.find_latest()
        made = {name: put_csv(group, run, name, rows[name]) for name in rows}
        datasets = {**(before.object.datasets if before.object else {}), **made}
        latest = ExportSet(run=run, made="2026-10-02", datasets=datasets, former=former_runs(before.object))
        exports.put_manifest(latest)
        assert exports.publish(latest, before)
        return run

    def run(self, name: str = "interactions", mode: str | None = None) -> ImportOutcome:
        """Import a dataset."""
        group = self.group()
        return import_dataset(group, name, open_personalize(group), self.polling(), mode)

    def plan(self, name: str = "interactions", mode: str | None = None) -> ImportPlan:
        """What an import would do."""
        group = self.group()
        return plan_import(group, name, open_personalize(group), self.polling(), mode)

    def held(self, name: str = "interactions") -> list[Row]:
        """The rows that Personalize holds, sorted, in the columns of the CSV."""
        return sorted(self.emulator.rows(name, "shop"))

    def jobs(self, name: str = "interactions") -> list[tuple[str, str]]:
        """Mode and status of a dataset's import jobs, oldest first."""
        return [(job.members["importMode"], job.status) for job in self.emulator.jobs(name, "shop")]


def put_csv(group: DatasetGroup, run: str, name: str, rows: Iterable[Row]) -> ExportManifest:
    """Write the CSV and schema of a dataset into the export of a run."""
    columns = tuple(column.name for column in group.datasets[name].columns)
    at = columns.index("TIMESTAMP") if "TIMESTAMP" in columns else 0
    ordered = sorted(rows, key=lambda row: (row[at], row))
    lines = [",".join(row) for row in (columns, *ordered)]
    data = "".join(f"{line}\n" for line in lines).encode()
    folder = group.destination.exports.folder(run)
    key = f"{folder}/{name}.csv"
    group.destination.store.write(key, data)
    schema = group.destination.exports.put_schema(folder, name, schema_of(group, name))
    digest = hashlib.sha256(data).hexdigest()
    return ExportManifest(
        dataset=name,
        columns=columns,
        rows=len(ordered),
        kept=len(ordered),
        duplicates=0,
        bytes=len(data),
        sha256=digest,
        path=key,
        schema=schema,
        files=(ExportedFile(key, len(ordered), len(data), digest),),
        run=run,
        days=("2026-10-01",),
    )
