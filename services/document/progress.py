"""How a document moves from UPLOADED to READY or FAILED, and which reports of workers count."""

from datetime import datetime

from mootion.document.v1 import document_pb2, processing_service_pb2
from mootion.errors.v1 import reason_pb2

from mesh.errors import precondition

FINISHED = (document_pb2.READY, document_pb2.FAILED)


def finished(document: document_pb2.Document) -> bool:
    """Whether processing has ended."""
    return document.state in FINISHED


def refuse_stale(lease_token: int, seen: int) -> None:
    """Refuses a worker whose lease was given to another since.

    Raises:
        CallError: STALE_LEASE.
    """
    if lease_token < seen:
        raise precondition(
            reason_pb2.REASON_STALE_LEASE,
            f"Lease {lease_token} is over: lease {seen} works on this document. Drop the work.",
        )


def advance(document: document_pb2.Document, percent: int, now: datetime) -> None:
    """A worker works on the document. Progress never goes back, also when another worker starts over."""
    document.state = document_pb2.PROCESSING
    document.progress_percent = max(document.progress_percent, percent)
    _touch(document, now)


def complete(
    document: document_pb2.Document,
    facts: document_pb2.Document,
    passage_count: int,
    atom_count: int,
    now: datetime,
) -> None:
    """The document can be read."""
    document.state = document_pb2.READY
    document.title = facts.title or document.title
    document.format = facts.format
    document.page_count = facts.page_count
    document.language = facts.language
    document.outline.extend(facts.outline)
    document.notices.extend(facts.notices)
    document.passage_count, document.atom_count = passage_count, atom_count
    document.progress_percent = 100
    _touch(document, now)


def fail(document: document_pb2.Document, failure: document_pb2.Failure, now: datetime) -> None:
    """Processing ended without a result."""
    document.state = document_pb2.FAILED
    document.failure.CopyFrom(failure)
    _touch(document, now)


def cancelled() -> document_pb2.Failure:
    """The failure of a document whose owner stopped it."""
    return document_pb2.Failure(
        reason="CANCELLED", message="You stopped the processing. Upload the file again to start over."
    )


def job_for(
    owner_id: str, document: document_pb2.Document, blob_key: str
) -> processing_service_pb2.ProcessDocumentJob:
    """What a worker needs to know."""
    return processing_service_pb2.ProcessDocumentJob(
        document_id=document.document_id, owner_id=owner_id, blob_key=blob_key, filename=document.filename
    )


def _touch(document: document_pb2.Document, now: datetime) -> None:
    document.sequence += 1
    document.update_time.FromDatetime(now)
