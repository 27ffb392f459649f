"""What a set of items covers of a document."""

from collections import Counter
from collections.abc import Mapping, Sequence

from mootion.llm.v1.task_pb2 import Concept, CoverageReport, Item, SectionCoverage

from services.llm.extractive.analysis import Analysis


def coverage(
    analysis: Analysis, concepts: Sequence[Concept], items: Sequence[Item], rejections: Mapping[str, int]
) -> CoverageReport:
    """The report on `items`: sections are those that text stands in, concepts those given."""
    passage_position = {passage.passage_id: i for i, passage in enumerate(analysis.passages)}
    counts = Counter(analysis.section_of[passage_position[item.citation.passage_id]] for item in items)
    with_text = [i for i, section in enumerate(analysis.sections) if section.passages]
    asked = {item.concept.lower() for item in items}
    names = {concept.name.lower() for concept in concepts}
    return CoverageReport(
        section_share=sum(counts[i] > 0 for i in with_text) / max(1, len(with_text)),
        concept_share=len(names & asked) / max(1, len(names)),
        sections=[
            SectionCoverage(section_path=analysis.sections[i].path, item_count=counts[i]) for i in with_text
        ],
        rejected_count=sum(rejections.values()),
        rejections=dict(sorted(rejections.items())),
    )
