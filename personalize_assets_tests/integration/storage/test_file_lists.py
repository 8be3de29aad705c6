"""The lists of current files that Athena reads."""

from personalize_assets.storage.destination import Destination
from personalize_assets.storage.file_lists import put_file_lists
from personalize_assets.storage.manifests import DayCommit, DayState
from personalize_assets_tests.helpers.days_contract import DAY, NEW, change, keys, names


def test_a_list_names_the_current_files_of_a_day_and_no_others(bucket: str) -> None:
    destination = Destination(f"s3://{bucket}/out")
    of_users = DayState(day="2026-10-02", datasets={"users": DayCommit(run=NEW, mapping="m")})
    empty = DayState(day="2026-10-03", datasets={"interactions": DayCommit(run=NEW, mapping="m")})

    put_file_lists(
        destination,
        {DAY: DayState(day=DAY, datasets=dict(change(NEW).datasets)), "2026-10-02": of_users, "2026-10-03": empty},
    )

    lists = {key: destination.store.read(key) for key in keys(destination)}
    assert lists == {
        f"filtered_interactions/_lists/day={DAY}/files": f"s3://{bucket}/out/{names(NEW)[0]}\n".encode(),
        "filtered_interactions/_lists/day=2026-10-03/files": b"",
    }
