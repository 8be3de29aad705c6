"""An import, and if the config says so, what Personalize holds afterwards by its own export."""

from __future__ import annotations

import time
from typing import NamedTuple

from personalize_assets.aws.personalize import Personalize
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.comparison import Comparison, compare
from personalize_assets.pipeline.importing.dataset_import import import_dataset, run_of
from personalize_assets.pipeline.importing.import_results import ImportOutcome
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.storage.manifests import ComparedRows


class ComparedImport(NamedTuple):
    """What an import did, and the comparison; None if there was none, for the reason in ``why_not``."""

    outcome: ImportOutcome
    comparison: Comparison | None
    why_not: str


def import_and_compare(
    group: DatasetGroup, name: str, api: Personalize, polling: Polling, *, again: bool = False
) -> ComparedImport:
    """As ``import_dataset``. The import is done if the comparison fails, which is then a line in the log."""
    outcome = import_dataset(group, name, api, polling, again=again)
    if not group.config.import_.compare:
        return ComparedImport(outcome, None, "`import.compare: on` compares them")
    if outcome.held is None or outcome.pending:
        return ComparedImport(outcome, None, "not all rows of the export are imported")
    try:
        found = compare(group, name, outcome.held, api, polling)
    except PersonalizeAssetsError as error:
        polling.log(f"{name} could not be compared: {error}")
        return ComparedImport(outcome, None, f"they could not be compared: {error}")
    if found is None:
        return ComparedImport(outcome, None, "Personalize exports neither actions nor action interactions")
    run = run_of(outcome.held)
    compared = ComparedRows(run, found.exported, found.held, time.time())
    group.destination.imports.put_compared(name, compared)
    return ComparedImport(outcome, found, "")
