"""Settings from the environment, all of them checked at once before anything starts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from mesh import addresses

_ADDRESS_VARIABLE = re.compile(r"MOOTION_([A-Z][A-Z0-9_]*)_ADDRESS")
_PROVIDER_VARIABLE = re.compile(r"MOOTION_OIDC_([A-Z][A-Z0-9]*)_ISSUER")
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_LOG_LEVELS = ("debug", "info", "warning", "error")
_ENGINES = ("extractive", "openai")
_SWITCH = ("on", "off")

# What the platform admits from one address in a minute.
CALLS_AN_ADDRESS = 1000

T = TypeVar("T")


class ConfigurationError(Exception):
    """The process cannot start as it is configured; `problems` says everything that is wrong, not only the first."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The configuration is wrong:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Secret:
    """A value that no log, message or repr shows."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself, to hand to the library that needs it."""
        return self._value

    def __str__(self) -> str:
        return "<secret>"


@dataclass(frozen=True)
class OpenIdProvider:
    """A provider of sign-ins by OpenID Connect, and what it knows this installation as."""

    name: str
    issuer: str
    client_id: str
    client_secret: Secret


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
    oidc_providers: Mapping[str, OpenIdProvider] = field(default_factory=dict)
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
        reader = _Reader({name: value for name, value in env.items() if value})
        settings = _read(reader)
        if settings.engine == "openai" and not (settings.openai_api_key or settings.openai_base_url):
            reader.problems.append(
                "MOOTION_ENGINE=openai: set OPENAI_API_KEY, or OPENAI_BASE_URL of a server that asks for no key"
            )
        if (settings.edge_cert is None) != (settings.edge_key is None):
            reader.problems.append("MOOTION_EDGE_CERT, MOOTION_EDGE_KEY: give both or none")
        if reader.problems:
            raise ConfigurationError(reader.problems)
        return settings


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self.env.get(name, default)

    def number(self, name: str, default: T, parse: Callable[[str], T], low: float, high: float) -> T:
        value = self.env.get(name)
        if value is None:
            return default
        try:
            parsed = parse(value)
        except ValueError:
            parsed = None
        if parsed is None or not low <= parsed <= high:  # type: ignore[operator]
            self.problems.append(f"{name}={value!r}: give a number from {low:g} to {high:g}")
            return default
        return parsed

    def port(self, name: str, default: int, low: int = 1) -> int:
        return self.number(name, default, int, low, 65535)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.env.get(name, default).lower()
        if value not in choices:
            self.problems.append(f"{name}={value!r}: give one of {', '.join(choices)}")
            return default
        return value

    def url(self, name: str, *schemes: str) -> str | None:
        value = self.env.get(name)
        if value is None:
            return None
        # What stands in a URL may be a password: it is never repeated.
        if urlsplit(value).scheme.partition("+")[0] not in schemes:
            self.problems.append(f"{name}: the URL must start with {' or '.join(s + '://' for s in schemes)}")
        return value

    def path(self, name: str) -> Path | None:
        value = self.env.get(name)
        return Path(value) if value else None

    def secret(self, name: str) -> Secret | None:
        value = self.env.get(name)
        return Secret(value) if value else None

    def list(self, name: str) -> list[str]:
        return [part.strip() for part in self.env.get(name, "").split(",") if part.strip()]

    def origins(self, name: str) -> tuple[str, ...]:
        found = self.list(name)
        for origin in found:
            if not _ORIGIN.fullmatch(origin):
                self.problems.append(
                    f"{name}: {origin!r} is no origin; give such as https://learn.example.org"
                )
        return tuple(found)

    def providers(self) -> dict[str, OpenIdProvider]:
        found = {}
        for variable in sorted(self.env):
            match = _PROVIDER_VARIABLE.fullmatch(variable)
            if match:
                name = match[1].lower()
                found[name] = self._provider(name, f"MOOTION_OIDC_{match[1]}")
        return found

    def _provider(self, name: str, prefix: str) -> OpenIdProvider:
        issuer = self.env[f"{prefix}_ISSUER"]
        parts = urlsplit(issuer)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
            self.problems.append(f"{prefix}_ISSUER: the URL must start with https://")
        client_id, secret = self.env.get(f"{prefix}_CLIENT_ID"), self.env.get(f"{prefix}_CLIENT_SECRET")
        if not client_id or not secret:
            self.problems.append(f"{prefix}_ISSUER: set {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET too")
        return OpenIdProvider(name, issuer, client_id or "", Secret(secret or ""))

    def addresses(self) -> dict[str, str]:
        found = {}
        for name, value in sorted(self.env.items()):
            match = _ADDRESS_VARIABLE.fullmatch(name)
            if match:
                found[match[1].lower().replace("_", "-")] = value
                self._check_address(name, value)
        return found

    def _check_address(self, name: str, value: str) -> None:
        problem = addresses.problem_of(value)
        if problem:
            self.problems.append(f"{name}={value!r}: {problem}")


