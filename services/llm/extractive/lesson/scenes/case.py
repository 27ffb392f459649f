"""Scenes of the worked examples that a document brings."""

from collections.abc import Iterator

from mootion.video.v1.script_pb2 import Scene, WorkedExampleContent

from services.llm.extractive.lesson.cases import Case, Step, cases
from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.questions.expression_text import symbol_in_words
from services.llm.extractive.questions.wording import cleaned, with_capital


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every worked example of the text."""
    for case in cases(material.analysis):
        yield _draft(material, case)


def _draft(material: Material, case: Case) -> SceneDraft:
    last = [step for step in case.steps if step.value][-1]
    content = WorkedExampleContent(
        problem=" ".join(cleaned(s.text) for s in case.problem),
        steps=[step.text for step in case.steps],
        result=f"{last.symbol} = {last.value}",
    )
    sources = (*case.problem, *case.solution)
    terms = frozenset(t for source in sources for t in material.terms_in(source))
    asked = [sentence for source in case.problem for sentence in spoken(source.text)]
    results = [sentence for step in case.steps for sentence in _said(material, case, step)]
    return SceneDraft(
        scene=Scene(title=_title(material, case), worked_example=content),
        forms=[["Let us work through an example.", *asked, *results]],
        citations=[material.shop.citation(source) for source in sources],
        anchor=case.problem[0].index,
        worth=1.4 + max((material.importance[t] for t in terms), default=0.0),
        terms=terms,
    )


def _title(material: Material, case: Case) -> str:
    return f"An example: {material.inside(case.title)}" if case.title else "A worked example"


def _said(material: Material, case: Case, step: Step) -> list[str]:
    """What a step comes to; a step without a number only says what it is solved for."""
    told = material.shop.reading.notation.get(step.symbol, ())
    meanings = {t.meaning for t in told}
    name = meanings.pop() if len(meanings) == 1 else symbol_in_words(step.symbol)
    if step.value:
        return spoken(f"{with_capital(name)} comes to {step.value}")
    return spoken(f"We write {name} in symbols")
