"""What deploy/ says agrees with the code: commands, environment variables, places, and one file with another."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from flows.fleet import file as fleet
from lake.service.guard import OPEN

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
        assert set(needs) <= services.keys()
        healthy = [n for n in needs if isinstance(needs, dict) and needs[n]["condition"] == "service_healthy"]
        assert all("healthcheck" in services[n] for n in healthy)
        named = [mount.split(":")[0] for mount in service.get("volumes", ()) if re.match(r"[a-z0-9]+:", mount)]
        assert set(named) <= volumes.keys()
    assert list(raglake_commands(services["service"]["command"])) == [services["service"]["command"].split()[1:]]
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

    for words in map(shlex.split, re.findall(r"raglake ([a-z][^&\n\"]*)", command.replace("\n", " "))):
        command_ = get_command(command_line()).commands[words[0]]  # type: ignore[attr-defined]
        command_ = command_.commands[words[1]] if hasattr(command_, "commands") else command_
        known = {option for parameter in command_.params for option in parameter.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known
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


def objects(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["kind"], one["metadata"]["name"]): one for one in read(f"kubernetes/{name}.yaml")}


def test_the_service_in_kubernetes_runs_a_command_that_there_is_and_is_asked_what_it_answers() -> None:
    found = objects("service")
    pod = found["Deployment", "service"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert len(list(raglake_commands(" ".join(container["args"])))) == 1
    [port] = container["ports"]
    assert f"--port={port['containerPort']}" in container["args"]
    probes = {name: container[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe", "startupProbe")}
    assert probes == {
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
        "startupProbe": "/health/live",
    }
    assert set(probes.values()) <= OPEN
    stopping = 5 + int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > stopping
    assert "replicas" not in found["Deployment", "service"]["spec"]


def test_one_image_runs_all_that_kubernetes_does() -> None:
    stated = re.compile(r"EXTRAS=([a-z,]+)")
    places = ("kubernetes/raglake.yaml", "kubernetes/service.yaml", "../docs/operations.md")
    extras = [stated.findall((DEPLOY / place).read_text()) for place in places]
    assert extras == [["kubernetes,service,redis"]] * 3


def test_a_job_stores_the_secret_of_the_cache_where_the_service_can_only_read() -> None:
    found = objects("service")
    pod = found["Job", "cache-secret"]["spec"]["template"]["spec"]
    [container], [served] = pod["containers"], found["Deployment", "service"]["spec"]["template"]["spec"]["containers"]
    assert len(list(raglake_commands(" ".join(container["args"])))) == 1
    assert container["args"][-1] in served["args"]
    assert container["env"][0] == served["env"][0]
    assert {"name": "lakes", "mountPath": "/srv/raglake/lakes"} in container["volumeMounts"]


@pytest.mark.parametrize("name", ["service", "monitoring"])
def test_pods_have_no_rights_and_limits_and_what_they_mount(name: str) -> None:
    found = objects(name)
    deployments = [one for (kind, _), one in found.items() if kind == "Deployment"]
    jobs = [one for (kind, _), one in found.items() if kind == "Job"]
    assert deployments
    for one in (*deployments, *jobs):
        pod = one["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
            assert ":" in container["image"] or container["image"] == "raglake"
    by_label = {one["spec"]["template"]["metadata"]["labels"]["app"] for one in deployments}
    for (kind, _), one in found.items():
        if kind == "Service":
            assert one["spec"]["selector"]["app"] in by_label
        if kind == "HorizontalPodAutoscaler":
            assert ("Deployment", one["spec"]["scaleTargetRef"]["name"]) in found
        if kind in ("PodDisruptionBudget", "NetworkPolicy"):
            selector = one["spec"].get("selector") or one["spec"]["podSelector"]
            assert selector["matchLabels"]["app"] in by_label


def test_the_lake_of_the_service_is_read_only() -> None:
    [compose] = read("compose.yaml")
    service = compose["services"]["service"]
    assert service["read_only"]
    assert all(mount.endswith(":ro") for mount in service["volumes"])
    [container] = objects("service")["Deployment", "service"]["spec"]["template"]["spec"]["containers"]
    lakes = next(one for one in container["volumeMounts"] if one["name"] == "lakes")
    assert lakes["readOnly"]
    assert lakes["mountPath"].startswith(environment(DOCKERFILE)["RAGLAKE_HOME"])


def test_what_compose_mounts_of_this_folder_is_in_it() -> None:
    [compose] = read("compose.yaml")
    mounts = [mount for one in compose["services"].values() for mount in one.get("volumes", ()) if mount[:2] == "./"]
    assert len(mounts) == 4
    assert all((DEPLOY / mount.split(":")[0]).exists() for mount in mounts)


def test_prometheus_has_the_key_and_the_rules_that_it_reads() -> None:
    [stated] = read("prometheus/prometheus.yml")
    inside = yaml.safe_load(objects("monitoring")["ConfigMap", "prometheus"]["data"]["prometheus.yml"])
    [compose] = read("compose.yaml")
    places = [mount.removesuffix(":ro").rpartition(":")[2] for mount in compose["services"]["prometheus"]["volumes"]]
    pod = objects("monitoring")["Deployment", "prometheus"]["spec"]["template"]["spec"]
    mounted = [one["mountPath"] for one in pod["containers"][0]["volumeMounts"]]
    for config, paths in ((stated, places), (inside, mounted)):
        [job] = config["scrape_configs"]
        key, [rules] = job["authorization"]["credentials_file"], config["rule_files"]
        assert any(key.startswith(path) for path in paths)
        assert any(
            str(Path("/etc/prometheus", rules)).startswith(path) for path in paths if "prometheus.yml" not in path
        )
    assert stated["scrape_configs"][0]["static_configs"][0]["targets"] == ["service:8000"]
    assert inside["scrape_configs"][0]["dns_sd_configs"][0]["names"] == ["service-pods"]
    assert objects("service")["Service", "service-pods"]["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("name", ["raglake", "service", "monitoring"])
def test_manifests_are_of_the_types_of_kubernetes(name: str) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="72 MB of schemas; pip install kubernetes-validate")
    for one in read(f"kubernetes/{name}.yaml"):
        validator.validate(one, "1.37", strict=True)
