"""A short chapter on rivers, written for these tests."""

from mootion.document.v1.document_pb2 import PageSpan, Passage

_SECTIONS = (
    (
        "How Rivers Work",
        "A river is a natural stream of water that flows in a channel towards a sea, a lake or another river. "
        "The place where a river begins is called its source. A tributary is a smaller river that flows into a "
        "larger river. The drainage basin (DB) of a river is the area of land from which rain runs into that river.",
    ),
    (
        "How Rivers Work",
        "Rivers carry sand and mud. Sediment is loose material that a river carries and drops again. Sediment is "
        "sorted by size because fast water carries large grains and slow water carries only small grains. For "
        "example, a mountain stream may roll boulders.",
    ),
    (
        "Landforms",
        "Erosion is the wearing away of rock and soil by moving water, wind or ice. Deposition is the dropping of "
        "sediment where a river slows down. A meander is a bend that a river makes by erosion on its outer bank "
        "and deposition on its inner bank. Meanders grow wider with time.",
    ),
    (
        "Landforms",
        "A delta is a landform that grows by deposition where a river enters a sea or a lake. There are three "
        "kinds of delta: the arcuate delta, the cuspate delta, and the bird's foot delta. The delta of the Nile "
        "covers 24,000 square kilometres. Unlike a delta, an estuary is a river mouth that the tide keeps open.",
    ),
)


def passages() -> list[Passage]:
    """The chapter as two pages of two passages each."""
    return [
        Passage(
            passage_id=f"rivers-{i}",
            document_id="rivers",
            sequence=i,
            text=text,
            section_path=["Rivers", title],
            first_page=i // 2 + 1,
            last_page=i // 2 + 1,
            page_spans=[PageSpan(page=i // 2 + 1, start_char=0, end_char=len(text))],
        )
        for i, (title, text) in enumerate(_SECTIONS)
    ]
