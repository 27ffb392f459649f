"""An item as the gate looks at it."""

import re
from functools import cached_property

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.wording import words_of

GAP = "____"
STATEMENT_KINDS = frozenset((task_pb2.TRUE_FALSE, task_pb2.FIND_ERROR))
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
        """Stems that tell this question from others: of the question, and of the options where they are its matter."""
        if self.item.kind in GROUPED_KINDS or self.item.kind == task_pb2.MULTIPLE_CHOICE:
            return self.stem_stems | self.reading.content_stems(" ".join(o.text for o in self.item.options))
        if self.item.kind == task_pb2.SINGLE_CHOICE:
            return self.stem_stems | self.reading.content_stems(" ".join(self.keys))
        return self.stem_stems

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
        """Concept and quote; two items with both the same prove the same."""
        group = str(self.item.kind) if self.item.kind in GROUPED_KINDS else ""
        return group, self.item.concept.lower(), self.flat_quote

    @cached_property
    def longest_key_words(self) -> int:
        """Words of the longest right text."""
        return max((len(words_of(key)) for key in self.keys), default=0)
