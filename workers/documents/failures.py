"""Why a document cannot be read, as reasons of `mootion.errors.v1.Reason` with a sentence for a person."""

UNSUPPORTED_DOCUMENT_TYPE = "UNSUPPORTED_DOCUMENT_TYPE"
EMPTY_UPLOAD = "EMPTY_UPLOAD"
DOCUMENT_ENCRYPTED = "DOCUMENT_ENCRYPTED"
DOCUMENT_UNREADABLE = "DOCUMENT_UNREADABLE"
DOCUMENT_WITHOUT_TEXT = "DOCUMENT_WITHOUT_TEXT"
DOCUMENT_TOO_COSTLY = "DOCUMENT_TOO_COSTLY"

SENTENCES = {
    UNSUPPORTED_DOCUMENT_TYPE: "The file is neither a PDF nor a DOCX document by its content; "
    "save it as one of these and upload it again.",
    EMPTY_UPLOAD: "The file is empty; choose a file with content and upload it again.",
    DOCUMENT_ENCRYPTED: "The document opens only with a password; remove the password and upload it again.",
    DOCUMENT_UNREADABLE: "The document is damaged and cannot be read; "
    "export it again from the program that made it.",
    DOCUMENT_WITHOUT_TEXT: "No text was found in the document, by character recognition neither; "
    "upload a version with readable text.",
    DOCUMENT_TOO_COSTLY: "Reading the document takes more time, memory or unpacked bytes than is allowed; "
    "upload it in smaller parts or export it again without large images.",
}


class DocumentFailure(Exception):
    """A document that ends in one clear failure.

    `reason` is a name of `mootion.errors.v1.Reason` without its prefix; `message` is one sentence for a
    person.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        self.reason = reason
        self.message = message or SENTENCES[reason]
        super().__init__(f"{reason}: {self.message}")
