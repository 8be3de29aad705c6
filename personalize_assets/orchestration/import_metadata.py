"""What the UI shows of an import: what Personalize holds, what was sent, and where to look in the console."""

from __future__ import annotations

import json
from collections.abc import Mapping

import dagster as dg

from personalize_assets.orchestration.charts import days_chart
from personalize_assets.orchestration.metadata import Metadata, rows_table
from personalize_assets.pipeline.importing.comparison import Comparison
from personalize_assets.pipeline.importing.events_config import events_config
from personalize_assets.pipeline.importing.import_results import ImportOutcome
from personalize_assets.sizes import format_size


def import_metadata(outcome: ImportOutcome, compared: Comparison | None = None, *, charts: bool = True) -> Metadata:
    """An import. Rows held are those of imports; what applications sent to Personalize is there besides."""
    held, job = outcome.held, outcome.job
    profile = held.profile if held else None
    metadata: Metadata = {}
    if charts and profile and profile.days and (chart := days_chart(profile.days)):
        metadata["chart: rows held by day"] = chart
    metadata |= {
        "dagster/row_count": held.rows if held else 0,
        "pending_rows": outcome.pending,
        "rows_sent": sum(sent.rows for sent in outcome.sent),
        "bytes_sent": sum(sent.bytes for sent in outcome.sent),
        "size_sent": format_size(sum(sent.bytes for sent in outcome.sent)),
        "mode": outcome.sent[-1].mode if outcome.sent else "nothing was sent",
        "why": outcome.sent[-1].why if outcome.sent else outcome.why,
        "seconds": round(outcome.seconds, 1),
        "console": dg.MetadataValue.url(outcome.console),
        "dataset_arn": outcome.ready.dataset_arn,
        "schema_arn": outcome.ready.schema_arn,
        "dataset_group_arn": outcome.ready.group_arn,
    }
    if job is not None:
        metadata["import_job_arn"] = job.arn
        metadata["import_job"] = job.name
        metadata["imported_at"] = dg.MetadataValue.timestamp(job.updated)
    if held is not None:
        metadata["holds_export"] = held.path
        metadata["arrival_days_held"] = len(held.days)
    if outcome.ready.added:
        metadata["added_columns"] = ", ".join(outcome.ready.added)
    for name in outcome.untrained:
        metadata[f"not yet trained on: {name}"] = f"column {name} is imported; {', '.join(outcome.solutions)} are older"
    if compared is not None:
        metadata |= {"rows_exported": compared.exported, "rows_in_personalize": compared.held}
    if profile and profile.events:
        metadata["event_types"] = rows_table(_event_types(profile.events))
        text = json.dumps(events_config(profile.events), indent=1)
        metadata["events_config"] = dg.MetadataValue.md(f"```json\n{text}\n```")
    return metadata


def _event_types(events: Mapping[str, int]) -> list[dict[str, object]]:
    return [{"EVENT_TYPE": name, "rows": events[name]} for name in sorted(events, key=lambda name: -events[name])]
