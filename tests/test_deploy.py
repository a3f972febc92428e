"""What deploy/ says agrees with the code: commands, environment variables, places, and one file with another."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from typer.main import get_command

from flows.fleet import file as fleet

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def read(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


def test_compose_runs_commands_that_there_are_with_what_they_need() -> None:
    [compose] = read("compose.yaml")
    services, volumes = compose["services"], compose["volumes"]
    for service in services.values():
        needs = service.get("depends_on", {})
        assert needs.keys() <= services.keys()
        assert all("healthcheck" in services[n] for n, how in needs.items() if how["condition"] == "service_healthy")
        named = [mount.split(":")[0] for mount in service["volumes"] if re.match(r"[a-z0-9]+:", mount)]
        assert set(named) <= volumes.keys()
    assert [command for command in raglake_commands(services["deploy"]["command"])] == [
        ["deployments", "apply", "--pool", "lakes"],
        ["automations", "apply"],
    ]
    assert "--pool lakes " in services["worker"]["command"]
    [mount] = services["deploy"]["volumes"]
    assert mount.split(":")[1] == environment(DOCKERFILE)[fleet.VARIABLE]
    home = environment(DOCKERFILE)["RAGLAKE_HOME"]
    assert all(
        mount.split(":")[-1 if mount.count(":") == 1 else -2].startswith(home)
        for mount in services["worker"]["volumes"]
    )


def raglake_commands(command: str) -> Iterator[list[str]]:
    """The calls of raglake in a shell's line; typer finds each command and each option."""
    from flows.cli.app import command_line

    for words in map(shlex.split, re.findall(r"raglake ([a-z][^&\n\"]*)", command)):
        group = get_command(command_line()).commands[words[0]]  # type: ignore[attr-defined]
        known = {option for parameter in group.commands[words[1]].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
        yield words


def environment(dockerfile: str) -> dict[str, str]:
    return dict(re.findall(r"([A-Z_]+)=(\S+)", dockerfile))


def test_the_image_holds_every_package_and_the_extras_it_speaks_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = [name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]]
    assert set(re.findall(r"^COPY (\w+) \w+$", DOCKERFILE, re.M)) == set(packages)
    extras = project["project"]["optional-dependencies"]
    assert {"service", "kubernetes", "dask", "gcs", "ray"} <= extras.keys()
    [torch] = re.findall(r"torch==[\d.]+", DOCKERFILE)
    assert torch in project["project"]["dependencies"]


def test_the_template_of_jobs_has_a_value_for_each_of_its_places() -> None:
    template = json.loads((DEPLOY / "kubernetes/base-job-template.json").read_text())
    places = set(re.findall(r"{{ (\w+) }}", json.dumps(template["job_configuration"])))
    assert places == template["variables"]["properties"].keys()
    job = template["job_configuration"]["job_manifest"]["spec"]
    pod = job["template"]["spec"]
    [container] = pod["containers"]
    assert container["name"] == "prefect-job"  # prefect-kubernetes refuses any other
    [claim] = [one for one in read("kubernetes/raglake.yaml") if one["kind"] == "PersistentVolumeClaim"]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert container["volumeMounts"][0]["mountPath"].startswith(environment(DOCKERFILE)["RAGLAKE_HOME"])
    assert template["variables"]["properties"]["namespace"]["default"] == claim["metadata"]["namespace"]


def test_the_example_of_a_file_of_lakes_can_be_read_with_all_that_is_commented_out(tmp_path: Path) -> None:
    assert list(fleet.read(DEPLOY / "raglake.yaml").lakes) == ["manuals"]
    (tmp_path / "whole.yaml").write_text((DEPLOY / "raglake.yaml").read_text().replace("  # ", "  "))
    whole = fleet.read(tmp_path / "whole.yaml").lakes
    assert [lake.overlap for lake in whole.values()] == ["skip", "queue"]
    assert whole["tickets"].notify == ["slack-webhook/operators"]
