"""The job ``export``: every dataset from daily files to ordered parts, and checks of ids across datasets."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa
from msgspec import structs

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.csv_lines import header
from personalize_assets.conversion.export.entities import export_entities, export_table
from personalize_assets.conversion.export.export_profile import PartProfile, crossed
from personalize_assets.conversion.export.exported import Exported, Places
from personalize_assets.conversion.export.interactions import export_interactions
from personalize_assets.conversion.export.part_writer import Target
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.masking import masked_columns, masked_profile
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.spec import DatasetExport, DatasetExported, ExportReport, ExportSpec
from personalize_assets.conversion.spread import Spread


def export(spec: ExportSpec, spread: Spread) -> ExportReport:
    """Write the tables and CSV parts of a spec; the parts are reported in the order of the file.

    ``copies`` of a dataset is the number of daily rows that went in. Profiles have no values of masked columns; those
    of entities have ``crossed`` if their events are exported in the same job.
    """
    # At the same time: the exports of one dataset use the cores that another leaves idle at its start and end.
    threads = ThreadPoolExecutor(len(spec.exports) or 1)
    try:
        written = list(threads.map(partial(_export, spec, spread=spread), spec.exports))
    finally:
        threads.shutdown(wait=False)  # after an error the others must not be waited for
        if spec.scratch:
            FileSystem(spec.s3).delete_local_folder(spec.scratch)
    profiles = {one.dataset.name: made.profile for one, made in zip(spec.exports, written, strict=True)}
    return ExportReport(
        datasets={
            one.dataset.name: _report(one.dataset, made, profiles, spec.mask)
            for one, made in zip(spec.exports, written, strict=True)
        }
    )


def _export(spec: ExportSpec, one: DatasetExport, spread: Spread) -> Exported:
    dataset = one.dataset
    names = [column.name for column in dataset.columns]
    daily = daily_schema(dataset)
    target = Target(
        # Without the columns that only daily files have.
        schema=pa.schema([daily.field(name) for name in names]),
        csv=one.to_csv,
        parquet=one.to_table,
        s3=spec.s3,
        dataset=dataset,
        header=header(names) if one.csv_header else b"",
        suppressed=spec.suppressed if one.suppress_list else "",
        suppress_list=one.suppress_list,
    )
    if one.daily is None:
        return export_table(one.table or (), target, spread)
    if not spec.scratch:
        raise ValueError("the spec names no folder for scratch files")
    scratch = f"{spec.scratch}/{dataset.name}"
    places = Places(scratch, one.keep_in or f"{scratch}/kept")
    if dataset.is_events:
        made = export_interactions(one.daily, target, places, one.kept, spread, one.last_days)
    else:
        made = export_entities(one.daily, target, places, one.kept, spread)
    return made if one.keep_in else made._replace(kept=None)


def _report(
    dataset: Dataset, made: Exported, profiles: Mapping[str, PartProfile], mask: tuple[str, ...]
) -> DatasetExported:
    profile = masked_profile(made.profile.summary(dataset), masked_columns(dataset, mask))
    return DatasetExported(
        rows=sum(part.rows for part in made.parts),
        copies=sum(part.copies for part in made.parts),
        outside=sum(part.outside for part in made.parts),
        suppressed=sum(part.suppressed for part in made.parts),
        parts=made.parts,
        profile=structs.replace(profile, crossed=crossed(profiles).get(dataset.name)),
        reused=made.reused,
        kept=made.kept,
    )
