"""The engine behind any OpenAI-compatible endpoint. Long texts are worked on in parts, at once and then merged."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import TypeVar

import openai
from mootion.document.v1.document_pb2 import Atom, Passage
from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1 import task_pb2

from mesh.config import Settings
from mesh.validation import Validator
from services.llm.budget import Meter
from services.llm.chat import Chat
from services.llm.failures import OutputInvalid
from services.llm.guard import Guard
from services.llm.prompts import answer as answer_prompt
from services.llm.prompts import atoms as atoms_prompt
from services.llm.prompts import choice as choice_prompt
from services.llm.prompts import concepts as concepts_prompt
from services.llm.prompts import notes as notes_prompt
from services.llm.prompts import questions as questions_prompt
from services.llm.prompts import relations as relations_prompt
from services.llm.prompts import script as script_prompt
from services.llm.prompts.prompt import Prompt, shown
from services.llm.question_orders import Order, orders, shares
from services.llm.quotes import Quotes
from services.llm.replies import answer, atoms, choice, concepts, notes, questions, relations, script
from services.llm.replies.checked import Checked, Reply
from services.llm.replies.question import QuestionsReply
from services.llm.splitting import Part, split

DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5-mini"
# To be raised with every change of prompts or checks: replies cached under another one are not used.
REVISION = 2
PARTS_AT_ONCE = 8
MIN_CONCEPTS, MAX_CONCEPTS = 15, 50
MOST_CONCEPTS_IN_PART = 40
MOST_CONCEPTS_NAMED = 80
MOST_SENTENCES = 4
SECONDS = 75.0
WORDS_A_SECOND = 2.5

M = TypeVar("M", bound=Reply)
P = TypeVar("P")
T = TypeVar("T")


@dataclass(frozen=True)
class OpenAiEngine:
    """Nothing a model says is taken on trust: quotes are looked up, names must be known, and the rest must be borne out
    by the text."""

    chat: Chat
    model: str
    name: str = "openai"
    revision: int = REVISION
    _validator: Validator = field(default_factory=Validator)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARTS_AT_ONCE))

    @classmethod
    def open(cls, settings: Settings, meter: Meter) -> "OpenAiEngine":
        """An engine for the endpoint, key and model of the settings."""
        key = settings.openai_api_key
        client = openai.AsyncOpenAI(
            # Local servers ask for no key, but the SDK does.
            api_key=key.reveal() if key else "none",
            base_url=settings.openai_base_url or DEFAULT_BASE_URL,
            max_retries=0,
        )
        model = settings.openai_model or DEFAULT_MODEL
        return cls(Chat(client, model, meter), model)

    async def extract_concepts(
        self, request: messages.ExtractConceptsRequest
    ) -> messages.ExtractConceptsResponse:
        """See Engine."""
        parts = split(request.passages)
        low, high = request.min_concepts or MIN_CONCEPTS, request.max_concepts or MAX_CONCEPTS
        share = shares(parts)

        async def ask(number: int) -> list[task_pb2.Concept]:
            most = min(MOST_CONCEPTS_IN_PART, max(2, ceil(1.3 * high * share[number])))
            wanted = f"Give {min(most, max(1, round(low * share[number])))} to {most} concepts."
            check = partial(concepts.check, passages=parts[number].passages)
            return await self._ask(
                concepts_prompt.PROMPT, concepts.ConceptsReply, wanted, parts[number], check
            )

        found = await self._all(ask, range(len(parts)))
        merged = concepts.merge(found, request.passages, max(low, high))
        if not merged:
            raise OutputInvalid(["no concept was found"])
        return messages.ExtractConceptsResponse(concepts=merged)

    async def infer_relations(
        self, request: messages.InferRelationsRequest
    ) -> messages.InferRelationsResponse:
        """See Engine."""

        async def ask(part: Part) -> list[task_pb2.Relation]:
            named = _named(request.concepts, part)
            if len(named) < 2:
                return []
            wanted = f"Concepts: {'; '.join(concept.name for concept in named)}."
            check = partial(relations.check, passages=part.passages, concepts=named)
            return await self._ask(relations_prompt.PROMPT, relations.RelationsReply, wanted, part, check)

        found = await self._all(ask, split(request.passages))
        return messages.InferRelationsResponse(relations=relations.merge(found))

    async def write_atoms(self, request: messages.WriteAtomsRequest) -> messages.WriteAtomsResponse:
        """See Engine."""
        prompt = atoms_prompt.PROMPT

        async def ask(part: Part) -> list[Atom]:
            check = partial(atoms.check, passages=part.passages, guard=_guard(prompt, atoms.AtomsReply, part))
            return await self._ask(prompt, atoms.AtomsReply, "Cut the whole text.", part, check)

        return messages.WriteAtomsResponse(atoms=atoms.merge(await self._all(ask, split(request.passages))))

    async def write_questions(
        self, request: messages.WriteQuestionsRequest
    ) -> messages.WriteQuestionsResponse:
        """See Engine."""
        wanted = orders(split(request.passages), request.question_count, request.kinds)
        found = await self._all(partial(self._write, request), wanted)
        written = questions.merge(found, request.question_count)
        names = [concept.name for concept in request.concepts]
        return messages.WriteQuestionsResponse(
            items=written.items, coverage=questions.coverage(request.passages, names, written)
        )

    async def _write(self, request: messages.WriteQuestionsRequest, order: Order) -> questions.Written:
        prompt, names = questions_prompt.PROMPT, [c.name for c in _named(request.concepts, order.part)]
        kinds = ", ".join(task_pb2.QuestionKind.Name(kind) for kind in order.kinds)
        wanted = f"Write {order.count} questions. Kinds: {kinds}. "
        wanted += f"Concepts: {'; '.join(names)}. " if names else ""
        gate = questions.Gate(
            order.part.passages,
            [concept.name for concept in request.concepts],
            frozenset(order.kinds),
            request.seed,
            _guard(prompt, QuestionsReply, order.part),
        )
        return await self._ask(
            prompt,
            QuestionsReply,
            f"{wanted}Variation {request.seed}.",
            order.part,
            gate.check,
        )

    async def write_script(self, request: messages.WriteScriptRequest) -> messages.WriteScriptResponse:
        """See Engine."""
        prompt, topic = script_prompt.PROMPT, " ".join(request.topic.split())
        on = f"The lesson is on: {topic}." if topic else "The lesson is on the text as a whole."
        part = await self._digest(request.passages, on)
        seconds = request.target_duration.ToMicroseconds() / 1e6 or SECONDS
        check = script.ScriptCheck(
            Quotes(part.passages),
            _guard(prompt, script.ScriptReply, part, topic, request.document_title),
            self._validator,
            seconds,
            request.language or "en",
        )
        words = round(seconds * WORDS_A_SECOND)
        wanted = f"{on} It lasts about {seconds:.0f} s: about {words} words of narration."
        written = await self._ask(prompt, script.ScriptReply, wanted, part, check.check)
        return messages.WriteScriptResponse(script=written)

    async def _digest(self, passages: Sequence[Passage], on: str) -> Part:
        """The text where it fits into one question, else notes on all of its parts."""
        parts = split(passages)
        if len(parts) == 1:
            return parts[0]

        async def ask(part: Part) -> list[notes.Note]:
            check = partial(notes.check, passages=part.passages)
            return await self._ask(notes_prompt.PROMPT, notes.NotesReply, on, part, check)

        return notes.digest(await self._all(ask, parts), passages)

    async def answer_question(
        self, request: messages.AnswerQuestionRequest
    ) -> messages.AnswerQuestionResponse:
        """See Engine."""
        prompt, question = answer_prompt.PROMPT, " ".join(request.question.split())
        most = request.max_sentences or MOST_SENTENCES
        wanted = f"Question: {question}\nGive at most {most} sentences."

        async def ask(part: Part) -> messages.AnswerQuestionResponse:
            guard = _guard(prompt, answer.AnswerReply, part, question)
            check = partial(answer.check, passages=part.passages, question=question, guard=guard)
            return await self._ask(prompt, answer.AnswerReply, wanted, part, check)

        return answer.merge(await self._all(ask, split(request.passages)), most)

    async def choose_option(self, request: messages.ChooseOptionRequest) -> messages.ChooseOptionResponse:
        """See Engine. Without passages nothing decides: the first option, with no confidence."""
        parts = split(request.passages)
        if not parts:
            return messages.ChooseOptionResponse()
        options = "\n".join(f"{n}. {' '.join(o.split())}" for n, o in enumerate(request.options, 1))
        wanted = f"Question: {' '.join(request.question.split())}\n{options}"

        async def ask(part: Part) -> messages.ChooseOptionResponse:
            check = partial(choice.check, passages=part.passages, option_count=len(request.options))
            return await self._ask(choice_prompt.PROMPT, choice.ChoiceReply, wanted, part, check)

        return choice.merge(await self._all(ask, parts))

    async def close(self) -> None:
        """See Engine."""
        await self.chat.close()

    async def _ask(
        self, prompt: Prompt, schema: type[M], wanted: str, part: Part, check: Callable[[M], Checked[T]]
    ) -> T:
        async with self._places:
            return await self.chat.ask(prompt, schema, wanted, shown(part), check)

    async def _all(self, ask: Callable[[P], Awaitable[T]], pieces: Sequence[P]) -> list[T]:
        """The outcomes for all pieces, in their order. The first failure ends the rest: nothing is left out."""
        asking = [asyncio.ensure_future(ask(piece)) for piece in pieces]
        try:
            return list(await asyncio.gather(*asking))
        finally:
            for task in asking:
                task.cancel()


def _guard(prompt: Prompt, schema: type[Reply], part: Part, *said: str) -> Guard:
    """Judges replies by the part, its headings, and what the caller said."""
    headings = (title for passage in part.passages for title in passage.section_path)
    document = "\n".join((part.text, *dict.fromkeys(headings), *said))
    return Guard(prompt.instructions(schema.model_json_schema()), document)


def _named(given: Sequence[task_pb2.Concept], part: Part) -> list[task_pb2.Concept]:
    """The concepts that a part speaks of, most important first."""
    text = part.text.casefold()
    found = [c for c in given if any(name.casefold() in text for name in (c.name, *c.aliases))]
    return sorted(found, key=lambda concept: -concept.importance)[:MOST_CONCEPTS_NAMED]
