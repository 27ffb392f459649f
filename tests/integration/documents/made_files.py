"""Documents that the tests make: ordinary, odd and damaged ones."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
from docx.document import Document
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
LEADING = 14.0

CELL = (
    "The cell is the smallest unit of life. Every cell is bounded by a membrane that decides what enters and what "
    "leaves. Inside the membrane the cytoplasm holds the organelles, each of which does one part of the work."
)
ENERGY = (
    "Mitochondria release the energy that is stored in sugar. They need oxygen for this, and they give off carbon "
    "dioxide and water. A muscle cell has thousands of them because it needs much energy in a short time."
)
HEREDITY = (
    "The nucleus keeps the instructions for the whole organism. They are written in a long molecule that is copied "
    "before the cell divides, so that each of the two new cells gets the same instructions."
)


def canvas(path: Path, title: str = "", **options: object) -> Canvas:
    """A canvas for an A4 document."""
    made = Canvas(str(path), pagesize=A4, **options)
    if title:
        made.setTitle(title)
    return made


def wrapped(made: Canvas, text: str, width: float, font: str = "Times-Roman", size: float = 11) -> list[str]:
    """The text in lines that fit the width."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if made.stringWidth(longer, font, size) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def write(
    made: Canvas, lines: Sequence[str], x: float, y: float, font: str = "Times-Roman", size: float = 11
) -> float:
    """Draws lines downwards from `y`; returns the height below them."""
    made.setFont(font, size)
    for line in lines:
        made.drawString(x, y, line)
        y -= LEADING * max(1, size / 11)
    return y


def paragraph(made: Canvas, text: str, x: float, y: float, width: float) -> float:
    """Draws a paragraph, justified but for its last line; returns the height below it and a gap."""
    made.setFont("Times-Roman", 11)
    lines = wrapped(made, text, width)
    for place, line in enumerate(lines):
        spare = width - made.stringWidth(line, "Times-Roman", 11)
        gaps = line.count(" ")
        last = place == len(lines) - 1
        made.drawString(x, y, line, wordSpace=0 if last or not gaps else spare / gaps)
        y -= LEADING
    return y - 8


def chapter(path: Path, pages: int = 3, heads: bool = True) -> Path:
    """A chapter with a heading on each page, paragraphs, and running heads with page numbers."""
    made = canvas(path, "The Living Cell")
    for page in range(1, pages + 1):
        if heads:
            write(made, [f"The Living Cell — Part {1 + page // 100}"], 60, HEIGHT - 35, "Helvetica", 8)
            write(made, [str(page)], WIDTH / 2, 30, "Helvetica", 8)
        y = write(made, [f"Lesson {page}"], 60, HEIGHT - 80, "Helvetica-Bold", 16) - 8
        for text in (CELL, ENERGY, HEREDITY):
            y = paragraph(made, f"{text} This is said on page {page}.", 60, y, WIDTH - 120)
        made.showPage()
    made.save()
    return path


def long_paragraph(path: Path) -> Path:
    """One paragraph over two pages, with running heads between its halves."""
    made = canvas(path)
    text = " ".join([CELL, ENERGY, HEREDITY] * 8)
    lines = wrapped(made, text, WIDTH - 120)
    for page, part in enumerate((lines[:45], lines[45:]), start=1):
        write(made, ["On Cells"], 60, HEIGHT - 35, "Helvetica", 8)
        write(made, [f"Page {page} of 2"], WIDTH / 2, 30, "Helvetica", 8)
        write(made, part, 60, HEIGHT - 70)
        made.showPage()
    made.save()
    return path


