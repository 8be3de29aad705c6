"""docker/ agrees with itself, with the package and with production/."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from personalize_assets_tests.helpers.dockerfile import DOCKERFILE, Instruction, command, health_check, stages
from personalize_assets_tests.helpers.readme import table
from personalize_assets_tests.helpers.samples import REPO

DOCKER = REPO / "docker"
COMPOSE = (DOCKER / "compose.yaml").read_text()
EXAMPLE = (DOCKER / ".env.example").read_text()
PAGE = (REPO / "docs/how-to/production.md").read_text()
PORT = "4266"
EXACT_TAG = re.compile(r"[a-z-]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE)
    return loaded


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((REPO / "pyproject.toml").read_text())


def of(name: str, stage: int) -> list[Instruction]:
    return [one for one in stages()[stage] if one.name == name]


def test_continued_lines_comments_and_options_are_read() -> None:
    text = 'FROM x AS y\n# why\nRUN --mount=type=cache,target=/c \\\n    a \\\n    && b\nFROM z\nCMD ["c", "-d"]\n'

    first, second = stages(text)

    assert first[1] == Instruction("RUN", ("--mount=type=cache,target=/c",), "a && b")
    assert second[1].words == ["c", "-d"]


def test_the_base_image_has_an_exact_tag_and_a_python_that_the_package_takes(pyproject: dict[str, Any]) -> None:
    (image,) = re.findall(r"^ARG PYTHON_IMAGE=(.*)$", DOCKERFILE.read_text(), re.MULTILINE)

    assert EXACT_TAG.fullmatch(image), image
    assert [one.text.split()[0] for stage in stages() for one in stage if one.name == "FROM"] == ["${PYTHON_IMAGE}"] * 2
    minor = re.match(r"python:(\d+\.\d+)", image)
    assert minor
    assert f"Programming Language :: Python :: {minor[1]}" in pyproject["project"]["classifiers"]


def test_what_is_copied_exists_and_is_sent_to_the_build() -> None:
    ignore = [
        line for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] not in ("", "#")
    ]
    sources = {source for one in of("COPY", 0) for source in one.words[:-1]}

    assert {source for source in sources if not (REPO / source).exists()} == set()
    assert ignore[0] == "*"
    assert {line[1:] for line in ignore if line.startswith("!")} == sources


def test_all_that_the_wheel_is_built_from_is_copied(pyproject: dict[str, Any]) -> None:
    sources = {source for one in of("COPY", 0) for source in one.words[:-1]}
    named = {pyproject["project"]["readme"], *pyproject["project"]["license-files"]}
    grafted = {line.split()[1] for line in (REPO / "MANIFEST.in").read_text().splitlines()}

    assert {"pyproject.toml", "setup.py", "MANIFEST.in", "personalize_assets"} | named | grafted <= sources


def test_libraries_have_the_versions_of_the_constraints_and_extras_that_exist(pyproject: dict[str, Any]) -> None:
    runs = " ".join(one.text for one in of("RUN", 0))
    (extras,) = re.findall(r"\$1\[([\w,]+)\]", runs)
    (built_by,) = pyproject["build-system"]["requires"]
    (setuptools,) = re.findall(r"setuptools==([\d.]+)", runs)

    assert "install --constraint constraints.txt " in runs
    assert set(extras.split(",")) <= set(pyproject["project"]["optional-dependencies"])
    assert Requirement(built_by).specifier.contains(setuptools)


def test_nothing_of_the_build_but_the_environment_is_in_the_image() -> None:
    assert [(one.options, one.text) for one in of("COPY", 1)] == [(("--from=build",), "/opt/venv /opt/venv")]
    assert "--without-pip /opt/venv" in " ".join(one.text for one in of("RUN", 0))
    assert all("--mount=type=cache,target=/root/.cache/pip" in one.options for one in of("RUN", 0))


def test_the_image_runs_as_a_user_that_is_not_root_and_leaves_the_command_to_dagster() -> None:
    (user,) = of("USER", 1)

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user.text)
    assert of("ENTRYPOINT", 1) == []


def test_the_code_server_the_health_check_and_the_port_are_one() -> None:
    assert command() == [
        *("dagster", "code-server", "start", "-h", "0.0.0.0", "-p", PORT, "-m"),
        *("personalize_assets.definitions",),
    ]
    assert health_check() == ["dagster", "api", "grpc-health-check", "-p", PORT]
    assert [one.text for one in of("EXPOSE", 1)] == [PORT]


def test_compose_has_the_services_of_production(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert set(services) == {"postgres", "code", "webserver", "daemon"}
    assert services["code"]["command"] == command()
    assert services["code"]["healthcheck"]["test"] == ["CMD", *health_check()]
    assert services["webserver"]["command"][:3] == ["dagster-webserver", "-w", "/opt/dagster/workspace.yaml"]
    assert services["daemon"]["command"] == ["dagster-daemon", "run", "-w", "/opt/dagster/workspace.yaml"]
    assert services["webserver"]["ports"] == ["127.0.0.1:${PORT:-3000}:3000"]
    assert all("healthcheck" in service for service in services.values())
    assert services["code"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert all(
        services[name]["depends_on"] == {"code": {"condition": "service_healthy"}} for name in ("webserver", "daemon")
    )


def test_images_of_compose_have_exact_tags_and_ours_is_the_version_of_the_package(
    compose: dict[str, Any], pyproject: dict[str, Any]
) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}

    assert all(EXACT_TAG.fullmatch(image) for image in images.values())
    assert {images[name] for name in ("code", "webserver", "daemon")} == {
        f"personalize-assets:{pyproject['project']['version']}"
    }
    assert (REPO / "docker" / compose["services"]["code"]["build"]["context"]).resolve() == REPO.resolve()
    assert REPO / compose["services"]["code"]["build"]["dockerfile"] == DOCKERFILE


def test_files_that_compose_mounts_exist_and_its_volumes_are_declared(compose: dict[str, Any]) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service["volumes"]]
    sources = {re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mount).split(":")[0] for mount in mounts}
    files = {source for source in sources if source.startswith(".")}

    assert {source for source in files if not (DOCKER / source).exists()} == set()
    assert sources - files == set(compose["volumes"])


def test_services_have_the_variables_that_the_files_of_production_read(compose: dict[str, Any]) -> None:
    read = set()
    for name in ("dagster.yaml", "workspace.yaml"):
        read |= set(re.findall(r"\{env: (\w+)\}", (REPO / "production" / name).read_text()))

    assert read == {"DAGSTER_POSTGRES_URL", "DAGSTER_CODE_HOST", "DAGSTER_CODE_PORT"}
    for name in ("code", "webserver", "daemon"):
        assert read | {"DAGSTER_HOME"} <= set(compose["services"][name]["environment"])
        assert compose["services"][name]["environment"]["DAGSTER_CODE_PORT"] == PORT


def test_the_secrets_reach_only_the_code_server_and_the_password_is_in_no_file(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "env_file" in service] == ["code"]
    assert re.findall(r"\$\{POSTGRES_PASSWORD(.{2})", COMPOSE) == [":?", ":?"]
    assert re.search(r"^POSTGRES_PASSWORD=$", EXAMPLE, re.MULTILINE)


def test_every_variable_of_compose_is_in_the_example_and_on_the_page_with_its_default() -> None:
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE)) | {"POSTGRES_PASSWORD": "required"}
    on_page = {name: default.strip("`") for name, default, _ in table(PAGE, "variable in `docker/.env`")}

    assert on_page == defaults
    assert set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE)) >= set(defaults)


def test_other_variables_of_the_example_are_those_of_the_project() -> None:
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    known = set(re.findall(r"\b([A-Z][A-Z_]+)\b", (REPO / ".env.example").read_text()))

    assert named - known == {"POSTGRES_PASSWORD", "CONFIG_FOLDER", "CONFIG_FILE", "WITH_JAVA", "PORT"}


def test_volumes_of_compose_are_on_the_page(compose: dict[str, Any]) -> None:
    assert {row[0] for row in table(PAGE, "volume")} == set(compose["volumes"])


def test_the_build_takes_no_environment_files() -> None:
    lines = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    sent = [line[1:] for line in lines if line.startswith("!")]

    assert not any(fnmatch(name, pattern) for name in (".env", ".git", "docker/.env") for pattern in sent)
