"""Traces, metrics and logs of one process, opened once and handed around."""

from typing import TYPE_CHECKING, TextIO

from mesh import logs
from mesh.config import Settings
from mesh.logs import Lines
from mesh.metrics import Metrics
from mesh.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class Telemetry:
    """What a process tells about itself.

    Args:
        lines: where log lines go.
        tracing: starts spans.
        provider: where recorded spans go; None where nothing is recorded.
    """

    def __init__(
        self, lines: Lines, tracing: Tracing | None = None, provider: "TracerProvider | None" = None
    ) -> None:
        self.lines = lines
        self.metrics = Metrics()
        self.tracing = tracing or Tracing()
        self._provider = provider

    @classmethod
    def open(cls, settings: Settings, workload: str, log: TextIO | None = None) -> "Telemetry":
        """Configures logs, and exports spans where an OTLP endpoint is set."""
        lines = logs.configure(settings.log_level, workload, log)
        if settings.otlp_endpoint is None:
            return cls(lines)
        provider = _provider(settings.otlp_endpoint, workload)
        return cls(lines, Tracing(provider.get_tracer("mootion")), provider)

    def close(self) -> None:
        """Writes the last lines and sends the last spans."""
        self.lines.flush()
        if self._provider is not None:
            self._provider.shutdown()


def _provider(endpoint: str, workload: str) -> "TracerProvider":
    # Imported here: it costs a tenth of a second that most processes need not spend.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: workload}))
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
