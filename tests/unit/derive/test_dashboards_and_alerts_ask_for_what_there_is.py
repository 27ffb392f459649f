"""Dashboards, rules and alerts name metrics, labels, methods and reasons that exist, and say what they should."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from mootion.errors.v1 import reason_pb2

from mesh.errors import reason_name
from mesh.metrics import JOB_OUTCOMES, Metrics
from mesh.policy import all_methods

ROOT = Path(__file__).parents[3]
DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
RULES = [ROOT / "deploy" / "prometheus" / name for name in ("objectives.yml", "alerts.yml")]
RULE_TESTS = sorted((ROOT / "deploy" / "prometheus" / "tests").glob("*.yml"))
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
# Of Prometheus itself, and what an aggregation or a rule adds.
OF_OTHERS = ("vector(1)", "up{", "min(envoy_server_days_until_first_cert_expiring)")
OTHER_LABELS = {"job", "instance", "le", "class", "severity", "alertname", "window"}

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is missing"
)


def documented() -> dict[str, set[str]]:
    """Labels by series, as docs/telemetry.md lists them."""
    section = (ROOT / "docs" / "telemetry.md").read_text().split("## Metrics\n")[1].split("\n## ")[0]
    found: dict[str, set[str]] = {}
    for line in section.splitlines():
        if not line.startswith("| `"):
            continue
        name, kind, labels, _ = (cell.strip() for cell in line.strip("|").split("|"))
        base = name.strip("`").removesuffix("_total")
        for suffix in SUFFIXES[kind]:
            found[base + suffix] = set(re.findall(r"`([^`]+)`", labels))
    return found


def rules() -> Iterator[Mapping[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def of_dashboards() -> Iterator[str]:
    for path in DASHBOARDS:
        content = json.loads(path.read_text())
        for panel in content["panels"]:
            yield from (target["expr"] for target in panel["targets"])
        for variable in content["templating"]["list"]:
            if variable["type"] == "query":
                yield variable["query"]["query"]


EXPRESSIONS = sorted({*of_dashboards(), *(rule["expr"] for rule in rules())})


def test_there_are_expressions_and_three_dashboards() -> None:
    assert len(EXPRESSIONS) > 60
    assert [path.stem for path in DASHBOARDS] == ["identity-and-limits", "queue-and-renders", "services"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_only_metrics_and_labels_of_the_telemetry_table(expression: str) -> None:
    known, of_rules = documented(), recorded()
    series = re.findall(r"\b(mootion[:_][a-z0-9_:]+)(?:\{([^}]*(?:\{[^}]*\}[^}]*)*)\})?", expression)
    assert series or expression.startswith(OF_OTHERS)
    for name, selectors in series:
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', selectors)))
        if name in of_rules:
            continue
        assert name in known, f"{name} is not in docs/telemetry.md"
        assert labels <= known[name] | OTHER_LABELS, f"{name} has no label {labels - known[name]}"
    grouped = set(
        chain(*(re.split(r"[ ,]+", found) for found in re.findall(r"\bby \(([^)]*)\)", expression)))
    )
    assert grouped <= set(chain(*known.values())) | OTHER_LABELS


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_only_methods_reasons_topics_and_outcomes_that_exist(expression: str) -> None:
    paths = {method.path for method in all_methods()}
    for found in re.findall(r'method="(/[^"]*)"', expression):
        assert found in paths
    reasons = {reason_name(value) for value in reason_pb2.Reason.values()}
    for found in re.findall(r'reason=~?"([^"]*)"', expression):
        assert set(found.split("|")) <= reasons
    for found in re.findall(r'topic="([^"]*)"', expression):
        assert found in {"video.plan", "video.scene", "video.stitch", "document.process", "search.reconcile"}
    for found in re.findall(r'mootion_jobs_total\{[^}]*outcome=~?"([^"]*)"', expression):
        assert set(found.split("|")) <= set(JOB_OUTCOMES)


def test_every_metric_is_on_a_dashboard() -> None:
    shown = " ".join(of_dashboards())
    registered = {found._name for found in Metrics().registry._collector_to_names}  # type: ignore[attr-defined]
    assert {name for name in registered if name not in shown} == set()


def test_every_alert_is_explained_and_every_explained_alert_exists() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    explained = (ROOT / "docs" / "slo.md").read_text().split("## What to do when")[1]
    assert set(re.findall(r"`(Mootion\w+)`", explained)) == alerts


def test_panels_of_a_dashboard_have_ids_of_their_own_and_do_not_overlap() -> None:
    for path in DASHBOARDS:
        panels = json.loads(path.read_text())["panels"]
        places = [
            (x, y)
            for panel in panels
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        ]
        assert len(places) == len(set(places))
        assert all(x < 24 for x, _ in places)
        assert len({panel["id"] for panel in panels}) == len(panels)


@promtool
@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rules_are_valid(path: Path) -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_the_configuration_is_valid() -> None:
    path = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    done = subprocess.run(
        ["promtool", "check", "config", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_not_otherwise(path: Path) -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    asked = []
    for number, expression in enumerate(EXPRESSIONS):
        filled = expression.replace("$__rate_interval", "1m").replace("${service:regex}", "[a-z]+")
        if filled.startswith("label_values("):
            filled = filled.removeprefix("label_values(").split(",")[0]
        asked.append({"record": f"expression:{number}", "expr": filled})
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": asked}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test_of_its_own() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    tested = set()
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            tested |= {found["alertname"] for found in test.get("alert_rule_test", []) if found["exp_alerts"]}
    assert alerts - tested == set()
