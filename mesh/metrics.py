"""Prometheus metrics of a process. docs/telemetry.md lists them; a test compares."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

HOST = "127.0.0.1"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Every metric of the mesh, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "mootion_calls",
            "Calls served, by method and status code.",
            ("method", "code"),
            registry=self.registry,
        )
        self.call_seconds = Histogram(
            "mootion_call_seconds",
            "Time from the first byte of a call to its end.",
            ("method",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.calls_in_flight = Gauge(
            "mootion_calls_in_flight", "Calls being served now.", ("method",), registry=self.registry
        )
        self.client_calls = Counter(
            "mootion_client_calls",
            "Attempts of calls made to other services, by method and status code.",
            ("method", "code"),
            registry=self.registry,
        )
        self.cached_replies = Counter(
            "mootion_cached_replies",
            "Calls of methods with a cache, by outcome: hit or miss.",
            ("method", "outcome"),
            registry=self.registry,
        )
        self.replayed_replies = Counter(
            "mootion_replayed_replies",
            "Calls whose request id was known and that got the stored reply.",
            ("method",),
            registry=self.registry,
        )
        self.unanswered = Counter(
            "mootion_unanswered",
            "Calls that went without an answer of Redis, by port: cache or limits.",
            ("port",),
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "mootion_queue_depth", "Jobs waiting or leased.", ("topic",), registry=self.registry
        )


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
