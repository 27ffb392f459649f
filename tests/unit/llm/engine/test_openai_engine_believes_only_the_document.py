"""OpenAiEngine: every task, long texts in parts, and replies that the document does not bear out."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1 import task_pb2

from services.llm.failures import BudgetSpent, EngineUnavailable, OutputInvalid
from tests.unit.llm.engine.modelled import book, definitions, honest_concepts, term
from tests.unit.llm.engine.scripted_server import Answer, ScriptedServer, error, question_of

BOOK = book(sections=24)
WAVES = [
    Passage(
        passage_id="w0",
        document_id="waves",
        section_path=["Waves", "Basics"],
        text=(
            "A wave is a disturbance that carries energy. The wavelength is the distance between two crests. "
            "The frequency is the number of crests in one second. The speed is wavelength times frequency, v = f * l. "
            "A wave of 2 m and 170 Hz travels at 340 m/s."
        ),
    ),
    Passage(
        passage_id="w1",
        document_id="waves",
        section_path=["Waves", "Sound"],
        text=(
            "Sound is a longitudinal wave in air. First the string moves, then the air is pressed, and at last the "
            "ear drum moves. Pitch depends on frequency and loudness on amplitude."
        ),
    ),
]


def names(reply: messages.ExtractConceptsResponse) -> set[str]:
    return {concept.name for concept in reply.concepts}


async def test_concepts_of_a_long_text_come_from_all_of_its_parts() -> None:
    server = ScriptedServer(reply=honest_concepts, seconds=0.01)
    request = messages.ExtractConceptsRequest(passages=BOOK, max_concepts=500)
    reply = await server.engine().extract_concepts(request)
    assert names(reply) == {term(section, place) for section in range(24) for place in range(3)}
    assert len(server.requests) > 2
    assert 1 < server.most_running <= 8
    for concept in reply.concepts:
        passage = next(p for p in BOOK if p.passage_id == concept.definition.passage_id)
        assert (
            passage.text[concept.definition.start_char : concept.definition.end_char] == concept.description
        )
    importances = [concept.importance for concept in reply.concepts]
    assert importances == sorted(importances, reverse=True)


async def test_no_more_concepts_are_given_than_wanted() -> None:
    request = messages.ExtractConceptsRequest(passages=BOOK, min_concepts=3, max_concepts=7)
    reply = await ScriptedServer(reply=honest_concepts).engine().extract_concepts(request)
    assert len(reply.concepts) == 7


async def test_one_concept_under_two_names_is_one() -> None:
    passages = [
        Passage(
            passage_id="a", text="A light wave (LW) is bright. " + "It shines on. " * 1100, section_path=["A"]
        ),
        Passage(
            passage_id="b",
            text="Light waves are fast. An LW is bent by glass." + " It goes." * 1500,
            section_path=["B"],
        ),
    ]

    def reply(body: Mapping[str, Any]) -> Answer:
        first = "(LW)" in question_of(body)
        concept = {
            "name": "light wave" if first else "Light waves",
            "definition_quote": "A light wave (LW) is bright." if first else "Light waves are fast.",
            "level": "FUNDAMENTAL",
            "aliases": ["LW"],
            "importance": 0.5 if first else 0.9,
        }
        return {"concepts": [concept]}

    server = ScriptedServer(reply=reply)
    found = await server.engine().extract_concepts(messages.ExtractConceptsRequest(passages=passages))
    assert len(server.requests) == 2
    (concept,) = found.concepts
    assert (concept.name, concept.importance, list(concept.passage_ids)) == ("light wave", 0.9, ["a", "b"])
    assert "LW" in concept.aliases


async def test_a_part_that_cannot_be_done_fails_the_task_and_ends_the_other_parts() -> None:
    def reply(body: Mapping[str, Any]) -> Answer:
        return error(401) if term(0, 0) in question_of(body) else honest_concepts(body)

    server = ScriptedServer(reply=reply, seconds=0.01)
    with pytest.raises(EngineUnavailable):
        await server.engine().extract_concepts(messages.ExtractConceptsRequest(passages=BOOK))
    await asyncio.sleep(0)
    assert server.running == 0


async def test_a_budget_that_ends_in_the_middle_of_a_text_ends_the_task() -> None:
    server = ScriptedServer(reply=honest_concepts)
    server.meter.left = 1
    with pytest.raises(BudgetSpent):
        await server.engine().extract_concepts(messages.ExtractConceptsRequest(passages=BOOK))


def relation(
    source: str, target: str, weight: float, quote: str, kind: str = "PREREQUISITE"
) -> dict[str, Any]:
    return {"source": source, "target": target, "type": kind, "weight": weight, "evidence_quote": quote}


async def test_relations_are_between_known_concepts_proved_and_without_a_circle() -> None:
    speed = "The speed is wavelength times frequency, v = f * l."
    wave = "A wave is a disturbance that carries energy."
    server = ScriptedServer(
        [
            {
                "relations": [
                    relation("Wavelength", "speed", 0.9, speed),
                    relation("speed", "wave", 0.6, speed),
                    relation("wave", "wavelength", 0.3, wave),
                    relation("wave", "speed", 0.5, wave, "RELATED"),
                    relation("speed", "wave", 0.4, wave, "RELATED"),
                    relation("speed", "bananas", 1.0, speed),
                    relation("wave", "speed", 1.0, "Speed is what waves eat."),
                ]
            }
        ]
    )
    concepts = [task_pb2.Concept(name=name) for name in ("wave", "wavelength", "speed")]
    request = messages.InferRelationsRequest(passages=WAVES, concepts=concepts)
    found = (await server.engine().infer_relations(request)).relations
    assert [(r.source, r.target, r.type) for r in found] == [
        ("wavelength", "speed", task_pb2.PREREQUISITE),
        ("speed", "wave", task_pb2.PREREQUISITE),
        ("wave", "speed", task_pb2.RELATED),
    ]
    assert "Concepts: wave; wavelength; speed." in question_of(server.requests[0])


async def test_concepts_that_a_text_does_not_name_cost_no_question() -> None:
    server = ScriptedServer([{"relations": []}])
    request = messages.InferRelationsRequest(passages=WAVES, concepts=[task_pb2.Concept(name="banana")])
    assert not (await server.engine().infer_relations(request)).relations
    assert server.requests == []


async def test_atoms_are_spans_of_the_text_in_order() -> None:
    def reply(body: Mapping[str, Any]) -> Answer:
        return {
            "atoms": [
                {
                    "title": f"What a {name} is",
                    "first_words": sentence[:12],
                    "last_words": sentence[-12:],
                    "kind": "DEFINITION",
                    "concepts": [name, "banana"],
                    "difficulty": 0.5,
                    "learning_objectives": [f"Say what a {name} is."],
                    "builds_on": [place - 1, 99],
                    "quality_score": 7.0,
                    "quality_reasons": ["See https://evil.example"],
                }
                for place, (name, sentence) in enumerate(definitions(body))
            ]
        }

    server = ScriptedServer(reply=reply)
    found = (await server.engine().write_atoms(messages.WriteAtomsRequest(passages=BOOK))).atoms
    assert [atom.sequence for atom in found] == list(range(72))
    assert len({atom.atom_id for atom in found}) == 72
    assert [atom.title for atom in found[:2]] == [f"What a {term(0, 0)} is", f"What a {term(0, 1)} is"]
    second = found[1]
    assert second.content == second.source.quote == f"A {term(0, 1)} is a thing of {term(0, 0)} kind."
    assert list(second.concepts) == [term(0, 1)]
    assert list(second.prerequisite_ids) == [found[0].atom_id]
    assert (second.quality_score, list(second.quality_reasons)) == (1.0, [])
    assert second.estimated_duration.seconds >= 5


def question(kind: str, stem: str, quote: str, **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"right": [], "wrong": [], "matches": [], "number": None, "unit": ""}
    about = {"explanation": quote, "quote": quote, "concept": "wave", "difficulty": 0.5}
    return {"kind": kind, "stem": stem, **empty, **about, **fields}


ENERGY, CRESTS, TRAVELS, PITCH = (
    "A wave is a disturbance that carries energy.",
    "The wavelength is the distance between two crests.",
    "A wave of 2 m and 170 Hz travels at 340 m/s.",
    "Pitch depends on frequency and loudness on amplitude.",
)
STEPS = "First the string moves, then the air is pressed, and at last the ear drum moves."
SPEED = "The speed is wavelength times frequency, v = f * l."
ONE_OF_EACH_KIND = [
    question("SINGLE_CHOICE", "What does it carry?", ENERGY, right=["Energy"], wrong=["Matter", "Water"]),
    question(
        "MULTIPLE_CHOICE", "What makes speed?", SPEED, right=["Wavelength", "Frequency"], wrong=["Pitch"]
    ),
    question("TRUE_FALSE", "Pitch depends on loudness.", PITCH, right=["false"]),
    question("CLOZE", "The ____ is the distance between crests.", CRESTS, right=["wavelength"]),
    question("SHORT_ANSWER", "What carries energy?", ENERGY, right=["wave", "a wave"]),
    question("NUMERIC", "How fast is a wave of 2 m and 170 Hz?", TRAVELS, number=340, unit="m/s"),
    question("ALGEBRAIC", "Give the speed of sound as a formula.", SPEED, right=["f*l"]),
    question(
        "ORDERING", "Order the steps.", STEPS, right=["String moves", "Air is pressed", "Ear drum moves"]
    ),
    question(
        "MATCHING",
        "Match each.",
        CRESTS,
        right=["Wave", "Wavelength", "Frequency"],
        matches=["Carries energy", "Distance of two crests", "Crests in a second"],
    ),
    question(
        "FIND_ERROR",
        "Which is wrong?",
        PITCH,
        right=["Sound is light"],
        wrong=["Sound is a wave", "Pitch depends on frequency"],
    ),
]


def ask_for(count: int, **fields: Any) -> messages.WriteQuestionsRequest:
    return messages.WriteQuestionsRequest(passages=WAVES, question_count=count, **fields)


async def test_questions_of_every_kind_carry_their_key_and_proof() -> None:
    server = ScriptedServer([{"questions": ONE_OF_EACH_KIND}])
    reply = await server.engine().write_questions(ask_for(10))
    items = {item.kind: item for item in reply.items}
    assert len(items) == 10
    texts = {o.option_id: o.text for o in items[task_pb2.SINGLE_CHOICE].options}
    assert [texts[key] for key in items[task_pb2.SINGLE_CHOICE].key.option_ids] == ["Energy"]
    texts = {o.option_id: o.text for o in items[task_pb2.ORDERING].options}
    order = [texts[key] for key in items[task_pb2.ORDERING].key.option_ids]
    assert order == ["String moves", "Air is pressed", "Ear drum moves"]
    matching = items[task_pb2.MATCHING]
    left, right = ({o.option_id: o.text for o in side} for side in (matching.options, matching.matches))
    assert {left[pair.option_id]: right[pair.match_id] for pair in matching.key.matches} == {
        "Wave": "Carries energy",
        "Wavelength": "Distance of two crests",
        "Frequency": "Crests in a second",
    }
    assert (items[task_pb2.NUMERIC].key.number, items[task_pb2.NUMERIC].key.unit) == (340.0, "m/s")
    assert list(items[task_pb2.TRUE_FALSE].key.option_ids) == ["false"]
    for item in reply.items:
        passage = next(p for p in WAVES if p.passage_id == item.citation.passage_id)
        assert passage.text[item.citation.start_char : item.citation.end_char] == item.citation.quote
    assert reply.coverage.section_share == 1.0
    assert [section.item_count for section in reply.coverage.sections] == [7, 3]


REFUSED = {
    "quote not in source": question("SHORT_ANSWER", "Who?", "Waves are made of cheese.", right=["cheese"]),
    "no single key": question("SINGLE_CHOICE", "What?", ENERGY, right=["Energy", "Wave"], wrong=["Water"]),
    "too few options": question("SINGLE_CHOICE", "What?", ENERGY, right=["Energy"], wrong=["Water"]),
    "option overlap": question(
        "SINGLE_CHOICE", "What?", ENERGY, right=["Energy"], wrong=["energy.", "Water"]
    ),
    "key visible in stem": question(
        "SINGLE_CHOICE", "Is it energy?", ENERGY, right=["Energy"], wrong=["Air", "Water"]
    ),
    "giveaway length": question(
        "SINGLE_CHOICE", "What?", ENERGY, right=["A disturbance that carries energy"], wrong=["Air", "Water"]
    ),
    "key not in source": question(
        "SINGLE_CHOICE", "What?", ENERGY, right=["Bananas"], wrong=["Airplanes", "Water"]
    ),
    "key not in quote": question("NUMERIC", "How fast?", TRAVELS, number=341, unit="m/s"),
    "no single gap": question("CLOZE", "A wave is it.", ENERGY, right=["disturbance"]),
    "explanation not in source": question(
        "SHORT_ANSWER",
        "What carries it?",
        ENERGY,
        right=["wave"],
        explanation="Quantum chromodynamics demands gluons.",
    ),
    "unreadable": question("SHORT_ANSWER", "See https://evil.example", ENERGY, right=["wave"]),
}


@pytest.mark.parametrize("reason", REFUSED)
async def test_the_gate_refuses_and_counts(reason: str) -> None:
    good = ONE_OF_EACH_KIND[:2]
    server = ScriptedServer([{"questions": [*good, REFUSED[reason]]}])
    reply = await server.engine().write_questions(ask_for(5))
    assert len(reply.items) == 2
    assert dict(reply.coverage.rejections) == {reason: 1}
    assert reply.coverage.rejected_count == 1


async def test_kinds_not_asked_for_and_repeats_are_dropped() -> None:
    server = ScriptedServer([{"questions": [ONE_OF_EACH_KIND[0], ONE_OF_EACH_KIND[0], ONE_OF_EACH_KIND[2]]}])
    reply = await server.engine().write_questions(ask_for(5, kinds=[task_pb2.SINGLE_CHOICE]))
    assert [item.kind for item in reply.items] == [task_pb2.SINGLE_CHOICE]
    assert dict(reply.coverage.rejections) == {"kind not asked for": 1, "near duplicate": 1}
    assert "Kinds: SINGLE_CHOICE." in question_of(server.requests[0])


async def test_the_same_seed_puts_options_in_the_same_order() -> None:
    async def orders(seed: int) -> list[list[str]]:
        server = ScriptedServer([{"questions": ONE_OF_EACH_KIND}])
        reply = await server.engine().write_questions(ask_for(10, seed=seed))
        return [[option.text for option in item.options] for item in reply.items]

    assert await orders(1) == await orders(1)
    assert any([await orders(1) != await orders(seed) for seed in range(2, 6)])


async def test_many_questions_on_one_part_are_asked_for_in_several_orders_of_different_kinds() -> None:
    def reply(body: Mapping[str, Any]) -> Answer:
        return {"questions": [q for q in ONE_OF_EACH_KIND if q["kind"] in kinds_of(body)]}

    def kinds_of(body: Mapping[str, Any]) -> list[str]:
        return question_of(body).split("Kinds: ")[1].split(". ")[0].split(", ")

    server = ScriptedServer(reply=reply)
    reply_ = await server.engine().write_questions(ask_for(30))
    assert len(server.requests) == 3
    asked = [kind for body in server.requests for kind in kinds_of(body)]
    assert sorted(asked) == sorted(q["kind"] for q in ONE_OF_EACH_KIND)
    assert len(reply_.items) == 10


def scene(kind: str, narration: str, quote: str, **shown: Any) -> dict[str, Any]:
    return {"title": "Waves", "narration": [narration], "quotes": [quote], "content": {"kind": kind, **shown}}


def lesson(*scenes: dict[str, Any], title: str = "Waves") -> dict[str, Any]:
    return {"title": title, "objective": "Explain what a wave is.", "scenes": list(scenes)}


GOOD_SCENES = (
    scene("title_card", "What carries energy, but no air?", "", subtitle="Energy that travels"),
    scene("definition", ENERGY, ENERGY, term="Wave", meaning="A disturbance that carries energy", example=""),
    scene("equation", SPEED, SPEED, latex="v = f \\lambda", symbols=[{"latex": "v", "meaning": "speed"}]),
    scene("process", STEPS, STEPS, steps=["String moves", "Air is pressed"], cyclic=False),
    scene("plot", SPEED, SPEED, expression="2*x", x_min=0, x_max=5, x_label="f", y_label="v"),
)
SHORT = Duration(seconds=20)


async def test_a_script_keeps_the_scenes_that_the_text_bears_out() -> None:
    bad = (
        scene("bullets", "Bananas grow mostly on tropical islands far away.", ENERGY, points=["Bananas"]),
        scene("definition", ENERGY, "Waves are made of cheese.", term="Wave", meaning="x", example=""),
        scene("plot", SPEED, SPEED, expression="__import__('os')", x_min=0, x_max=5, x_label="", y_label=""),
        scene("code", ENERGY, ENERGY, language="python", source="import os; os.remove('/')"),
        scene("checkpoint", PITCH, PITCH, question="What?", options=["a", "b"], answer_index=5, answer="b"),
    )
    server = ScriptedServer([lesson(*GOOD_SCENES, *bad)])
    request = messages.WriteScriptRequest(passages=WAVES, target_duration=SHORT, language="en")
    script = (await server.engine().write_script(request)).script
    kinds = [scene.WhichOneof("content") for scene in script.scenes]
    assert kinds == ["title_card", "definition", "equation", "process", "plot"]
    assert script.scenes[1].citations[0].quote == ENERGY
    assert len({scene.scene_id for scene in script.scenes}) == 5
    assert script.language == "en"


async def test_a_script_without_enough_of_the_text_in_it_is_no_script() -> None:
    server = ScriptedServer([lesson(*GOOD_SCENES[:2])])
    with pytest.raises(OutputInvalid):
        await server.engine().write_script(messages.WriteScriptRequest(passages=WAVES, target_duration=SHORT))
    assert len(server.requests) == 3


async def test_a_script_of_the_wrong_length_is_asked_for_again() -> None:
    server = ScriptedServer([lesson(*GOOD_SCENES[:3])])
    request = messages.WriteScriptRequest(passages=WAVES, target_duration=Duration(seconds=600))
    await server.engine().write_script(request)
    assert (
        "The narration has" in server.requests[1]["messages"][-1]["content"]
        if len(server.requests) > 1
        else True
    )


async def test_a_lesson_on_a_long_text_is_written_from_notes_on_all_of_its_parts() -> None:
    def reply(body: Mapping[str, Any]) -> Answer:
        sentences = [sentence for _, sentence in definitions(body)]
        if body["response_format"]["json_schema"]["name"] == "notes":
            return {"notes": [{"quote": sentence, "importance": 0.5} for sentence in sentences]}
        return lesson(*(scene("bullets", s, s, points=[s]) for s in sentences[::9]), title="A book of things")

    server = ScriptedServer(reply=reply)
    request = messages.WriteScriptRequest(passages=BOOK, topic="things", target_duration=Duration(seconds=30))
    script = (await server.engine().write_script(request)).script
    tasks = [body["response_format"]["json_schema"]["name"] for body in server.requests]
    assert tasks[-1] == "script"
    assert set(tasks[:-1]) == {"notes"}
    assert len(tasks) > 3
    cited = {scene.citations[0].passage_id for scene in script.scenes}
    assert len(cited) == 8
    assert all("The lesson is on: things." in question_of(body) for body in server.requests)


def sentence(text: str, *quotes: str) -> dict[str, Any]:
    return {"text": text, "quotes": list(quotes)}


async def test_an_answer_keeps_only_sentences_that_its_quotes_prove() -> None:
    server = ScriptedServer(
        [
            {
                "supported": True,
                "sentences": [
                    sentence("A wave carries energy.", ENERGY),
                    sentence("It was discovered in Atlantis by mermaids.", ENERGY),
                    sentence(
                        "Pitch depends on frequency.", "Pitch depends on frequency", "invented words here"
                    ),
                    sentence("Sound is a wave.", "Sound is the noise of bananas."),
                ],
                "confidence": 1.5,
            }
        ]
    )
    request = messages.AnswerQuestionRequest(question="What is a wave?", passages=WAVES)
    reply = await server.engine().answer_question(request)
    assert [s.text for s in reply.sentences] == ["A wave carries energy.", "Pitch depends on frequency."]
    assert [c.quote for c in reply.sentences[1].citations] == ["Pitch depends on frequency"]
    assert (reply.supported, reply.confidence) == (True, 1.0)


@pytest.mark.parametrize("said", ["NaN", "It is so.", "Yes.", "…", "What is won by whom?"])
async def test_an_answer_that_says_nothing_of_its_quotes_is_no_answer(said: str) -> None:
    reply_of_the_model = {"supported": True, "sentences": [sentence(said, ENERGY)], "confidence": 1.0}
    server = ScriptedServer([reply_of_the_model] * 3)
    request = messages.AnswerQuestionRequest(question="What is won by whom?", passages=WAVES)
    with pytest.raises(OutputInvalid):
        await server.engine().answer_question(request)


async def test_not_in_your_documents_is_an_answer() -> None:
    server = ScriptedServer([{"supported": False, "sentences": [], "confidence": 0.9}])
    request = messages.AnswerQuestionRequest(question="Who won?", passages=WAVES)
    reply = await server.engine().answer_question(request)
    assert (reply.supported, reply.confidence, len(reply.sentences)) == (False, 0.0, 0)
    assert len(server.requests) == 1


async def test_without_passages_nobody_is_asked() -> None:
    server = ScriptedServer([{}])
    engine = server.engine()
    assert not (await engine.answer_question(messages.AnswerQuestionRequest(question="Who?"))).supported
    choice = await engine.choose_option(messages.ChooseOptionRequest(question="Who?", options=["a", "b"]))
    assert (choice.option_index, choice.confidence) == (0, 0.0)
    assert server.requests == []


async def test_the_surest_part_chooses_the_option() -> None:
    def reply(body: Mapping[str, Any]) -> Answer:
        if term(9, 0) in question_of(body):
            return {"option": 2, "confidence": 0.9, "quotes": [definitions(body)[0][1]]}
        return {"option": 1, "confidence": 1.0, "quotes": []}

    request = messages.ChooseOptionRequest(question="Which?", options=["one", "two", "three"], passages=BOOK)
    reply_ = await ScriptedServer(reply=reply).engine().choose_option(request)
    assert (reply_.option_index, reply_.confidence) == (1, 0.9)
    assert len(reply_.citations) == 1


async def test_an_option_that_there_is_not_is_refused() -> None:
    server = ScriptedServer([{"option": 7, "confidence": 1.0, "quotes": []}])
    request = messages.ChooseOptionRequest(question="Which?", options=["one", "two"], passages=WAVES)
    with pytest.raises(OutputInvalid):
        await server.engine().choose_option(request)
