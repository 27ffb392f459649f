"""Every method that people reach has objectives by its contract, and docs/slo.md says which."""

import re
from pathlib import Path

from mesh.derive import objectives, prometheus
from mesh.derive.contracts import Contracts
from mesh.derive.objectives import CLASSES, OUR_FAULT, class_of, classes_by_path
from mesh.errors import reason_name
from mesh.metrics import Metrics

ROOT = Path(__file__).parents[3]


def test_every_method_that_people_reach_has_a_class_and_no_other(contracts: Contracts) -> None:
    classes = classes_by_path(contracts)
    assert set(classes) == {method.rpc_path for method in contracts.methods if method.at_edge}
    assert classes["/mootion.quiz.v1.QuizService/GetQuiz"] is objectives.READ
    assert classes["/mootion.quiz.v1.QuizService/SubmitAttempt"] is objectives.WRITE
    assert classes["/mootion.quiz.v1.QuizService/GenerateQuiz"] is objectives.GENERATE
    assert classes["/mootion.video.v1.VideoService/WatchVideo"] is objectives.STREAM


def test_what_is_fast_is_well_within_the_deadline_of_every_method_of_its_class(contracts: Contracts) -> None:
    for method in contracts.methods:
        cls = class_of(method)
        if cls is not None and cls.seconds is not None:
            assert cls.seconds <= method.deadline_seconds


def test_the_seconds_of_an_objective_are_a_bucket_of_the_histogram() -> None:
    buckets = {str(bound) for bound in Metrics().call_seconds._kwargs["buckets"]}
    for cls in CLASSES:
        assert cls.seconds is None or str(cls.seconds).removesuffix(".0") in {
            b.removesuffix(".0") for b in buckets
        }


def test_our_fault_is_every_reason_whose_code_says_so() -> None:
    text = (ROOT / "protos" / "mootion" / "errors" / "v1" / "reason.proto").read_text()
    named = re.findall(r"// ([A-Z_]+):[^\n]*(?:\n  //[^\n]*)*\n  REASON_(\w+) = ", text)
    by_reason = {reason: code for code, reason in named}
    ours = {
        reason
        for reason, code in by_reason.items()
        if code in ("INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED")
    }
    assert ours <= {reason_name(reason) for reason in OUR_FAULT}
    assert {by_reason[reason_name(reason)] for reason in OUR_FAULT} == {
        "INTERNAL",
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "RESOURCE_EXHAUSTED",
    }


def test_the_page_of_objectives_has_the_numbers_of_the_rules() -> None:
    page = (ROOT / "docs" / "slo.md").read_text()
    for cls in CLASSES:
        seconds = "–" if cls.seconds is None else f"{cls.seconds:g} s"
        fast = "–" if cls.fast is None else f"{cls.fast:.4g}"
        shown = fast if cls.fast is None else f"{100 * cls.fast:g} %"
        assert f"| `{cls.name}` | {cls.which} | {100 * cls.available:g} % | {seconds} | {shown} |" in page
    for reason in OUR_FAULT:
        assert reason_name(reason) in page
    for burn in prometheus.BURNS:
        if burn.rate > 1:
            assert f"| {burn.severity} | {burn.rate:g} times too fast |" in page
