"""Opens the blob store that `BLOB_URL` names."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mesh.config import ConfigurationError, Settings
from mesh.ports.blobs import Blobs
from mesh.ports.blobs_disk import DiskBlobs

if TYPE_CHECKING:
    from obstore.store import S3Store

_PARAMETERS = ("endpoint", "region", "public_endpoint")
_FORM = "s3://bucket/prefix?endpoint=https://host&region=NAME&public_endpoint=https://host, all but the bucket optional"


async def open_blobs(settings: Settings) -> Blobs:
    """A folder (`file:///absolute/path`, or the one of the data folder), or a bucket (`s3://bucket/prefix`).

    Raises:
        ConfigurationError: the URL is not like that.
        OSError: the store does not answer, or its bucket is missing.
    """
    url = urlsplit(settings.blob_url or "")
    if url.scheme != "s3":
        return DiskBlobs(Path(unquote(url.path)) if settings.blob_url else settings.blob_dir)
    # Imported here: the embedded mode need not spend the time.
    from mesh.ports.blobs_s3 import S3Blobs

    parameters = _parameters(url)
    endpoint = parameters.get("endpoint")
    store = _bucket(settings, url, parameters, endpoint)
    public = _bucket(settings, url, parameters, parameters.get("public_endpoint", endpoint))
    blobs = S3Blobs(store, public)
    await blobs.check()
    return blobs


def _parameters(url: SplitResult) -> dict[str, str]:
    parameters = dict(parse_qsl(url.query))
    unknown = [name for name in parameters if name not in _PARAMETERS]
    wrong = [
        name for name in ("endpoint", "public_endpoint") if not _is_http(parameters.get(name, "https://"))
    ]
    if not url.hostname or unknown or wrong:
        raise ConfigurationError([f"BLOB_URL: give {_FORM}"])
    return parameters


def _is_http(endpoint: str) -> bool:
    return urlsplit(endpoint).scheme in ("http", "https")


def _bucket(
    settings: Settings, url: SplitResult, parameters: dict[str, str], endpoint: str | None
) -> "S3Store":
    from obstore.store import S3Store

    # Without a key of its own the store is asked by the one the machine has, such as the role of a pod.
    options: dict[str, Any] = {"region": parameters.get("region", "us-east-1")}
    if endpoint is not None:
        options["endpoint"] = endpoint
    if settings.aws_access_key_id and settings.aws_secret_access_key:
        options["access_key_id"] = settings.aws_access_key_id
        options["secret_access_key"] = settings.aws_secret_access_key.reveal()
    return S3Store(
        url.netloc,
        prefix=unquote(url.path).strip("/") or None,
        client_options={
            "allow_http": (endpoint or "").startswith("http://"),
            "connect_timeout": "2s",
            "timeout": "60s",
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
        **options,
    )
