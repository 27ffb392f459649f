"""Chat: replies parsed, corrected, repeated and paid for."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import stamina.instrumentation
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2

from services.llm.failures import BudgetSpent, EngineUnavailable, OutputInvalid, RequestRefused
from services.llm.prompts.concepts import PROMPT
from services.llm.prompts.prompt import shown
from services.llm.replies import concepts
from services.llm.replies.checked import Checked
from services.llm.splitting import split
from tests.stopwatch import Stopwatch, quickest
from tests.unit.llm.engine.scripted_server import KEY, Answer, ScriptedServer, completion, error

PASSAGES = [Passage(passage_id="p", document_id="d", text="A wave carries energy. Sound is a wave in air.")]
WAVE = {
    "name": "wave",
    "definition_quote": "A wave carries energy.",
    "level": "FUNDAMENTAL",
    "aliases": [],
    "importance": 0.9,
}
SOUND = {**WAVE, "name": "sound", "definition_quote": "Sound is a wave in air."}
INVENTED = {**WAVE, "name": "phlogiston"}
GOOD = {"concepts": [WAVE, SOUND]}


async def ask(server: ScriptedServer) -> list[str]:
    def check(reply: concepts.ConceptsReply) -> Checked[list[task_pb2.Concept]]:
        return concepts.check(reply, PASSAGES)

    text = shown(split(PASSAGES)[0])
    found = await server.chat().ask(PROMPT, concepts.ConceptsReply, "Give 2 concepts.", text, check)
    return [concept.name for concept in found]


async def test_a_good_reply_is_taken_at_once_and_paid_for() -> None:
    server = ScriptedServer([GOOD])
    assert await ask(server) == ["wave", "sound"]
    assert len(server.requests) == 1
    assert (server.meter.prompt_tokens, server.meter.completion_tokens) == (100, 10)


async def test_a_request_asks_for_the_schema_and_ends_with_the_text_as_data() -> None:
    server = ScriptedServer([GOOD])
    await ask(server)
    request = server.requests[0]
    described = request["response_format"]["json_schema"]
    assert described["strict"] is True
    assert described["schema"] == concepts.ConceptsReply.model_json_schema()
    assert request["temperature"] == 0.0
    assert "tools" not in request
    assert [turn["role"] for turn in request["messages"]][:2] == ["system", "user"]
    assert "A wave carries energy." in request["messages"][-1]["content"]
    assert KEY not in str(request)


@pytest.mark.parametrize(
    "answer",
    [
        '```json\n{"concepts": []}\n```',
        '<think>Shall I write {"concepts": 3}? No.</think>{"concepts": []}',
        'Here you are: {"concepts": []} I hope it helps.',
    ],
)
async def test_what_models_put_around_the_object_is_left_out(answer: str) -> None:
    assert await ask(ScriptedServer([answer])) == []


@pytest.mark.parametrize(
    ("wrong", "shown_problem"),
    [
        ('{"concepts": [', "not a JSON object"),
        ("I cannot do that.", "not a JSON object"),
        ("", "not a JSON object"),
        ({"concepts": [{"name": "wave"}]}, "concepts.0.definition_quote: Field required"),
        ({"concepts": [{**WAVE, "level": "EXPERT"}]}, "concepts.0.level"),
        ({"concepts": [], "comment": "extra"}, "comment: Extra inputs"),
        ({"concepts": [INVENTED]}, "'phlogiston' does not stand in the text"),
        ({"concepts": [{**WAVE, "definition_quote": "A wave is wet, mostly."}]}, "word for word"),
    ],
)
async def test_a_wrong_reply_is_corrected_with_the_error_shown(wrong: Answer, shown_problem: str) -> None:
    server = ScriptedServer([wrong, GOOD])
    assert await ask(server) == ["wave", "sound"]
    assert len(server.requests) == 2
    correction = server.requests[1]["messages"][-1]["content"]
    assert shown_problem in correction
    assert server.meter.prompt_tokens == 200


async def test_a_reply_cut_off_for_its_length_is_asked_for_again() -> None:
    cut = httpx2.Response(200, json=completion('{"concepts": [', finish_reason="length"))
    server = ScriptedServer([cut, GOOD])
    assert await ask(server) == ["wave", "sound"]
    assert "cut off" in server.requests[1]["messages"][-1]["content"]


async def test_a_reply_without_end_is_not_judged_and_asked_for_again() -> None:
    endless = {"concepts": [{**WAVE, "aliases": ["x" * 1000] * 200}]}
    server = ScriptedServer([endless, GOOD])
    assert await ask(server) == ["wave", "sound"]
    assert "longer than 100000 characters" in server.requests[1]["messages"][-1]["content"]


async def test_three_wrong_replies_are_the_end() -> None:
    server = ScriptedServer([{"concepts": [INVENTED]}])
    with pytest.raises(OutputInvalid):
        await ask(server)
    assert len(server.requests) == 3


async def test_the_best_of_three_poor_replies_is_used_without_what_is_wrong_in_it() -> None:
    server = ScriptedServer(
        [{"concepts": [WAVE, INVENTED, INVENTED]}, {"concepts": [INVENTED]}, {"concepts": [INVENTED]}]
    )
    assert await ask(server) == ["wave"]
    assert len(server.requests) == 3


async def test_a_reply_that_is_mostly_right_is_not_asked_for_again() -> None:
    server = ScriptedServer([{"concepts": [WAVE, SOUND, INVENTED]}])
    assert await ask(server) == ["wave", "sound"]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: error(429),
        lambda: error(500),
        lambda: error(503, headers={"retry-after": "0.01"}),
        lambda: httpx2.ConnectError("refused"),
        lambda: httpx2.ReadTimeout("slow"),
    ],
    ids=["429", "500", "503", "no connection", "timeout"],
)
async def test_passing_trouble_is_tried_again_three_times_in_all(trouble: Callable[[], Answer]) -> None:
    server = ScriptedServer([trouble(), trouble(), GOOD])
    assert await ask(server) == ["wave", "sound"]
    server = ScriptedServer(reply=lambda _: trouble())
    with pytest.raises(EngineUnavailable):
        await ask(server)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "trouble",
    [
        error(401),
        error(403),
        error(404),
        error(429, code="insufficient_quota"),
        error(429, headers={"retry-after": "3600"}),
    ],
    ids=["401", "403", "404", "no quota", "later"],
)
async def test_lasting_trouble_is_not_tried_again(trouble: httpx2.Response) -> None:
    server = ScriptedServer(reply=lambda _: httpx2.Response(trouble.status_code, **parts_of(trouble)))
    with pytest.raises(EngineUnavailable) as raised:
        await ask(server)
    assert len(server.requests) == 1
    assert "canary" not in str(raised.value)


def parts_of(response: httpx2.Response) -> dict[str, Any]:
    headers = {k: v for k, v in response.headers.items() if k == "retry-after"}
    return {"json": response.json(), "headers": headers}


async def test_waits_are_two_to_the_n_seconds_with_jitter_and_what_the_server_says() -> None:
    waits: list[float] = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: waits.append(details.wait_for)])
    slept: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float, *args: Any) -> None:
        slept.append(seconds)
        await sleep(0)

    server = ScriptedServer([error(500), error(500), GOOD])
    chat = server.chat()
    chat.first_wait_seconds = 2.0
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio, "sleep", record)
            check = concepts.check
            await chat.ask(PROMPT, concepts.ConceptsReply, "", "", lambda reply: check(reply, PASSAGES))
            server.answers = [error(429, headers={"retry-after": "7"}), GOOD]
            server.requests.clear()
            await chat.ask(PROMPT, concepts.ConceptsReply, "", "", lambda reply: check(reply, PASSAGES))
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert 2.0 <= waits[0] <= 3.0
    assert 4.0 <= waits[1] <= 5.0
    assert waits[2] == pytest.approx(7.0)


async def test_a_server_that_knows_no_schema_is_asked_in_plainer_ways_and_that_is_remembered() -> None:
    def plain(body: Any) -> Answer:
        return error(400) if "response_format" in body or "temperature" in body else GOOD

    server = ScriptedServer(reply=plain)
    chat = server.chat()
    for _ in range(2):
        await chat.ask(PROMPT, concepts.ConceptsReply, "", "", lambda reply: concepts.check(reply, PASSAGES))
    forms = [(r.get("response_format", {}).get("type"), r.get("temperature")) for r in server.requests]
    assert forms == [
        ("json_schema", 0.0),
        ("json_schema", None),
        ("json_object", None),
        (None, None),
        (None, None),
    ]


async def test_a_request_that_no_dialect_helps_is_refused_and_nothing_is_remembered() -> None:
    server = ScriptedServer(reply=lambda _: error(400, code="context_length_exceeded"))
    chat = server.chat()
    with pytest.raises(RequestRefused):
        await chat.ask(PROMPT, concepts.ConceptsReply, "", "", lambda reply: concepts.check(reply, PASSAGES))
    assert len(server.requests) == 4
    server.reply = lambda _: GOOD
    await chat.ask(PROMPT, concepts.ConceptsReply, "", "", lambda reply: concepts.check(reply, PASSAGES))
    assert server.requests[-1]["response_format"]["type"] == "json_schema"


async def test_tokens_are_estimated_where_the_server_does_not_count_them() -> None:
    server = ScriptedServer([GOOD], usage=False)
    await ask(server)
    assert server.meter.prompt_tokens > 500
    assert server.meter.completion_tokens > 20


async def test_nothing_is_asked_when_the_budget_is_spent() -> None:
    server = ScriptedServer([GOOD])
    server.meter.left = 0
    with pytest.raises(BudgetSpent):
        await ask(server)
    assert server.requests == []


async def test_a_cancelled_question_ends_its_request_at_once() -> None:
    async def took() -> float:
        server = ScriptedServer([GOOD], seconds=30)
        asking = asyncio.create_task(ask(server))
        await server.asked.wait()
        with Stopwatch() as watch:
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert server.running == 0
        return watch.seconds

    assert await quickest(took, 0.1) < 0.1
