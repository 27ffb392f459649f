"""What came back for the cases of a fuzzer, and every answer that the document does not promise."""

import json
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hypothesis.errors import Flaky
from requests import ReadTimeout
from schemathesis.engine import Status, events
from schemathesis.engine.recorder import Interaction, ScenarioRecorder

from proofs.callers.endings import NotAStatus, of_rest_error

SEQUENCES = "stateful"
# A watch of something that waits, such as for a worker, has nothing to say before the fuzzer gives it up.
WATCH = ":watch"


@dataclass
class Judge:
    """Counts what was sent and what came back, and every answer that the document does not promise.

    Attributes:
        answered: operations that were answered with 2xx, and how often.
        waiting: watches that had nothing to say until they were given up.
    """

    cases: int = 0
    waiting: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    in_sequences: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    refused_in_sequences: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)
    answered: Counter[str] = field(default_factory=Counter)

    def hear(self, event: events.EngineEvent) -> None:
        """Takes what the fuzzer tells."""
        if isinstance(event, events.ScenarioFinished):
            self._scenario(event.phase.value, event.recorder)
        elif isinstance(event, events.NonFatalError) and not _is_no_fault(event.value):
            self._fault(f"{event.label}: {event.info.title}: {event.info.message[:300]}")
        elif isinstance(event, events.FatalError):
            raise event.exception

    def _scenario(self, phase: str, recorder: ScenarioRecorder) -> None:
        for case_id, interaction in recorder.interactions.items():
            node = recorder.cases.get(case_id)
            label = node.value.operation.label if node is not None else recorder.label
            self.cases += 1
            self.phases[phase] += 1
            self.operations.add(label)
            reason = self._answer(label, interaction)
            if phase == SEQUENCES and interaction.response is not None:
                self.in_sequences[interaction.response.status_code] += 1
                if interaction.response.status_code == 401:
                    self.refused_in_sequences[reason] += 1
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.status is Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info.failure
                    said = f"{failure.operation}: {failure.title}: {failure.message[:300]}"
                    self._fault(said, recorder.interactions.get(case_id))

    def _answer(self, label: str, interaction: Interaction) -> str:
        """Counts an answer; gives its reason where it is an error."""
        response = interaction.response
        if response is None:
            if label.endswith(WATCH):
                self.waiting += 1
            else:
                self._fault(f"{label}: no answer", interaction)
            return ""
        self.statuses[response.status_code] += 1
        if response.status_code < 300 and label.startswith(f"{interaction.request.method} "):
            self.answered[label] += 1
        if response.status_code < 400 or interaction.request.method == "HEAD":
            return ""
        try:
            content_type = (response.headers.get("content-type") or [""])[0]
            ending = of_rest_error(content_type, json.loads(response.content or b"null"))
        except (NotAStatus, ValueError) as reason:
            self._fault(f"{label}: {response.status_code}: {reason}", interaction)
            return ""
        self.reasons[ending.reason] += 1
        if response.status_code >= 500 or ending.reason == "OVERLOADED":
            self._fault(f"{label}: {response.status_code} {ending}", interaction)
        return ending.reason

    def _fault(self, said: str, interaction: Interaction | None = None) -> None:
        self.faults[said] += 1
        if interaction is not None:
            request = interaction.request
            body = (request.body or b"")[:200]
            self.examples.setdefault(said, f" (such as {request.method} {request.uri[:300]} {body!r})")


def _is_no_fault(error: Exception) -> bool:
    """Whether it is a fault that was told already and did not come a second time, or a watch that was given up."""
    if isinstance(error, ReadTimeout) and error.request is not None:
        return urlsplit(str(error.request.url)).path.endswith(WATCH)
    return isinstance(error, Flaky)
