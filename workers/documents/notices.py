"""Sentences that tell a reader by which lesser rule parts of a document were read."""


def read_by_ocr(pages: list[int]) -> str:
    """Says which pages, counted from 1, were read by character recognition."""
    return f"{_pages(pages)} read by OCR."


def not_read(pages: list[int]) -> str:
    """Says which pages are pictures that were left out."""
    return (
        f"{_pages(pages)} not read: they are pictures, and recognising more text in pictures costs too much."
    )


def _pages(pages: list[int]) -> str:
    """`Page 4 was`, `Pages 1 to 3 and 7 were`."""
    ranges: list[list[int]] = []
    for page in sorted(pages):
        if ranges and page == ranges[-1][1] + 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    named = [f"{first} to {last}" if last > first else str(first) for first, last in ranges]
    if len(pages) == 1:
        return f"Page {named[0]} was"
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"Pages {listed} were"
