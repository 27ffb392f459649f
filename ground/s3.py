"""An S3 server for tests: moto, in a process of its own, with its objects kept in a folder."""

import sys
from collections.abc import Mapping, Sequence
from urllib.parse import quote
from urllib.request import Request, urlopen

from ground.server import Server

BUCKET = "mootion"
REGION = "us-east-1"
ACCESS_KEY = "mootion"


class S3(Server):
    """Answers S3's HTTP interface with a bucket `mootion`."""

    name = "s3"

    @property
    def endpoint(self) -> str:
        """`http://` address of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """`s3://` URL of the bucket `mootion`, as `BLOB_URL` takes it."""
        return self.url_of(BUCKET)

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Server.variables`."""
        return {"BLOB_URL": self.url, **self.credentials}

    @property
    def credentials(self) -> Mapping[str, str]:
        """The variables that clients of S3 take their keys from."""
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": self.kept.password()}

    def url_of(self, bucket: str) -> str:
        """URL of a bucket."""
        return f"s3://{bucket}?endpoint={quote(self.endpoint, safe=':/')}&region={REGION}"

    def create_bucket(self, name: str) -> str:
        """Makes a bucket, where there is none, and returns its URL."""
        request = Request(f"{self.endpoint}/{quote(name)}", method="PUT")
        with urlopen(request, timeout=10):
            return self.url_of(name)

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [sys.executable, "-m", "ground.kept_s3", str(self.port), str(self.home / "data")]

    def answers(self) -> bool:
        """Whether it lists its buckets."""
        try:
            with urlopen(f"{self.endpoint}/", timeout=2) as reply:
                return b"ListAllMyBucketsResult" in reply.read()
        except OSError:
            return False

    def furnish(self) -> None:
        """Makes the bucket `mootion`."""
        self.create_bucket(BUCKET)
