"""deploy/prometheus and deploy/grafana: their metrics exist in a real service, and each alert fires on its fault."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import lake
from lake.options import CacheOptions
from lake.records import watch_state
from lake.records.watch_state import WatchState
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.metrics import Metrics
from lake.storage import clock
from lake.storage.store import open_store
from tests.house import ROOT
from tests.lake.service.conftest import TwoReleases, _listening

DEPLOY = ROOT / "deploy"
RULES = [
    rule for group in yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/raglake.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool, which Debian's package prometheus has")
#: Families that appear with their first sample only, in a service that has not met it.
LATER = {"raglake_evaluation_score", "raglake_evaluation_age_seconds", "raglake_part_up"}


def promtool(*words: str) -> None:
    done = subprocess.run([str(PROMTOOL), *words], capture_output=True, text=True, cwd=DEPLOY / "prometheus")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def described(two_releases: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """Metrics of a service with all its parts, by name, with the labels of their samples."""
    url = str(tmp_path_factory.mktemp("monitoring") / "lake")
    shutil.copytree(two_releases.url, url)
    watch_state.write(open_store(url), WatchState(("docs",), 60.0, clock.now()).published([1.0]))
    index = lake.open_lake(url, cache=CacheOptions(url="redis://127.0.0.1:1/0"))
    keys, limits = KeyRing([Key("web", digest_of("x" * 20), "*", budget_usd_per_day=1.0)]), Capacity()
    app = create_app(index, keys, limits, query_log=True)
    running, stop = _listening(app, limits)
    _serve_one(running.service.metrics)
    running.post(key="x" * 20, text="which oil")
    yield _samples(running.get("/metrics", key="x" * 20).text)
    stop()


def _serve_one(metrics: Metrics) -> None:
    """What an answer and an error would count."""
    row: dict[str, Any] = {
        "kind": "answer",
        "outcome": "ok",
        "api_key": "web",
        "cached": "redis",
        "degraded": ["vector"],
    }
    row |= {"evidence": 1.0, "confidence": 1.0, "n_claims": 2, "n_flagged": 1, "n_input": 1, "n_output": 1}
    for cost in (0.1, None):
        metrics.served({**row, "chat_model": "m", "cost_usd": cost})


def _samples(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(raglake_\w+)(?:{(.*)})? ", text, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    families = re.findall(r"^# TYPE (raglake_\w+) ", text, re.MULTILINE)
    return found | {name: set() for name in families if name not in found}


def used(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Metrics of ours in an expression, with the labels that select them."""
    for name, selectors in re.findall(r"(raglake_\w+)(?:{([^}]*)})?", expression):
        yield name, set(re.findall(r"(\w+)\s*[=!]", re.sub(r'"[^"]*"', '""', selectors or "")))


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    yield from ((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"])
    yield from ((one["name"], one["expr"]) for one in DASHBOARD["annotations"]["list"])
    yield "job", DASHBOARD["templating"]["list"][1]["query"]["query"]


def test_each_metric_that_is_used_exists_with_its_labels(described: dict[str, set[str]]) -> None:
    wrong = []
    for where, expression in expressions():
        for name, labels in used(expression):
            missing = labels - described.get(name, set()) - {"job", "instance"} if name not in LATER else set()
            if name not in described or missing:
                wrong.append((where, name, missing))
    assert wrong == []


def test_labels_by_which_is_grouped_exist(described: dict[str, set[str]]) -> None:
    known = set().union(*described.values(), {"job", "instance", "part", "set", "level", "measure"})
    for where, expression in expressions():
        for labels in re.findall(r"by \(([\w, ]*)\)", expression):
            assert set(re.findall(r"\w+", labels)) <= known, where


def test_the_dashboard_is_laid_out_and_names_its_data_source() -> None:
    cells = [(x, y) for one in DASHBOARD["panels"] for x, y in _cells(one["gridPos"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in PANELS)
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/raglake.yml").read_text())["providers"][0]
    assert provider["type"] == "file"


def _cells(at: dict[str, int]) -> Iterator[tuple[int, int]]:
    yield from ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))


def test_each_alert_states_severity_cause_and_next_step_and_has_a_test() -> None:
    tests = yaml.safe_load((DEPLOY / "prometheus/rules.test.yml").read_text())["tests"]
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert {"summary", "action"} == rule["annotations"].keys()
        expected = [bool(one["alert_rule_test"][0]["exp_alerts"]) for one in tests if rule["alert"] in one["name"]]
        assert expected == [True, False], rule["alert"]


@needs_promtool
def test_promtool_accepts_the_configuration_and_each_alert_fires(tmp_path: Path) -> None:
    promtool("check", "rules", "rules.yml")
    promtool("test", "rules", "rules.test.yml")
    told = (DEPLOY / "prometheus/prometheus.yml").read_text()
    key = tmp_path / "key"
    key.write_text("x")
    (tmp_path / "rules.yml").write_text((DEPLOY / "prometheus/rules.yml").read_text())
    (tmp_path / "prometheus.yml").write_text(told.replace("/run/secrets/raglake_metrics_key", str(key)))
    promtool("check", "config", str(tmp_path / "prometheus.yml"))
    promtool("check", "config", "--syntax-only", "prometheus.yml")


@needs_promtool
def test_promtool_accepts_each_expression_of_the_dashboard(tmp_path: Path) -> None:
    told = [
        re.sub(r"\$__rate_interval", "5m", e).replace("$job", ".*") for _, e in expressions() if "label_values" not in e
    ]
    rules = [{"record": f"panel:{n}", "expr": expression} for n, expression in enumerate(told)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(tmp_path / "rules.yml"))


def test_a_share_of_what_never_happened_is_zero() -> None:
    """A counter exists once it counted; a panel without data looks as if the service were gone."""
    shares = [target["expr"] for panel in PANELS for target in panel["targets"] if " / " in target["expr"]]
    rare = [
        one for one in shares if re.search(r"(?:outcome|state|status)=~?\"|degraded_total", one.partition(" / ")[0])
    ]
    assert len(rare) == 7
    assert all(" or " in one and "0 * sum" in one for one in rare)