def two_columns(path: Path, by_row: bool = False) -> Path:
    """A title over two columns; drawn column by column, or row by row across both."""
    made = canvas(path)
    write(
        made,
        ["Cells in Two Columns, and a Title That Goes Across Them Both"],
        60,
        HEIGHT - 70,
        "Helvetica-Bold",
        16,
    )
    width = (WIDTH - 150) / 2
    left = wrapped(made, " ".join([CELL] * 5), width)
    right = wrapped(made, " ".join([ENERGY] * 5), width)
    top = HEIGHT - 110
    made.setFont("Times-Roman", 11)
    rows = [(60.0, top - LEADING * n, line) for n, line in enumerate(left)]
    others = [(90 + width, top - LEADING * n, line) for n, line in enumerate(right)]
    drawn = sorted(rows + others, key=lambda item: (-item[1], item[0])) if by_row else rows + others
    for x, y, line in drawn:
        made.drawString(x, y, line)
    made.save()
    return path


def with_lines(path: Path, lines: Sequence[tuple[float, float, str, float, str]], rotation: int = 0) -> Path:
    """One page with lines at given places: x, y, font, size, text."""
    made = canvas(path)
    if rotation:
        made.setPageRotation(rotation)
    for x, y, font, size, text in lines:
        made.setFont(font, size)
        made.drawString(x, y, text)
    made.save()
    return path


def turned(path: Path) -> Path:
    """A page whose text runs upwards, as a wide table on an upright sheet does."""
    made = canvas(path)
    made.translate(WIDTH, 0)
    made.rotate(90)
    y = write(made, ["Sideways Lesson"], 60, WIDTH - 80, "Helvetica-Bold", 16) - 8
    paragraph(made, CELL, 60, y, HEIGHT - 120)
    made.save()
    return path


def table(path: Path) -> Path:
    """A paragraph, a table of four rows and three columns, and a paragraph."""
    made = canvas(path)
    y = paragraph(made, CELL, 60, HEIGHT - 80, WIDTH - 120) - 10
    rows = [
        ("Particle", "Mass", "Charge"),
        ("Proton", "1.007", "+1"),
        ("Neutron", "1.009", "0"),
        ("Electron", "0.0005", "-1"),
    ]
    for row in rows:
        for column, cell in enumerate(row):
            made.drawString(80 + 150 * column, y, cell)
        y -= 18
    paragraph(made, ENERGY, 60, y - 14, WIDTH - 120)
    made.save()
    return path


def encrypted(path: Path, user: str, owner: str) -> Path:
    """A document under a password; an empty user password opens for everybody."""
    made = canvas(path, encrypt=StandardEncryption(user, ownerPassword=owner, canPrint=0))
    paragraph(made, CELL, 60, HEIGHT - 80, WIDTH - 120)
    made.save()
    return path


def scanned(path: Path, texts: Sequence[str], then: str = "") -> Path:
    """Pages that are pictures of text, and one page of real text when `then` is given."""
    made = canvas(path)
    for text in texts:
        made.drawInlineImage(picture_of(text), 0, 0, WIDTH, HEIGHT)
        made.showPage()
    if then:
        paragraph(made, then, 60, HEIGHT - 80, WIDTH - 120)
        made.showPage()
    made.save()
    return path


def picture_of(text: str) -> Image.Image:
    """A grey page of about 100 dots an inch with the text on it."""
    image = Image.new("L", (827, 1169), 250)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=20)
    line, y = "", 120
    for word in [*text.split(), ""]:
        longer = f"{line} {word}".strip()
        if not word or pen.textlength(longer, font) > 640:
            pen.text((90, y), line, 15, font)
            y, longer = y + 34, word
        line = longer
    return image


def blank(path: Path) -> Path:
    """One page with nothing on it."""
    made = canvas(path)
    made.showPage()
    made.save()
    return path


def word_document(path: Path, build: Callable[[Document], None] | None = None) -> Path:
    """A DOCX file with a title, two headings and paragraphs, or with what `build` adds."""
    made = docx.Document()
    if build is not None:
        build(made)
    else:
        made.core_properties.title = "The Living Cell"
        made.add_heading("The Living Cell", 0)
        made.add_heading("What a cell is", 1)
        made.add_paragraph(CELL)
        made.add_heading("Where energy comes from", 2)
        made.add_paragraph(ENERGY)
    made.save(str(path))
    return path


def parts_of(path: Path) -> dict[str, bytes]:
    """The parts of a DOCX file by name."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
