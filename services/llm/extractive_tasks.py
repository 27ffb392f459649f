"""The tasks of the built-in engine as functions from request to reply. Runs in the engine's process.

Each task imports what it needs when it is first asked for: some need libraries that cost tens of megabytes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from mootion.llm.v1 import llm_service_pb2 as messages

from services.llm.extractive.too_little_content import TooLittleContent


def extract_concepts(request: messages.ExtractConceptsRequest) -> messages.ExtractConceptsResponse:
    """Raises TooLittleContent where no concept is found."""
    from services.llm.extractive.concepts import extract_concepts as extract

    concepts = extract(request)
    if not concepts:
        raise TooLittleContent("no concept is found in the text")
    return messages.ExtractConceptsResponse(concepts=concepts)


def infer_relations(request: messages.InferRelationsRequest) -> messages.InferRelationsResponse:
    """None found is a reply as well."""
    from services.llm.extractive.relations import infer_relations as infer

    return messages.InferRelationsResponse(relations=infer(request))


def write_atoms(request: messages.WriteAtomsRequest) -> messages.WriteAtomsResponse:
    """None found is a reply as well."""
    from services.llm.extractive.atoms import write_atoms as write

    return messages.WriteAtomsResponse(atoms=write(request))


def write_questions(request: messages.WriteQuestionsRequest) -> messages.WriteQuestionsResponse:
    """None found is a reply as well."""
    from services.llm.extractive.questions import write_questions as write

    items, coverage = write(request)
    return messages.WriteQuestionsResponse(items=items, coverage=coverage)


def write_script(request: messages.WriteScriptRequest) -> messages.WriteScriptResponse:
    """Raises TooLittleContent where there is no lesson in the text."""
    from services.llm.extractive.lesson import write_script as write

    return messages.WriteScriptResponse(script=write(request))


def answer_question(request: messages.AnswerQuestionRequest) -> messages.AnswerQuestionResponse:
    """Not supported is a reply as well."""
    from services.llm.extractive.answers import answer_question as find_answer

    answer = find_answer(request)
    return messages.AnswerQuestionResponse(
        sentences=answer.sentences, supported=answer.supported, confidence=answer.confidence
    )


def choose_option(request: messages.ChooseOptionRequest) -> messages.ChooseOptionResponse:
    """A guess is a reply as well, with little confidence."""
    from services.llm.extractive.choices import choose_option as find_choice

    choice = find_choice(request)
    return messages.ChooseOptionResponse(
        option_index=choice.option_index, confidence=choice.confidence, citations=choice.citations
    )


FUNCTIONS: Mapping[str, tuple[type[Message], Callable[[Any], Message]]] = {
    "ExtractConcepts": (messages.ExtractConceptsRequest, extract_concepts),
    "InferRelations": (messages.InferRelationsRequest, infer_relations),
    "WriteAtoms": (messages.WriteAtomsRequest, write_atoms),
    "WriteQuestions": (messages.WriteQuestionsRequest, write_questions),
    "WriteScript": (messages.WriteScriptRequest, write_script),
    "AnswerQuestion": (messages.AnswerQuestionRequest, answer_question),
    "ChooseOption": (messages.ChooseOptionRequest, choose_option),
}
