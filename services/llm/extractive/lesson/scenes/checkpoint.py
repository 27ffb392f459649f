"""A question in the middle of a lesson, on something it has shown before."""

from collections.abc import Iterator

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item
from mootion.video.v1.script_pb2 import CheckpointContent, Scene

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.scenes.definition import with_article
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.draft import Seed
from services.llm.extractive.questions.gate import Gate
from services.llm.extractive.questions.wording import with_capital
from services.llm.extractive.questions.writers import definition_choice

_OPTIONS = 3


def draft(material: Material) -> Iterator[SceneDraft]:
    """A single-choice question for every term that is defined well, as the quiz would ask it."""
    gate = Gate(material.shop.reading)
    for term, definition in material.definition_of.items():
        if definition.quality < 0.6:
            continue
        seed = Seed(task_pb2.SINGLE_CHOICE, "term", definition, term, definition.quality, definition.sentence)
        item = definition_choice.write(material.shop, seed)
        if item is not None and gate.fault(item) is None:
            yield _draft(material, item, definition)


def _draft(material: Material, item: Item, definition: Definition) -> SceneDraft:
    texts = [option.text for option in item.options]
    right = next(o.text for o in item.options if o.option_id in item.key.option_ids)
    is_named = right.lower() == definition.named.lower()
    answer = with_article(material, definition) if is_named else right
    shown = [
        text for text in texts if text == right or text in [t for t in texts if t != right][: _OPTIONS - 1]
    ]
    content = CheckpointContent(
        question=item.stem,
        options=[with_capital(text) for text in shown],
        answer_index=shown.index(right),
        answer=with_capital(right),
    )
    return SceneDraft(
        scene=Scene(title="Check yourself", checkpoint=content),
        forms=[
            [*spoken(item.stem), f"It is {answer}."],
            ["Time for a quick check.", *spoken(item.stem), f"The answer is {answer}."],
        ],
        citations=[item.citation],
        anchor=definition.sentence.index,
        worth=1.2 - 0.02 * len(item.stem.split()),
        terms=frozenset((definition.term,)),
    )