def _read(reader: _Reader) -> Settings:
    key, s3_key = reader.env.get("OPENAI_API_KEY"), reader.env.get("AWS_SECRET_ACCESS_KEY")
    without_redis = reader.choice("MOOTION_LIMITS_WITHOUT_REDIS", "open", ("open", "closed"))
    return Settings(
        data_dir=Path(reader.text("MOOTION_DATA_DIR", ".mootion")),
        bind_host=reader.text("MOOTION_BIND_HOST", "127.0.0.1"),
        grpc_port=reader.port("MOOTION_GRPC_PORT", 50051),
        media_port=reader.port("MOOTION_MEDIA_PORT", 50052),
        metrics_port=reader.port("MOOTION_METRICS_PORT", 9464, low=0),
        edge_port=reader.port("MOOTION_EDGE_PORT", 8080),
        edge_admin_port=reader.port("MOOTION_EDGE_ADMIN_PORT", 9901),
        addresses=reader.addresses(),
        database_url=reader.url("DATABASE_URL", "postgresql", "sqlite"),
        database_replica_url=reader.url("DATABASE_REPLICA_URL", "postgresql"),
        database_pool=reader.number("MOOTION_DATABASE_POOL", 10, int, 3, 500),
        redis_url=reader.url("REDIS_URL", "redis", "rediss"),
        amqp_url=reader.url("AMQP_URL", "amqp", "amqps"),
        elasticsearch_url=reader.url("ELASTICSEARCH_URL", "http", "https"),
        blob_url=reader.url("BLOB_URL", "s3", "file"),
        aws_access_key_id=reader.env.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=Secret(s3_key) if s3_key else None,
        limits_without_redis="closed" if without_redis == "closed" else "open",
        media_redirect=reader.choice("MOOTION_MEDIA_REDIRECT", "off", _SWITCH) == "on",
        engine=reader.choice("MOOTION_ENGINE", "openai" if key else "extractive", _ENGINES),
        openai_base_url=reader.url("OPENAI_BASE_URL", "http", "https"),
        openai_api_key=Secret(key) if key else None,
        openai_model=reader.env.get("MOOTION_OPENAI_MODEL"),
        render_workers=reader.number("MOOTION_RENDER_WORKERS", 2, int, 0, 64),
        document_workers=reader.number("MOOTION_DOCUMENT_WORKERS", 1, int, 0, 64),
        log_level=reader.choice("MOOTION_LOG_LEVEL", "info", _LOG_LEVELS),
        log_messages=reader.choice("MOOTION_LOG_MESSAGES", "off", _SWITCH) == "on",
        otlp_endpoint=reader.url("OTEL_EXPORTER_OTLP_ENDPOINT", "http", "https"),
        local_principal=reader.choice("MOOTION_LOCAL_PRINCIPAL", "on", _SWITCH) == "on",
        semantic=reader.choice("MOOTION_SEMANTIC", "off", _SWITCH) == "on",
        principal_limit=reader.number("MOOTION_PRINCIPAL_LIMIT", 100, int, 0, 1_000_000),
        address_limit=reader.number("MOOTION_ADDRESS_LIMIT", None, int, 0, 1_000_000),
        trusted_proxies=reader.number("MOOTION_TRUSTED_PROXIES", 0, int, 0, 10),
        cors_origins=reader.origins("MOOTION_CORS_ORIGINS"),
        edge_heap_mib=reader.number("MOOTION_EDGE_HEAP_MIB", 1024, int, 128, 1_048_576),
        mesh_key=reader.secret("MOOTION_MESH_KEY"),
        data_key=reader.secret("MOOTION_DATA_KEY"),
        old_data_keys=tuple(Secret(key) for key in reader.list("MOOTION_OLD_DATA_KEYS")),
        tls_dir=reader.path("MOOTION_TLS_DIR"),
        edge_cert=reader.path("MOOTION_EDGE_CERT"),
        edge_key=reader.path("MOOTION_EDGE_KEY"),
        oidc_providers=reader.providers(),
        oidc_redirects=tuple(reader.list("MOOTION_OIDC_REDIRECTS")),
        smtp_url=reader.secret("MOOTION_SMTP_URL"),
        mail_from=reader.text("MOOTION_MAIL_FROM", "mootion@localhost"),
        max_calls=reader.number("MOOTION_MAX_CALLS", 200, int, 1, 100_000),
        max_streams=reader.number("MOOTION_MAX_STREAMS", 1000, int, 1, 100_000),
        drain_notice_seconds=reader.number("MOOTION_DRAIN_NOTICE_SECONDS", 2.0, float, 0, 120),
        drain_grace_seconds=reader.number("MOOTION_DRAIN_GRACE_SECONDS", 10.0, float, 0, 3600),
    )
