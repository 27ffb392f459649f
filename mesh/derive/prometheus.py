"""Recording rules and burn-rate alerts of the objectives, for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from mesh.derive.contracts import Contracts
from mesh.derive.objectives import CLASSES, DAYS, OUR_FAULT, MethodClass, classes_by_path
from mesh.errors import reason_name

_HEAD = """\
# Made by `make gen` from the contracts and mesh/derive/objectives.py; do not edit. docs/slo.md says what it is for.
groups:
"""
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@dataclass(frozen=True)
class Burn:
    """How fast the error budget may burn, over a long window and a short one that ends the alert soon."""

    severity: str
    rate: float
    long: str
    short: str


# Beyer et al., The Site Reliability Workbook, chapter 5: 2 % of the budget in an hour, 5 % in six hours, 10 % in a day
# and 10 % in three days.
BURNS = (
    Burn("page", 14.4, "1h", "5m"),
    Burn("page", 6.0, "6h", "30m"),
    Burn("ticket", 3.0, "1d", "2h"),
    Burn("ticket", 1.0, "3d", "6h"),
)


def rules(contracts: Contracts) -> str:
    """The file of rules, as YAML."""
    lines = [*_classes(contracts), *_ratios(), *_alerts()]
    return _HEAD + "\n".join(lines) + "\n"


def _classes(contracts: Contracts) -> Iterator[str]:
    yield from ("  - name: mootion method classes", "    rules:")
    for path, cls in classes_by_path(contracts).items():
        yield "      - record: mootion:method_class"
        yield "        expr: vector(1)"
        yield f'        labels: {{method: "{path}", class: "{cls.name}"}}'


def _ratios() -> Iterator[str]:
    yield from ("  - name: mootion objectives", "    rules:")
    for window in _WINDOWS:
        yield from _record(f"mootion:unavailable:ratio_rate{window}", _unavailable(window))
        for cls in CLASSES:
            if cls.seconds is not None:
                name = f"mootion:slow:ratio_rate{window}"
                yield from _record(name, _slow(cls, window), f'{{class: "{cls.name}"}}')


def _record(name: str, expression: str, labels: str = "") -> Iterator[str]:
    yield f"      - record: {name}"
    yield f"        expr: {expression}"
    if labels:
        yield f"        labels: {labels}"


def _unavailable(window: str) -> str:
    reasons = "|".join(reason_name(reason) for reason in OUR_FAULT)
    calls = _by_class(f"mootion_calls_total[{window}]")
    failed = _by_class(f'mootion_failed_calls_total{{reason=~"{reasons}"}}[{window}]')
    return f"({failed} or {calls} * 0) / ({calls} > 0)"


def _by_class(counter: str) -> str:
    return f"sum by (class) (rate({counter}) * on (method) group_left (class) mootion:method_class)"


def _slow(cls: MethodClass, window: str) -> str:
    of_class = f'* on (method) group_left () mootion:method_class{{class="{cls.name}"}}'
    fast = f'sum(rate(mootion_call_seconds_bucket{{le="{_bucket(cls)}"}}[{window}]) {of_class})'
    calls = f"sum(rate(mootion_call_seconds_count[{window}]) {of_class})"
    return f"1 - {fast} / ({calls} > 0)"


def _bucket(cls: MethodClass) -> str:
    assert cls.seconds is not None
    return str(float(cls.seconds))


def _alerts() -> Iterator[str]:
    yield from ("  - name: mootion error budgets", "    rules:")
    for cls in CLASSES:
        for burn in BURNS:
            yield from _alert("Unavailable", "unavailable", cls, cls.available, burn)
    for cls in CLASSES:
        if cls.fast is not None:
            for burn in BURNS:
                yield from _alert("Slow", "slow", cls, cls.fast, burn)


def _alert(what: str, ratio: str, cls: MethodClass, objective: float, burn: Burn) -> Iterator[str]:
    most = f"{burn.rate:g} * {1 - objective:.4g}"
    of_class = f'{{class="{cls.name}"}}'
    long, short = (f"mootion:{ratio}:ratio_rate{window}{of_class}" for window in (burn.long, burn.short))
    spent = "fail" if ratio == "unavailable" else f"take more than {cls.seconds:g} s"
    yield f"      - alert: Mootion{what}"
    yield f"        expr: {long} > {most} and {short} > {most}"
    yield f"        labels: {{severity: {burn.severity}, class: {cls.name}, window: {burn.long}}}"
    yield "        annotations:"
    yield f'          summary: "{{{{ $value | humanizePercentage }}}} of {cls.name} calls {spent}"'
    yield f'          description: "Burns the budget of {DAYS} days {burn.rate:g} times too fast; see docs/slo.md"'
