"""Which files an export leaves for the next one."""

from personalize_assets.conversion.kept import (
    Checkpoint,
    EntityCheckpoints,
    HashRun,
    InteractionSegments,
    MonthSegment,
    PartReport,
    Reduced,
)


def test_the_files_of_segments_are_parts_hashes_profiles_and_repeated_keys() -> None:
    month = MonthSegment(
        month="2026-10",
        inputs="i",
        parts=(PartReport(part=0, csv="a.csv"), PartReport(part=1)),
        hashes=(HashRun("h", (1,)),),
        profile="p",
    )

    assert InteractionSegments(made="m", months=(month,), repeated=("r",)).files() == {"a.csv", "h", "p", "r"}


def test_the_files_of_checkpoints_are_those_of_months_and_of_all_before() -> None:
    months = tuple(Checkpoint(until=name, inputs="i", files=(Reduced(name, 1, ()),)) for name in ("2026-09", "2026-10"))
    before = Checkpoint(until="2026-09", inputs="i", files=(Reduced("before", 1, ()),))

    assert EntityCheckpoints(made="m", months=months).files() == {"2026-09", "2026-10"}
    assert EntityCheckpoints(made="m", months=months, before=before).files() == {"2026-09", "2026-10", "before"}


def test_a_run_knows_how_many_hashes_it_has() -> None:
    assert HashRun("h", (0, 3, 7)).hashes == 7
