"""The lists of current files that Athena reads."""

from personalize_assets.storage.destination import Destination
from personalize_assets.storage.file_lists import put_file_lists
from personalize_assets.storage.manifests import DayCommit
from personalize_assets_tests.helpers.days_contract import DAY, NEW, change, keys, names
from personalize_assets_tests.helpers.stored import put_day


def test_a_list_names_the_current_files_of_a_day_and_no_others(bucket: str) -> None:
    destination = Destination(f"s3://{bucket}/out")
    put_day(destination, DAY, change(NEW).datasets)
    put_day(destination, "2026-10-02", {"users": DayCommit(run=NEW, mapping="m")})
    put_day(destination, "2026-10-03", {"interactions": DayCommit(run=NEW, mapping="m")})

    put_file_lists(destination, [DAY, "2026-10-02", "2026-10-03"])

    lists = {key: destination.store.read(key) for key in keys(destination, "filtered_interactions/")}
    assert lists == {
        f"filtered_interactions/_lists/day={DAY}/files": f"s3://{bucket}/out/{names(NEW)[0]}\n".encode(),
        "filtered_interactions/_lists/day=2026-10-03/files": b"",
    }


def test_interactions_with_actions_have_lists_of_their_own(bucket: str) -> None:
    destination = Destination(f"s3://{bucket}/actions")
    made = DayCommit(run=NEW, mapping="m", files=("filtered_action_interactions/day=2026-10-01/a.parquet",))
    put_day(destination, DAY, {"interactions": DayCommit(run=NEW, mapping="m"), "action_interactions": made})

    put_file_lists(destination, [DAY], ["actions", "action_interactions"])

    assert keys(destination, "filtered_interactions/") == []
    assert destination.store.read(f"filtered_action_interactions/_lists/day={DAY}/files") == (
        f"s3://{bucket}/actions/filtered_action_interactions/day=2026-10-01/a.parquet\n".encode()
    )
