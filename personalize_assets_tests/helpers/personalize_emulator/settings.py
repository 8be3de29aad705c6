"""What a test can set about the service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Settings:
    """Limits and behaviour; may be changed at any time.

    The defaults of limits are those of page limits (September 2026). That of deletion jobs is from page delete-records,
    those of pages are small, so that a client that forgets paging fails.

    Attributes:
        partition: In ARNs; ``account`` and ``region`` likewise. Requests signed for another region are refused.
        page_size: Most things on a page of a list.
        polls_per_state: Describes or lists of a thing, after which it has its next state. 0: they do not move it.
        seconds_per_state: Seconds of ``advance`` after which a thing has its next state.
        max_running_import_jobs: Pending or in progress, over region and account.
        max_dataset_groups: Over region and account; ``max_schemas`` likewise.
        max_pending_deletion_jobs: Of a dataset group.
        max_tags: Of a resource (page tagging-resources).
        min_interactions: Records of an import of interactions, and of an incremental one of action interactions.
        max_full_bytes: Of all files of an import; ``max_incremental_bytes`` and ``max_deletion_bytes`` likewise.
        checks_bucket_policy: Jobs fail unless the bucket's policy lets Personalize in.
        roles: ARNs of the roles that exist; None: every role does.
        reads_only_csv: An import ignores files in a folder whose names do not end with ``.csv`` (not documented).
        refuses_updates_late: UpdateDataset with a schema that does not fit is accepted, and fails afterwards. Which of
            the two the service does is not documented.
        keeps_jobs_of_deleted_datasets: They stay in lists, and their names stay taken (not documented). A dataset that
            is created again has the same ARN.
        export_part_rows: Rows of a file that an export job writes.
    """

    partition: str = "aws"
    account: str = "123456789012"
    region: str = "eu-central-1"
    page_size: int = 3
    polls_per_state: int = 1
    seconds_per_state: float = 60.0
    max_running_import_jobs: int = 5
    max_dataset_groups: int = 5
    max_schemas: int = 500
    max_pending_deletion_jobs: int = 5
    max_tags: int = 50
    min_interactions: int = 1_000
    max_full_bytes: int = 100 * 1024**3
    max_incremental_bytes: int = 1024**3
    max_deletion_bytes: int = 100 * 1024**2
    checks_bucket_policy: bool = True
    roles: set[str] | None = None
    reads_only_csv: bool = False
    refuses_updates_late: bool = False
    keeps_jobs_of_deleted_datasets: bool = True
    export_part_rows: int = 10_000
