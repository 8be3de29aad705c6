"""Arguments of `deploy`; integration/deploy/ deploys."""

from __future__ import annotations

from personalize_assets_tests.helpers.command import invoke


def test_a_parameter_without_a_value_is_a_wrong_argument() -> None:
    result = invoke("deploy", "--parameter", "NumberOfWorkers")

    assert (result.exit_code, "'NumberOfWorkers' has no value" in result.stderr) == (2, True)
