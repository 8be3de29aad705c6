"""Templates are rendered, and all else stays as written."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from dagster.components.resolved.errors import ResolutionException

from personalize_assets.components.templates import rendered


def render(value: Any, **scope: Any) -> Any:
    return rendered(value, dg.ResolutionContext.default().with_scope(**scope).at_path("config"))


@pytest.mark.parametrize("text", ["1.10", "0123", "True", "['a']", "", "{'a': 1}", "None"])
def test_a_text_without_a_template_stays_as_written(text: str) -> None:
    assert render(text) == text


@pytest.mark.parametrize("value", ["1.10", "0123", "[a]", "true"])
def test_the_environment_gives_text_as_it_is(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALUE", value)

    assert render("{{ env.VALUE }}") == value
    assert render({"where": ["a", "x {{ env('VALUE') }}"]}) == {"where": ["a", f"x {value}"]}


def test_a_template_that_is_the_whole_text_may_give_any_object() -> None:
    assert render("{{ events() }}", events=lambda: ["a", "b"]) == ["a", "b"]


def test_a_variable_that_is_not_set_is_refused_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MISSING", raising=False)

    with pytest.raises(ResolutionException) as refused:
        render({"source": {"uri": "s3://{{ env.MISSING }}/raw"}})

    assert str(refused.value) == (
        "config.source.uri: 's3://{{ env.MISSING }}/raw': gives nothing; set the environment variable, or write a "
        "default, as {{ env('NAME', 'value') }}"
    )


def test_an_unknown_name_is_refused_with_the_key() -> None:
    with pytest.raises(ResolutionException) as refused:
        render(["{{ stage }}"])

    assert str(refused.value) == "config.0: '{{ stage }}': 'stage' is undefined"


def test_a_fault_of_a_function_of_the_project_is_named_with_the_key() -> None:
    def fails() -> str:
        raise ZeroDivisionError("no")

    with pytest.raises(ResolutionException, match=r"^config: '\{\{ fails\(\) \}\}': ZeroDivisionError: no$"):
        render("{{ fails() }}", fails=fails)
