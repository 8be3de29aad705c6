"""Everything below ``defs/``, and the executor of this project, which both dataset groups run on."""

from pathlib import Path

import dagster as dg

EXECUTOR = dg.multiprocess_executor.configured({"max_concurrent": 2}, name="two_processes")


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of the code location."""
    found = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(found, dg.Definitions(executor=EXECUTOR))
