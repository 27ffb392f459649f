"""Prometheus metrics of a process. docs/telemetry.md lists them; a test compares."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from mesh.breaker import CircuitBreaker, CircuitState

HOST = "127.0.0.1"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_JOB_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
DONE, RETRIED, DEAD, LOST, GIVEN_BACK, UNSETTLED = (
    "done",
    "retried",
    "dead",
    "lost",
    "given_back",
    "unsettled",
)
JOB_OUTCOMES = (DONE, RETRIED, DEAD, LOST, GIVEN_BACK, UNSETTLED)
_STATES = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class Metrics:
    """Every metric of the mesh, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._count_calls()
        self._count_stores()
        self._count_jobs()
        self._count_engines()
        self._tell_certificates()

    def _count_calls(self) -> None:
        self.calls = self._counter(
            "mootion_calls", "Calls served, by method and status code.", "method", "code"
        )
        self.failed_calls = self._counter(
            "mootion_failed_calls",
            "Calls that failed or were refused, by method and reason of the contract.",
            "method",
            "reason",
        )
        self.call_seconds = self._histogram(
            "mootion_call_seconds", "Time from the first byte of a call to its end.", _SECONDS, "method"
        )
        self.calls_in_flight = self._gauge("mootion_calls_in_flight", "Calls being served now.", "method")
        self.client_calls = self._counter(
            "mootion_client_calls",
            "Attempts of calls made to other services, by method and status code.",
            "method",
            "code",
        )
        self.circuit_state = self._gauge(
            "mootion_circuit_state",
            "Whether a service, or the engine, is left alone: 0 no, 1 one call is on trial, 2 yes.",
            "target",
        )
        self.audit_entries = self._counter(
            "mootion_audit_entries",
            "Entries for the audit log, by method and outcome: stored or failed.",
            "method",
            "outcome",
        )

    def _count_stores(self) -> None:
        self.cached_replies = self._counter(
            "mootion_cached_replies",
            "Calls of methods with a cache, by outcome: hit or miss.",
            "method",
            "outcome",
        )
        self.replayed_replies = self._counter(
            "mootion_replayed_replies",
            "Calls whose request id was known and that got the stored reply.",
            "method",
        )
        self.unanswered = self._counter(
            "mootion_unanswered",
            "Calls that went without an answer of Redis, by port: cache or limits.",
            "port",
        )
        self.limits_degraded = self._gauge(
            "mootion_limits_degraded",
            "1 while limits are counted by this process alone, since Redis did not answer when it was last asked.",
        )

    def _count_jobs(self) -> None:
        self.queue_depth = self._gauge("mootion_queue_depth", "Jobs waiting or leased.", "topic")
        self.queue_age_seconds = self._gauge(
            "mootion_queue_age_seconds", "Age of the oldest job that nobody works on; 0 for none.", "topic"
        )
        self.jobs = self._counter(
            "mootion_jobs",
            "Jobs taken from a queue, by outcome: done, retried, dead, lost, given_back or unsettled.",
            "topic",
            "outcome",
        )
        self.job_seconds = self._histogram(
            "mootion_job_seconds", "Time that a job which is done now took.", _JOB_SECONDS, "topic"
        )
        self.event_lag_seconds = self._gauge(
            "mootion_event_lag_seconds",
            "Age of the oldest event that a subscription has not handled; 0 for none.",
            "subscription",
        )
        self.events_set_apart = self._gauge(
            "mootion_events_set_apart",
            "Whether events of a subscription were set apart because they failed too often: 0 no, 1 yes.",
            "subscription",
        )

    def _count_engines(self) -> None:
        self.engine_tasks = self._counter(
            "mootion_engine_tasks",
            "Tasks an engine was asked for, by outcome: done, failed, refused or cached.",
            "engine",
            "task",
            "outcome",
        )
        self.engine_tokens = self._counter(
            "mootion_engine_tokens",
            "Tokens of a hosted engine, by kind: prompt or completion.",
            "engine",
            "kind",
        )
        self.engine_cost = self._counter(
            "mootion_engine_cost_units",
            "Cost of a hosted engine; a unit is 1,000 tokens of prompts or 250 of completions.",
            "engine",
        )

    def _tell_certificates(self) -> None:
        self.certificate_end = self._gauge(
            "mootion_certificate_end_timestamp_seconds",
            "When the certificate that is shown, or the authority that is believed, ends, in seconds since 1970; 0"
            " where the files are no good.",
            "certificate",
        )

    def watch_certificate(self, name: str, end: Callable[[], float]) -> None:
        """Tells when a certificate ends whenever the metrics are asked for.

        Args:
            end: seconds since 1970.
        """
        self.certificate_end.labels(name).set_function(end)

    def watch_circuit(self, target: str, breaker: CircuitBreaker) -> None:
        """Tells the state of a circuit whenever the metrics are asked for."""
        self.circuit_state.labels(target).set_function(lambda: _STATES[breaker.state])

    def call_refused(self, path: str, reason: str) -> None:
        """Counts a call that no service was asked for."""
        self.failed_calls.labels(path, reason).inc()

    def expect_jobs(self, topic: str) -> None:
        """Says that no job of a topic has ended yet: what first appears as 1 has not grown, and no alert sees it."""
        for outcome in JOB_OUTCOMES:
            self.jobs.labels(topic, outcome)

    def job_ended(self, topic: str, outcome: str, seconds: float) -> None:
        """Counts a job; how long it took only where it is done."""
        self.jobs.labels(topic, outcome).inc()
        if outcome == DONE:
            self.job_seconds.labels(topic).observe(seconds)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)


class MetricsEndpoint:
    """Answers `GET /metrics` on a loopback port, from a thread of its own.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, registry: CollectorRegistry, port: int) -> None:
        self._server, self._thread = start_http_server(port, HOST, registry)

    def close(self) -> None:
        """Ends it and frees the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
