"""Settings from the environment, all of them checked at once before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from mesh.environment import ConfigurationError, Environment, Secret, SignInProvider

__all__ = ["CALLS_AN_ADDRESS", "ConfigurationError", "Secret", "Settings", "SignInProvider"]

_LOG_LEVELS = ("debug", "info", "warning", "error")
_ENGINES = ("extractive", "openai")

# What the platform admits from one address in a minute.
CALLS_AN_ADDRESS = 1000


@dataclass(frozen=True)
class Settings:
    """How a process runs. URLs that are None mean the embedded adapter; ports are TCP ports; 0 turns metrics off."""

    data_dir: Path = Path(".mootion")
    bind_host: str = "127.0.0.1"
    grpc_port: int = 50051
    media_port: int = 50052
    metrics_port: int = 9464
    edge_port: int = 8080
    edge_admin_port: int = 9901
    addresses: Mapping[str, str] = field(default_factory=dict)
    database_url: str | None = field(default=None, repr=False)
    database_replica_url: str | None = field(default=None, repr=False)
    database_pool: int = 10
    redis_url: str | None = field(default=None, repr=False)
    amqp_url: str | None = field(default=None, repr=False)
    elasticsearch_url: str | None = field(default=None, repr=False)
    blob_url: str | None = field(default=None, repr=False)
    aws_access_key_id: str | None = None
    aws_secret_access_key: Secret | None = None
    limits_without_redis: Literal["open", "closed"] = "open"
    media_redirect: bool = False
    engine: str = "extractive"
    openai_base_url: str | None = None
    openai_api_key: Secret | None = None
    openai_model: str | None = None
    render_workers: int = 2
    document_workers: int = 1
    log_level: str = "info"
    log_messages: bool = False
    otlp_endpoint: str | None = None
    local_principal: bool = True
    semantic: bool = False
    principal_limit: int = 100
    address_limit: int | None = None
    trusted_proxies: int = 0
    cors_origins: tuple[str, ...] = ()
    edge_heap_mib: int = 1024
    mesh_key: Secret | None = None
    data_key: Secret | None = None
    old_data_keys: tuple[Secret, ...] = ()
    tls_dir: Path | None = None
    edge_cert: Path | None = None
    edge_key: Path | None = None
    oidc_providers: Mapping[str, SignInProvider] = field(default_factory=dict)
    oidc_redirects: tuple[str, ...] = ()
    smtp_url: Secret | None = None
    mail_from: str = "mootion@localhost"
    max_calls: int = 200
    max_streams: int = 1000
    drain_notice_seconds: float = 2.0
    drain_grace_seconds: float = 10.0

    @property
    def database_path(self) -> Path:
        """The SQLite file of the embedded adapter."""
        return self.data_dir / "mootion.db"

    @property
    def blob_dir(self) -> Path:
        """The folder of the embedded blob store."""
        return self.data_dir / "blobs"

    @property
    def index_dir(self) -> Path:
        """The folder of the embedded search index."""
        return self.data_dir / "index"

    @property
    def key_dir(self) -> Path:
        """The folder of the keys that were made here, where the environment gives none."""
        return self.data_dir / "keys"

    @property
    def log_dir(self) -> Path:
        """The folder where processes started by `mootion up` write their logs."""
        return self.data_dir / "logs"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        if self.bind_host == "localhost":
            return True
        try:
            return ip_address(self.bind_host).is_loopback
        except ValueError:
            return False

    @property
    def calls_an_address(self) -> int:
        """Calls a minute that the edge admits from one address; 0 for no limit, as on loopback, where all have the same
        address unless a proxy tells theirs."""
        if self.address_limit is not None:
            return self.address_limit
        return 0 if self.is_loopback and not self.trusted_proxies else CALLS_AN_ADDRESS

    def address(self, service: str) -> str:
        """Where a service answers, see `mesh.addresses`: its own addresses, or that of the process that serves
        everything."""
        return self.addresses.get(service) or f"{self.bind_host}:{self.grpc_port}"

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Settings":
        """Reads settings. A variable that is set to nothing counts as missing.

        Raises:
            ConfigurationError: at least one variable is wrong; every problem is listed.
        """
        environment = Environment(env)
        settings = _read(environment)
        if settings.engine == "openai" and not (settings.openai_api_key or settings.openai_base_url):
            environment.problems.append(
                "MOOTION_ENGINE=openai: set OPENAI_API_KEY, or OPENAI_BASE_URL of a server that asks for no key"
            )
        if (settings.edge_cert is None) != (settings.edge_key is None):
            environment.problems.append("MOOTION_EDGE_CERT, MOOTION_EDGE_KEY: give both or none")
        if environment.problems:
            raise ConfigurationError(environment.problems)
        return settings


def _read(environment: Environment) -> Settings:
    key = environment.secret("OPENAI_API_KEY")
    without_redis = environment.choice("MOOTION_LIMITS_WITHOUT_REDIS", "open", ("open", "closed"))
    return Settings(
        data_dir=Path(environment.text("MOOTION_DATA_DIR", ".mootion")),
        bind_host=environment.text("MOOTION_BIND_HOST", "127.0.0.1"),
        grpc_port=environment.port("MOOTION_GRPC_PORT", 50051),
        media_port=environment.port("MOOTION_MEDIA_PORT", 50052),
        metrics_port=environment.port("MOOTION_METRICS_PORT", 9464, low=0),
        edge_port=environment.port("MOOTION_EDGE_PORT", 8080),
        edge_admin_port=environment.port("MOOTION_EDGE_ADMIN_PORT", 9901),
        addresses=environment.addresses(),
        database_url=environment.url("DATABASE_URL", "postgresql", "sqlite"),
        database_replica_url=environment.url("DATABASE_REPLICA_URL", "postgresql"),
        database_pool=environment.number("MOOTION_DATABASE_POOL", 10, int, 3, 500),
        redis_url=environment.url("REDIS_URL", "redis", "rediss"),
        amqp_url=environment.url("AMQP_URL", "amqp", "amqps"),
        elasticsearch_url=environment.url("ELASTICSEARCH_URL", "http", "https"),
        blob_url=environment.url("BLOB_URL", "s3", "file"),
        aws_access_key_id=environment.given("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environment.secret("AWS_SECRET_ACCESS_KEY"),
        limits_without_redis="closed" if without_redis == "closed" else "open",
        media_redirect=environment.switch("MOOTION_MEDIA_REDIRECT", "off"),
        engine=environment.choice("MOOTION_ENGINE", "openai" if key else "extractive", _ENGINES),
        openai_base_url=environment.url("OPENAI_BASE_URL", "http", "https"),
        openai_api_key=key,
        openai_model=environment.given("MOOTION_OPENAI_MODEL"),
        render_workers=environment.number("MOOTION_RENDER_WORKERS", 2, int, 0, 64),
        document_workers=environment.number("MOOTION_DOCUMENT_WORKERS", 1, int, 0, 64),
        log_level=environment.choice("MOOTION_LOG_LEVEL", "info", _LOG_LEVELS),
        log_messages=environment.switch("MOOTION_LOG_MESSAGES", "off"),
        otlp_endpoint=environment.url("OTEL_EXPORTER_OTLP_ENDPOINT", "http", "https"),
        local_principal=environment.switch("MOOTION_LOCAL_PRINCIPAL", "on"),
        semantic=environment.switch("MOOTION_SEMANTIC", "off"),
        principal_limit=environment.number("MOOTION_PRINCIPAL_LIMIT", 100, int, 0, 1_000_000),
        address_limit=environment.number("MOOTION_ADDRESS_LIMIT", None, int, 0, 1_000_000),
        trusted_proxies=environment.number("MOOTION_TRUSTED_PROXIES", 0, int, 0, 10),
        cors_origins=environment.origins("MOOTION_CORS_ORIGINS"),
        edge_heap_mib=environment.number("MOOTION_EDGE_HEAP_MIB", 1024, int, 128, 1_048_576),
        mesh_key=environment.secret("MOOTION_MESH_KEY"),
        data_key=environment.secret("MOOTION_DATA_KEY"),
        old_data_keys=tuple(Secret(key) for key in environment.list("MOOTION_OLD_DATA_KEYS")),
        tls_dir=environment.path("MOOTION_TLS_DIR"),
        edge_cert=environment.path("MOOTION_EDGE_CERT"),
        edge_key=environment.path("MOOTION_EDGE_KEY"),
        oidc_providers=environment.providers(),
        oidc_redirects=tuple(environment.list("MOOTION_OIDC_REDIRECTS")),
        smtp_url=environment.secret("MOOTION_SMTP_URL"),
        mail_from=environment.text("MOOTION_MAIL_FROM", "mootion@localhost"),
        max_calls=environment.number("MOOTION_MAX_CALLS", 200, int, 1, 100_000),
        max_streams=environment.number("MOOTION_MAX_STREAMS", 1000, int, 1, 100_000),
        drain_notice_seconds=environment.number("MOOTION_DRAIN_NOTICE_SECONDS", 2.0, float, 0, 120),
        drain_grace_seconds=environment.number("MOOTION_DRAIN_GRACE_SECONDS", 10.0, float, 0, 3600),
    )
