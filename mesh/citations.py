"""Where in a document a quote stands."""

from mootion.document.v1 import document_pb2


def page_at(passage: document_pb2.Passage, character: int) -> int:
    """The page that a character of a passage's text stands on; the passage's first page where no span holds it."""
    for span in passage.page_spans:
        if span.start_char <= character < span.end_char:
            return span.page
    return passage.first_page
