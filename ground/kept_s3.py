"""`python -m ground.kept_s3 PORT FOLDER`: moto's S3 server, which has its objects in memory, with a copy in a folder.

An object is in the folder before its upload is answered, so a killed server that is started again has all that was
acknowledged. Uploads in parts that were not complete are lost. An object for which the folder has no room is refused
with status 507, as stores with disks of their own do.
"""

import errno
import hashlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import S3Backend, s3_backends
from werkzeug.serving import run_simple

REGION = "us-east-1"
ASIDE = ".new"
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSAL = b"<Error><Code>InsufficientStorage</Code><Message>No room is left.</Message></Error>"

Environment = dict[str, Any]
Application = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]


class Copy:
    """A folder for each bucket, a file for each object: a line of JSON with its key and metadata, then its bytes."""

    def __init__(self, folder: Path, backend: S3Backend) -> None:
        self._folder, self._backend = folder, backend
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def load(self) -> None:
        """Gives the server what the folder has."""
        for bucket in self._folder.iterdir():
            self._backend.create_bucket(bucket.name, REGION)
            for path in bucket.iterdir():
                if path.suffix == ASIDE:
                    path.unlink()
                else:
                    self._load_object(bucket.name, path)

    def give_back(self, bucket: str, key: str) -> None:
        """Has the server forget what could not be kept: the object is again what the folder has."""
        with self._lock:
            path = self._path(bucket, key)
            path.with_suffix(ASIDE).unlink(missing_ok=True)
            self._backend.delete_object(bucket, key)
            if path.exists():
                self._load_object(bucket, path)

    def keep(self, bucket: str, key: str) -> None:
        """Makes the file of an object as the object is now; without a key the folder as the bucket is."""
        with self._lock:
            if bucket not in self._backend.buckets:
                shutil.rmtree(self._folder / bucket, ignore_errors=True)
                return
            (self._folder / bucket).mkdir(exist_ok=True)
            if key:
                self._keep_object(bucket, key)
            else:
                self._forget_deleted(bucket)

    def _load_object(self, bucket: str, path: Path) -> None:
        with path.open("rb") as file:
            head = json.loads(file.readline())
            stored = self._backend.put_object(bucket, head["key"], file.read())
        stored.set_metadata(head["metadata"])

    def _keep_object(self, bucket: str, key: str) -> None:
        found = self._backend.get_object(bucket, key)
        path = self._path(bucket, key)
        if found is None:
            path.unlink(missing_ok=True)
            return
        head = {"key": key, "metadata": {str(name): str(value) for name, value in found.metadata.items()}}
        aside = path.with_suffix(ASIDE)
        aside.write_bytes(json.dumps(head).encode() + b"\n" + found.value)
        aside.replace(path)

    def _forget_deleted(self, bucket: str) -> None:
        present = {self._path(bucket, key) for key in self._backend.buckets[bucket].keys}
        for path in set((self._folder / bucket).iterdir()) - present:
            path.unlink()

    def _path(self, bucket: str, key: str) -> Path:
        return self._folder / bucket / hashlib.sha256(key.encode()).hexdigest()


class Kept:
    """The server with what a request changed copied before it is answered."""

    def __init__(self, application: Application, copy: Copy) -> None:
        self._application, self._copy = application, copy

    def __call__(self, environment: Environment, start_response: Callable[..., Any]) -> Iterator[bytes]:
        """A WSGI application (PEP 3333)."""
        told: list[tuple[Any, ...]] = []
        reply = list(self._application(environment, lambda *given: told.append(given)))
        parameters = parse_qs(environment["QUERY_STRING"], keep_blank_values=True)
        is_part = "partNumber" in parameters or "uploads" in parameters
        if environment["REQUEST_METHOD"] in ("PUT", "POST", "DELETE") and not is_part:
            bucket, _, key = _path_of(environment).lstrip("/").partition("/")
            if bucket and not bucket.startswith("moto-api") and not self._keep(bucket, key):
                told, reply = [("507 Insufficient Storage", [("Content-Type", "application/xml")])], [REFUSAL]
        start_response(*told[-1])
        return iter(reply)

    def _keep(self, bucket: str, key: str) -> bool:
        """Keeps a change. False: there is no room, and the change was not made."""
        try:
            self._copy.keep(bucket, key)
        except OSError as error:
            if error.errno not in FULL or not key:
                raise
            self._copy.give_back(bucket, key)
            return False
        return True


def _path_of(environment: Environment) -> str:
    """The decoded path; WSGI hands its bytes over as Latin-1."""
    path: str = environment["PATH_INFO"]
    return path.encode("latin-1").decode()


def main() -> None:
    """Runs until it is ended."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    os.environ["MOTO_PORT"] = str(port)
    copy = Copy(folder, s3_backends[DEFAULT_ACCOUNT_ID]["aws"])
    copy.load()
    application = Kept(DomainDispatcherApplication(create_backend_app), copy)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()
