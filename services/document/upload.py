"""Takes an upload in: what is refused at the door, and what is known before a worker reads the file."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import PurePath

from mootion.document.v1 import document_pb2
from mootion.errors.v1 import reason_pb2

from mesh.errors import exhausted, refused
from mesh.ports.blobs import BlobInfo

PREFIX = "uploads/"
MOST_BYTES = 100_000_000
HEAD_BYTES = 1024
# A PDF's mark may stand anywhere in its first kilobyte; DOCX is a ZIP archive.
PDF_MARK = b"%PDF-"
ZIP_MARK = b"PK\x03\x04"


def blob_key(document_id: str) -> str:
    """Where a document's file is kept."""
    return PREFIX + document_id


async def checked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Passes an upload's bytes on while they can still be a document.

    Raises:
        CallError: EMPTY_UPLOAD, UNSUPPORTED_DOCUMENT_TYPE or UPLOAD_TOO_LARGE.
    """
    head, size, judged = b"", 0, False
    async for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise exhausted(
                reason_pb2.REASON_UPLOAD_TOO_LARGE,
                "The file is larger than 100 MB. Split it, or leave pictures out, and upload the parts.",
            )
        if judged:
            yield chunk
            continue
        head += chunk
        if len(head) >= HEAD_BYTES:
            _judge(head)
            judged = True
            yield head
    if not judged:
        _judge(head)
        yield head


def _judge(head: bytes) -> None:
    if not head:
        raise refused(
            reason_pb2.REASON_EMPTY_UPLOAD,
            "The upload has no bytes. Send the file's content as the body of the request.",
        )
    if PDF_MARK not in head[:HEAD_BYTES] and not head.startswith(ZIP_MARK):
        raise refused(
            reason_pb2.REASON_UNSUPPORTED_DOCUMENT_TYPE,
            "By its content the file is neither PDF nor DOCX, whatever its name. Upload a PDF or DOCX file.",
        )


def uploaded(document_id: str, filename: str, blob: BlobInfo, now: datetime) -> document_pb2.Document:
    """The document as it stands before a worker has read it."""
    name = PurePath(filename.replace("\\", "/")).name
    document = document_pb2.Document(
        document_id=document_id,
        title=PurePath(name).stem or "Untitled document",
        filename=name,
        state=document_pb2.UPLOADED,
        version_hash=blob.sha256,
        size_bytes=blob.size,
        sequence=1,
    )
    document.create_time.FromDatetime(now)
    document.update_time.FromDatetime(now)
    return document
