"""An item as the gate looks at it."""

import re
from functools import cached_property

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.wording import words_of

GAP = "____"
NEAR_DUPLICATE_SHARE = 0.8
GROUPED_KINDS = frozenset((task_pb2.MATCHING, task_pb2.ORDERING, task_pb2.FIND_ERROR))


def flat(text: str) -> str:
    """Letters and digits of `text` in lower case, its words parted by single spaces."""
    return " ".join(re.findall(r"[a-z0-9]+|[^\W\d_]+", text.lower()))


class ItemView:
    """What the rules ask about an item, worked out once each."""

    def __init__(self, item: Item, reading: Reading) -> None:
        self.item = item
        self.reading = reading

    @cached_property
    def options(self) -> dict[str, str]:
        """Text of each option by its identifier."""
        return {option.option_id: option.text for option in self.item.options}

    @cached_property
    def keys(self) -> list[str]:
        """Texts of the right answer: of the right options, else the accepted texts."""
        if self.item.options:
            return [self.options[i] for i in self.item.key.option_ids if i in self.options]
        return list(self.item.key.texts)

    @cached_property
    def distractors(self) -> list[str]:
        """Texts of the options that are not right."""
        right = set(self.item.key.option_ids)
        return [option.text for option in self.item.options if option.option_id not in right]

    @cached_property
    def flat_stem(self) -> str:
        """The stem without punctuation."""
        return flat(self.item.stem)

    @cached_property
    def flat_quote(self) -> str:
        """The quote without punctuation."""
        return flat(self.item.citation.quote)

    @cached_property
    def stem_stems(self) -> frozenset[str]:
        """Stems of the content words of the question."""
        return self.reading.content_stems(self.item.stem)

    @cached_property
    def question_stems(self) -> frozenset[str]:
        """Stems that tell this question from others: of the question with its answer put in.

        Two gaps in one sentence are therefore the same question, for each shows the answer of the other. Where the
        options are the matter of the question, theirs count too.
        """
        if self.item.kind in GROUPED_KINDS or self.item.kind == task_pb2.MULTIPLE_CHOICE:
            return self.stem_stems | self.reading.content_stems(" ".join(o.text for o in self.item.options))
        if self.item.kind == task_pb2.TRUE_FALSE:
            return self.stem_stems
        return self.stem_stems | self.reading.content_stems(" ".join(self.keys[:1]))

    @property
    def duplicate_share(self) -> float:
        """The share of stems with another question from which on both ask the same.

        Questions on one formula differ in a letter.
        """
        return 1.0 if self.item.kind == task_pb2.ALGEBRAIC else NEAR_DUPLICATE_SHARE

    @cached_property
    def asks_for_outsider(self) -> bool:
        """Whether the question asks which option does not belong."""
        return bool(re.match(r"Which of these (?:is not one|does the text not)", self.item.stem))

    @property
    def names_all_options(self) -> bool:
        """Whether the question names what each option is about, so that no name tells the right one."""
        return self.item.stem.startswith("Which of these statements")

    @property
    def proof(self) -> tuple[str, str, str]:
        """Concept and quote, with the result where one is worked out; two items with all the same prove the same."""
        group = str(self.item.kind) if self.item.kind in GROUPED_KINDS else ""
        if self.item.kind in (task_pb2.ALGEBRAIC, task_pb2.NUMERIC):
            group = f"{self.item.kind} {self.item.key.number} {self.keys[:1]}"
        return group, self.item.concept.lower(), self.flat_quote

    @cached_property
    def longest_key_words(self) -> int:
        """Words of the longest right text."""
        return max((len(words_of(key)) for key in self.keys), default=0)
