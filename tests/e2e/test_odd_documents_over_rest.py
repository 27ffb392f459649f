"""Files that are not what a reader hopes for: each works, or ends in one clear failure that leaves nothing behind."""

import io

import docx
import httpx2
import pypdf
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, ok, reason, until, upload, upload_and_wait


def encrypted() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(SAMPLE.read_bytes()))
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scanned() -> bytes:
    picture = Image.new("RGB", (1240, 600), "white")
    font = ImageFont.load_default(size=36)
    lines = (
        "Photosynthesis",
        "Photosynthesis is the process by which plants",
        "turn light into chemical energy.",
    )
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((80, 80 + 70 * number), line, fill="black", font=font)
    out = io.BytesIO()
    picture.save(out, "PDF", resolution=150)
    return out.getvalue()


def blank() -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=A4)
    page.showPage()
    page.save()
    return out.getvalue()


def many_pages(count: int) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=A4)
    for number in range(1, count + 1):
        if number % 20 == 1:
            page.setFont("Times-Bold", 20)
            page.drawString(72, 780, f"Chapter {number // 20 + 1} of the long book")
        page.setFont("Times-Roman", 11)
        for line in range(40):
            words = (
                f"On page {number}, line {line} says that sample {number * 40 + line} is a measured quantity."
            )
            page.drawString(72, 740 - 16 * line, words)
        page.showPage()
    page.save()
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        pytest.param(encrypted(), "DOCUMENT_ENCRYPTED", id="encrypted"),
        pytest.param(blank(), "DOCUMENT_WITHOUT_TEXT", id="blank"),
        pytest.param(SAMPLE.read_bytes()[:3000], "DOCUMENT_UNREADABLE", id="cut off"),
        pytest.param(b"PK\x03\x04" + bytes(2000), "UNSUPPORTED_DOCUMENT_TYPE", id="broken archive"),
    ],
)
def test_unreadable_files_fail_with_one_reason(client: httpx2.Client, data: bytes, failure: str) -> None:
    document = upload_and_wait(client, data, "odd.pdf")
    assert (document["state"], document["failure"]["reason"]) == ("FAILED", failure)
    reply = client.get(f"/v1/documents/{document['documentId']}/passages")
    assert (reply.status_code, reason(reply)) == (400, "DOCUMENT_NOT_READY")


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        pytest.param(b"", "EMPTY_UPLOAD", id="empty"),
        pytest.param(
            b"Just words in a text file, nothing more.", "UNSUPPORTED_DOCUMENT_TYPE", id="text named pdf"
        ),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(3000), "UNSUPPORTED_DOCUMENT_TYPE", id="picture named pdf"),
    ],
)
def test_what_is_no_document_is_refused_at_the_door(
    system: local.LocalSystem, client: httpx2.Client, data: bytes, refusal: str
) -> None:
    uploads = system.folder / "data" / "blobs" / "uploads"
    before = sorted(uploads.rglob("*")) if uploads.exists() else []
    reply = upload(client, data, "renamed.pdf")
    assert (reply.status_code, reason(reply)) == (400, refusal)
    assert (sorted(uploads.rglob("*")) if uploads.exists() else []) == before


def test_a_docx_named_pdf_is_read_as_what_it_is(client: httpx2.Client) -> None:
    made = docx.Document()
    made.add_heading("Cells", 1)
    made.add_paragraph("A cell is the smallest unit of life. " * 20)
    out = io.BytesIO()
    made.save(out)
    document = upload_and_wait(client, out.getvalue(), "cells.pdf")
    assert (document["state"], document["format"]) == ("READY", "DOCX")


def test_a_scanned_page_is_read_and_says_so(client: httpx2.Client) -> None:
    document = upload_and_wait(client, scanned(), "scan.pdf")
    assert document["state"] == "READY", document
    passages = ok(client.get(f"/v1/documents/{document['documentId']}/passages"))["passages"]
    assert "chemical energy" in " ".join(each["text"] for each in passages)
    assert document["notices"]


def test_a_book_of_600_pages_is_read_to_its_last_line(client: httpx2.Client) -> None:
    document = upload_and_wait(client, many_pages(600), "book.pdf", seconds=180)
    assert (document["state"], document["pageCount"]) == ("READY", 600)
    found = ok(
        client.get("/v1/search", params={"query": '"sample 24020"', "document_ids": document["documentId"]})
    )
    assert found["hits"][0]["text"].count("page 600, line 20")


def test_a_deleted_document_is_gone_with_everything_made_from_it(
    system: local.LocalSystem, client: httpx2.Client
) -> None:
    document_id = upload_and_wait(client, SAMPLE.read_bytes(), "to delete.pdf")["documentId"]
    ok(client.post(f"/v1/documents/{document_id}/flowchart:generate", json={}))
    quiz = ok(client.post("/v1/quizzes:generate", json={"documentId": document_id, "questionCount": 3}))[
        "quiz"
    ]
    ok(client.delete(f"/v1/documents/{document_id}"))
    assert client.get(f"/v1/documents/{document_id}/passages").status_code == 404
    found = ok(client.get("/v1/search", params={"query": "sound", "document_ids": document_id}))
    assert found["hits"] == []
    # What other services made from it follows by an event, within moments.
    for path in (f"documents/{document_id}/flowchart", f"quizzes/{quiz['quizId']}"):
        until(lambda path=path: client.get(f"/v1/{path}").status_code == 404, 60)  # type: ignore[misc]
    until(lambda: not list((system.folder / "data" / "blobs").rglob(f"*{document_id}*")), 60)
