"""How `rejects` prints what it found."""

from __future__ import annotations

import json

import pytest

from personalize_assets.local_run.printed_json import print_json
from personalize_assets.local_run.rejects_lines import print_rejects, sample_lines
from personalize_assets.pipeline.rejects import RejectCount, Rejects, RejectSample

SAMPLE = RejectSample("2026-10-01", "interactions", "missing:USER_ID", "s3://b/raw/a.json", '{"item": "i"}')
FOUND = Rejects(
    "shop",
    2,
    1001,
    (RejectCount("interactions", "missing:USER_ID", 1000), RejectCount("", "malformed_json", 1)),
    (SAMPLE, RejectSample("2026-10-02", "", "malformed_json", "s3://b/raw/b.json", None)),
)


def test_counts_and_samples_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_rejects(FOUND)

    assert capsys.readouterr().out == (
        "1,001 rejects in 2 converted days of shop\n"
        "\n"
        "dataset       rejects  reason\n"
        "interactions    1,000  missing:USER_ID\n"
        "-                   1  malformed_json\n"
        "\n"
        "2026-10-01 interactions missing:USER_ID, from s3://b/raw/a.json\n"
        '  {"item": "i"}\n'
        "\n"
        "2026-10-02 malformed_json, from s3://b/raw/b.json\n"
    )


def test_without_any_one_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_rejects(Rejects("shop", 1, 0, (), ()))

    assert capsys.readouterr().out == "No such rejects in 1 converted day of shop\n"


def test_control_characters_do_not_reach_the_terminal() -> None:
    sample = RejectSample("2026-10-01", "", "malformed_json", "a", "\x1b[2Jzoé\n\u202e")

    assert list(sample_lines(sample))[1] == r"  \x1b[2Jzoé\n\u202e"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (400, "{" + "x" * 398 + "!"),
        (401, "{" + "x" * 239 + " … " + "x" * 159 + "! (--json has more)"),
    ],
)
def test_of_a_long_text_the_beginning_and_the_end_are_printed(length: int, text: str) -> None:
    sample = RejectSample("2026-10-01", "", "malformed_json", "a", "{" + "x" * (length - 2) + "!")

    assert list(sample_lines(sample))[1] == f"  {text}"


def test_json_has_all_keys(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(FOUND)

    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["dataset_group", "days", "total", "counts", "samples"]
    assert found["samples"][1] == {
        "day": "2026-10-02", "dataset": "", "reason": "malformed_json", "file": "s3://b/raw/b.json", "raw": None,
    }  # fmt: skip
