"""The table of S15: what is called, by whom, and how that ends on each path. Here all that ends well."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
QUIZ: Json = {"document_id": "{document_id}", "question_count": 3, "request_id": "wire-quiz"}
_PAGE: Json = {"document_id": "{document_id}", "page_size": 1000}


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        method: domain and name, such as `quiz.GetQuiz`.
        request: in JSON with the names of the contract; `{document_id}` and the like stand for things that are there.
        ending: code, reason, fields, metadata and `retry`, as an Ending tells them, or OK.
        who: whose token is shown; `nobody` shows none.
        http: status by REST where it is not the one of the code.
        differs: whether each path makes something of its own, so that replies differ.
        own_words: whether the edge itself answers, with a sentence that fits the path.
        path: of a method that there is not.
        compressed: whether the request is compressed, where the path can do that.
    """

    name: str
    method: str
    request: Json = field(default_factory=dict)
    ending: str = "OK"
    who: str = "owner"
    headers: Mapping[str, str] = field(default_factory=dict)
    http: int = 0
    own_words: bool = False
    differs: bool = False
    path: str = ""
    seconds: float | None = None
    compressed: bool = False


GOOD = (
    Case("a thing", "document.GetDocument", {"document_id": "{document_id}"}),
    Case("a list", "document.ListDocuments"),
    Case("a page of a list", "document.ListPassages", {"document_id": "{document_id}", "page_size": 2}),
    Case("a large reply", "document.ListPassages", _PAGE),
    Case("ids given more than once", "document.BatchGetPassages", {"passage_ids": ["{passage_id}"] * 2}),
    Case("nested messages", "flowchart.GetFlowchart", {"document_id": "{document_id}"}),
    Case("a file", "flowchart.ExportFlowchart", {"document_id": "{document_id}", "format": "SVG"}),
    Case("an order", "flowchart.GetLearningOrder", {"document_id": "{document_id}"}),
    Case("a quiz", "quiz.GetQuiz", {"quiz_id": "{quiz_id}"}),
    Case("times and durations", "video.GetVideo", {"video_id": "{video_id}"}),
    Case("an optional field that is empty", "identity.UpdateAccount", {"display_name": ""}),
    Case(
        "a nested field",
        "video.UpdateVideo",
        {"video_id": "{video_id}", "tags": {"tags": ["a", "b"]}},
        differs=True,
    ),
    Case("an empty request", "identity.GetAccount"),
    Case("an empty reply", "identity.RequestPasswordReset", {"username": "who.is.it"}, who="nobody"),
    Case("for everybody", "identity.GetKeySet", who="nobody"),
    Case("for everybody, with a token that is no good", "identity.GetKeySet", who="garbage"),
    Case("letters of the world", "search.Search", {"query": "Wellenlänge 波长 🌊 ﷽"}),
    Case("signs of URLs", "search.Suggest", {"prefix": "a+b%20&c=d?#/;"}),
    Case(
        "a number as text", "document.WatchDocument", {"document_id": "{document_id}", "after_sequence": "0"}
    ),
    Case("a stream that ends", "document.WatchDocument", {"document_id": "{document_id}"}),
    Case("exactly once", "quiz.GenerateQuiz", QUIZ),
    Case("a time that is enough", "document.GetDocument", {"document_id": "{document_id}"}, seconds=20),
    Case(
        "a reply that may be compressed", "document.ListPassages", _PAGE, headers={"accept-encoding": "gzip"}
    ),
    Case("a key of an account", "document.ListDocuments", who="reader"),
    Case("a trace", "identity.GetAccount", headers={"traceparent": f"00-{'a1' * 16}-{'b2' * 8}-01"}),
    Case("metadata that nobody knows", "identity.GetAccount", headers={"x-note": "of no concern"}),
    Case("metadata of 8 KiB", "identity.GetAccount", headers={"x-note": "n" * 8192}),
    Case("metadata of 24 KiB", "identity.GetAccount", headers={"x-note": "n" * 24_576}),
    Case(
        "somebody else's name in metadata",
        "identity.GetAccount",
        headers={"mootion-principal": "{admin_id}", "mootion-role": "ADMIN", "mootion-caller": "quiz"},
    ),
)
