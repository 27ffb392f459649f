"""Formulas set apart in the PDF, never parted by a page break from the sentence that leads to them."""

from reportlab.platypus import Flowable, Paragraph, Table


class DisplayedFormula(Table):  # type: ignore[misc]
    """A formula in the middle of the line and its number at the end."""


class LeadIn(Flowable):  # type: ignore[misc]
    """A paragraph that leads to a formula; a page break leaves at least two of its lines with the formula."""

    def __init__(self, paragraph: Paragraph, formula: DisplayedFormula) -> None:
        super().__init__()
        self.paragraph, self.formula = paragraph, formula
        self.gap = paragraph.getSpaceAfter() + formula.getSpaceBefore()

    def getSpaceAfter(self) -> float:
        """The space under the formula, in points."""
        return float(self.formula.getSpaceAfter())

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The size of both together, in points."""
        self.above = self.paragraph.wrap(width, height)[1]
        self.below = self.formula.wrap(width, height)[1]
        return width, self.above + self.gap + self.below

    def split(self, width: float, height: float) -> list[Flowable]:
        """The part that fits, and the rest; nothing where not even two lines fit."""
        keep = 2 * self.paragraph.style.leading
        parts = self.paragraph.split(width, min(height, self.above - keep))
        return [parts[0], LeadIn(parts[1], self.formula)] if len(parts) == 2 else []

    def draw(self) -> None:
        """Draw the paragraph, and the formula under it."""
        self.paragraph.drawOn(self.canv, 0, self.below + self.gap)
        self.formula.drawOn(self.canv, 0, 0)


def keep_formulas_with_text(flowables: list[Flowable]) -> list[Flowable]:
    """Each formula joined to the paragraph that leads to it. Raises ValueError where there is none."""
    story: list[Flowable] = []
    for flowable in flowables:
        if not isinstance(flowable, DisplayedFormula):
            story.append(flowable)
        elif isinstance(story[-1], Paragraph):
            story.append(LeadIn(story.pop(), flowable))
        else:
            raise ValueError("a formula must stand after a paragraph that leads to it")
    return story
