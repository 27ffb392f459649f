"""The plan for pages that are pictures of text."""

from dataclasses import dataclass

MOST_PAGES = 150


@dataclass(slots=True)
class Recognition:
    """Which pages, counted from 1, to recognise by OCR, and which pages of pictures to leave out."""

    pages: list[int]
    left_out: list[int]


class RecognitionNeeded(Exception):
    """The file has pages without text, which only a process with other limits may recognise.

    `has_text` tells whether other pages have text.
    """

    def __init__(self, pages: list[int], has_text: bool) -> None:
        self.pages = pages
        self.has_text = has_text
        super().__init__(f"{len(pages)} pages without text")
