"""One question to a model behind an OpenAI-compatible endpoint: asked again while no right reply comes."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx2
import openai
import stamina
from openai.types.chat import ChatCompletion
from pydantic import BaseModel, ValidationError

from mesh import context
from services.llm.budget import Meter
from services.llm.failures import EngineUnavailable, OutputInvalid, RequestRefused
from services.llm.prompts.prompt import Prompt, Turn
from services.llm.replies.checked import MOST_PROBLEMS_SHOWN, Checked
from services.llm.splitting import tokens_in

ATTEMPTS = 3
FIRST_WAIT_SECONDS = 2.0
JITTER_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 20.0
CONNECT_SECONDS = 5.0
REPLY_SECONDS = 60.0
REPLY_CHARACTERS_SHOWN = 8_000
# Several times the largest reply that is asked for. Judging one takes time for each of its characters.
MOST_REPLY_CHARACTERS = 100_000
NOT_UNDERSTOOD = (400, 415, 422)
WORTH_ANOTHER_TRY = (408, 409, 425, 429)
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True)
class Dialect:
    """How much of the API a server understands."""

    response_format: str
    temperature: float | None = None

    def options(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of a request for a reply of this schema."""
        options: dict[str, Any] = {}
        if self.temperature is not None:
            options["temperature"] = self.temperature
        if self.response_format == "json_schema":
            described = {"name": name, "schema": schema, "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": described}
        elif self.response_format == "json_object":
            options["response_format"] = {"type": "json_object"}
        return options


# From the most to the least that is asked of a server: reasoning models take no temperature, small servers no schema.
DIALECTS = (
    Dialect("json_schema", temperature=0.0),
    Dialect("json_schema"),
    Dialect("json_object"),
    Dialect("text"),
)


@dataclass
class Chat:
    """Asks a model for replies of a schema.

    Args:
        client: without retries of its own.
        meter: counts the tokens of every reply, used or not.
        first_wait_seconds: before the second attempt; twice that before the third; up to a second more by chance.
    """

    client: openai.AsyncOpenAI
    model: str
    meter: Meter
    first_wait_seconds: float = FIRST_WAIT_SECONDS
    _dialect: int = field(default=0, init=False)

    async def ask(
        self, prompt: Prompt, schema: type[M], wanted: str, text: str, check: Callable[[M], Checked[T]]
    ) -> T:
        """What `check` kept of the reply. One that was mostly dropped is asked for again, with the reasons; after three
        attempts in all the best one counts.

        Raises:
            OutputInvalid: no reply held anything.
            EngineUnavailable: no reply came.
            RequestRefused: the server does not take the request in any form.
            BudgetSpent: see Meter.
        """
        described = schema.model_json_schema()
        turns = prompt.turns(described, wanted, text)
        exchange = _Exchange(schema, check)
        try:
            async for attempt in self._attempts():
                with attempt:
                    asked = [*turns, *exchange.correction]
                    exchange.judge(await self._complete(prompt.name, described, asked))
        except (OutputInvalid, EngineUnavailable):
            if exchange.best is None or not exchange.best.usable:
                raise
        if exchange.best is None:
            raise OutputInvalid(["there is no reply"])
        return exchange.best.value

    async def close(self) -> None:
        """Ends the connections."""
        await self.client.close()

    def _attempts(self) -> Any:
        return stamina.retry_context(
            on=_wait,
            attempts=ATTEMPTS,
            timeout=None,
            wait_initial=self.first_wait_seconds,
            wait_max=LONGEST_WAIT_SECONDS,
            wait_jitter=min(JITTER_SECONDS, self.first_wait_seconds),
        )

    async def _complete(self, name: str, schema: Mapping[str, Any], turns: Sequence[Turn]) -> "_Answer":
        """One reply, in the best dialect that the server understands."""
        await self.meter.check()
        refusal: openai.APIStatusError | None = None
        for dialect in range(self._dialect, len(DIALECTS)):
            try:
                completion = await self._send(DIALECTS[dialect].options(name, schema), turns)
            except openai.APIStatusError as error:
                if error.status_code not in NOT_UNDERSTOOD:
                    raise _failure(error) from None
                refusal = error
                continue
            except openai.APIError as error:
                raise _failure(error) from None
            self._dialect = dialect
            return await self._charged(completion, turns)
        raise RequestRefused(f"status {refusal.status_code if refusal else 0} in every dialect")

    async def _send(self, options: Mapping[str, Any], turns: Sequence[Turn]) -> ChatCompletion:
        completion: ChatCompletion = await self.client.chat.completions.create(
            model=self.model,
            messages=list(turns),  # type: ignore[arg-type]
            timeout=_timeout(),
            **options,
        )
        return completion

    async def _charged(self, completion: ChatCompletion, turns: Sequence[Turn]) -> "_Answer":
        """A completion, after its tokens were counted; estimated where the server does not say."""
        choice = completion.choices[0] if completion.choices else None
        text = (choice.message.content if choice else None) or ""
        if completion.usage is not None:
            await self.meter.spent(completion.usage.prompt_tokens, completion.usage.completion_tokens)
        else:
            await self.meter.spent(sum(tokens_in(turn["content"]) for turn in turns), tokens_in(text))
        return _Answer(text, choice is not None and choice.finish_reason == "length")


