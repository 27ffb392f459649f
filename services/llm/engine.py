"""What an engine is: something that does every task of the contract, taking and giving the contract's messages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import Message
from mootion.llm.v1 import llm_service_pb2 as messages

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


class Engine(Protocol):
    """Does the tasks. Replies come without `engine`: who asks fills in `name` and `model`.

    Every method raises CallError with TOO_LITTLE_CONTENT where the text teaches too little, and one of the failures
    of services/llm/failures.py where the engine cannot do its work.
    """

    @property
    def name(self) -> str:
        """Name in EngineInfo, such as `extractive`."""
        ...

    @property
    def model(self) -> str:
        """Model in EngineInfo, with its version where the engine has one of its own."""
        ...

    @property
    def revision(self) -> int:
        """Raised with every change of what the engine writes: replies cached under another one are not used."""
        ...

    async def extract_concepts(
        self, request: messages.ExtractConceptsRequest
    ) -> messages.ExtractConceptsResponse:
        """What a document teaches."""
        ...

    async def infer_relations(
        self, request: messages.InferRelationsRequest
    ) -> messages.InferRelationsResponse:
        """How its concepts relate, without a cycle of prerequisites."""
        ...

    async def write_atoms(self, request: messages.WriteAtomsRequest) -> messages.WriteAtomsResponse:
        """Its smallest teachable units."""
        ...

    async def write_questions(
        self, request: messages.WriteQuestionsRequest
    ) -> messages.WriteQuestionsResponse:
        """Questions that the passages prove."""
        ...

    async def write_script(self, request: messages.WriteScriptRequest) -> messages.WriteScriptResponse:
        """A lesson."""
        ...

    async def answer_question(
        self, request: messages.AnswerQuestionRequest
    ) -> messages.AnswerQuestionResponse:
        """An answer, or that the passages do not hold it."""
        ...

    async def choose_option(self, request: messages.ChooseOptionRequest) -> messages.ChooseOptionResponse:
        """The option that the passages support best."""
        ...

    async def close(self) -> None:
        """Ends processes and connections."""
        ...


@dataclass(frozen=True)
class Task(Generic[Q, R]):
    """One of the tasks: its name in the contract, its messages, and how an engine is asked for it."""

    name: str
    request: type[Q]
    reply: type[R]
    ask: Callable[[Engine, Q], Awaitable[R]]


EXTRACT_CONCEPTS = Task(
    "ExtractConcepts",
    messages.ExtractConceptsRequest,
    messages.ExtractConceptsResponse,
    lambda engine, request: engine.extract_concepts(request),
)
INFER_RELATIONS = Task(
    "InferRelations",
    messages.InferRelationsRequest,
    messages.InferRelationsResponse,
    lambda engine, request: engine.infer_relations(request),
)
WRITE_ATOMS = Task(
    "WriteAtoms",
    messages.WriteAtomsRequest,
    messages.WriteAtomsResponse,
    lambda engine, request: engine.write_atoms(request),
)
WRITE_QUESTIONS = Task(
    "WriteQuestions",
    messages.WriteQuestionsRequest,
    messages.WriteQuestionsResponse,
    lambda engine, request: engine.write_questions(request),
)
WRITE_SCRIPT = Task(
    "WriteScript",
    messages.WriteScriptRequest,
    messages.WriteScriptResponse,
    lambda engine, request: engine.write_script(request),
)
ANSWER_QUESTION = Task(
    "AnswerQuestion",
    messages.AnswerQuestionRequest,
    messages.AnswerQuestionResponse,
    lambda engine, request: engine.answer_question(request),
)
CHOOSE_OPTION = Task(
    "ChooseOption",
    messages.ChooseOptionRequest,
    messages.ChooseOptionResponse,
    lambda engine, request: engine.choose_option(request),
)

TASKS: tuple[Task[Any, Any], ...] = (
    EXTRACT_CONCEPTS,
    INFER_RELATIONS,
    WRITE_ATOMS,
    WRITE_QUESTIONS,
    WRITE_SCRIPT,
    ANSWER_QUESTION,
    CHOOSE_OPTION,
)