@dataclass(frozen=True)
class _Answer:
    """What a model wrote, and whether it was stopped before its end."""

    text: str
    cut: bool


class _Exchange(Generic[M, T]):
    """The attempts at one question: the best reply so far, and what the next attempt has to be told."""

    def __init__(self, schema: type[M], check: Callable[[M], Checked[T]]) -> None:
        self._schema = schema
        self._check = check
        self.best: Checked[T] | None = None
        self.correction: list[Turn] = []

    def judge(self, answer: _Answer) -> None:
        """Raises OutputInvalid where another attempt is called for."""
        try:
            checked = self._check(_parsed(answer, self._schema))
            if self.best is None or checked.kept > self.best.kept:
                self.best = checked
            if not checked.good:
                raise OutputInvalid(list(checked.problems))
        except OutputInvalid as invalid:
            self.correction = _correction(answer.text, invalid.problems)
            raise


def _timeout() -> httpx2.Timeout:
    call = context.current()
    left = REPLY_SECONDS if call is None else min(REPLY_SECONDS, call.remaining_seconds())
    return httpx2.Timeout(left, connect=min(CONNECT_SECONDS, left))


def _wait(error: Exception) -> bool | float:
    """Whether an attempt is worth repeating, and after how many seconds where that is known."""
    if isinstance(error, OutputInvalid):
        return 0.0
    if not isinstance(error, EngineUnavailable) or not error.retryable:
        return False
    if error.retry_after_seconds is None:
        return True
    return error.retry_after_seconds if error.retry_after_seconds <= LONGEST_WAIT_SECONDS else False


def _failure(error: openai.APIError) -> EngineUnavailable:
    """The failure without the server's words, which may repeat the document."""
    if not isinstance(error, openai.APIStatusError):
        return EngineUnavailable(type(error).__name__, retryable=isinstance(error, openai.APIConnectionError))
    retryable = error.status_code >= 500 or error.status_code in WORTH_ANOTHER_TRY
    if error.code == "insufficient_quota":
        retryable = False
    return EngineUnavailable(
        f"status {error.status_code}", retryable=retryable, retry_after_seconds=_retry_after(error.response)
    )


def _retry_after(response: httpx2.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d+)?", value) else None


def _parsed(answer: _Answer, schema: type[M]) -> M:
    """The first JSON object of an answer, as the schema has it.

    Raises:
        OutputInvalid: there is none, or it breaks the schema.
    """
    if answer.cut:
        raise OutputInvalid(["The reply was cut off for its length: give fewer entries."])
    if len(answer.text) > MOST_REPLY_CHARACTERS:
        raise OutputInvalid(
            [f"The reply is longer than {MOST_REPLY_CHARACTERS} characters: give fewer entries."]
        )
    body = _THOUGHTS.sub("", answer.text)
    start = body.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(body, max(start, 0))
    except (json.JSONDecodeError, RecursionError):
        raise OutputInvalid(["The reply is not a JSON object."]) from None
    try:
        return schema.model_validate(found)
    except ValidationError as error:
        raise OutputInvalid([_described(e["loc"], e["msg"]) for e in error.errors()]) from None


def _described(place: Sequence[int | str], problem: str) -> str:
    return f"{'.'.join(map(str, place)) or 'reply'}: {problem}"


def _correction(answer: str, problems: Sequence[str]) -> list[Turn]:
    shown = [f"- {problem}" for problem in problems[:MOST_PROBLEMS_SHOWN]]
    request = ["Your reply was rejected:", *shown, "Reply again with the whole JSON object, corrected."]
    return [
        {"role": "assistant", "content": answer[:REPLY_CHARACTERS_SHOWN] or "{}"},
        {"role": "user", "content": "\n".join(request)},
    ]
