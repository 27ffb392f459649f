"""The table of S15, second part: what is refused, and how each path says so."""

from mesh.status import MOST_VIOLATIONS
from proofs.wire.cases import QUIZ, Case, Json

MISSING = "01a1fd87-0000-7000-8000-000000000000"


def _edit(name: str, edit: Json, ending: str, etag: str = "{etag}") -> Case:
    request = {"document_id": "{document_id}", "edits": [edit], "etag": etag}
    return Case(name, "flowchart.EditFlowchart", request, ending)


INVALID = (
    Case(
        "a compressed request",
        "answer.Ask",
        {"question": "What is a wave? " * 50},
        "INVALID_ARGUMENT INVALID_FIELD",
        own_words=True,
        compressed=True,
    ),
    Case("too short", "answer.Ask", {"question": ""}, "INVALID_ARGUMENT INVALID_FIELD question"),
    Case("too long", "answer.Ask", {"question": "x" * 2001}, "INVALID_ARGUMENT INVALID_FIELD question"),
    Case(
        "too high",
        "answer.Ask",
        {"question": "x", "max_sentences": 11},
        "INVALID_ARGUMENT INVALID_FIELD max_sentences",
    ),
    Case(
        "below zero in a query",
        "document.ListDocuments",
        {"page_size": -1},
        "INVALID_ARGUMENT INVALID_FIELD page_size",
    ),
    Case(
        "too many",
        "answer.Ask",
        {"question": "x", "document_ids": ["d"] * 101},
        "INVALID_ARGUMENT INVALID_FIELD document_ids",
    ),
    Case(
        "one of many",
        "answer.Ask",
        {"question": "x", "document_ids": ["d", ""]},
        "INVALID_ARGUMENT INVALID_FIELD document_ids[1]",
    ),
    Case(
        "two fields",
        "answer.Ask",
        {"question": "", "max_sentences": 11},
        "INVALID_ARGUMENT INVALID_FIELD question max_sentences",
    ),
    Case(
        "more faults than a client has room for",
        "answer.Ask",
        {"question": "x", "document_ids": [""] * 100},
        " ".join(
            ["INVALID_ARGUMENT INVALID_FIELD", *(f"document_ids[{each}]" for each in range(MOST_VIOLATIONS))]
        ),
    ),
    _edit("no choice", {}, "INVALID_ARGUMENT INVALID_FIELD edits[0].edit"),
    _edit(
        "a number that names nothing",
        {"add_node": {"name": "n", "level": 99}},
        "INVALID_ARGUMENT INVALID_FIELD edits[0].add_node.level",
    ),
    _edit(
        "deep inside",
        {"add_edge": {"source_id": "s", "target_id": "t", "type": "RELATED", "weight": 2}},
        "INVALID_ARGUMENT INVALID_FIELD edits[0].add_edge.weight",
    ),
    Case(
        "letters that are not allowed",
        "identity.Login",
        {"username": "a b c", "password": "p"},
        "INVALID_ARGUMENT INVALID_FIELD username",
        "nobody",
    ),
    Case(
        "a duration that is too long",
        "quiz.AnswerQuestion",
        {
            "attempt_id": "{attempt_id}",
            "response": {"question_id": "{question_id}", "response_time": "100000s"},
        },
        "INVALID_ARGUMENT INVALID_FIELD response.response_time",
    ),
    Case(
        "a page that nobody gave out",
        "document.ListDocuments",
        {"page_token": "next"},
        "INVALID_ARGUMENT INVALID_PAGE_TOKEN page_token",
    ),
    Case(
        "an id used before",
        "quiz.GenerateQuiz",
        {**QUIZ, "question_count": 4},
        "INVALID_ARGUMENT REQUEST_ID_REUSED request_id",
    ),
    Case(
        "a question of another quiz",
        "quiz.AnswerQuestion",
        {"attempt_id": "{attempt_id}", "response": {"question_id": "none"}},
        "INVALID_ARGUMENT UNKNOWN_QUESTION",
    ),
    Case(
        "an empty upload",
        "document.UploadDocument",
        {"filename": "a.pdf", "content": {"data": ""}},
        "INVALID_ARGUMENT EMPTY_UPLOAD",
    ),
    Case(
        "an upload of no kind",
        "document.UploadDocument",
        {"filename": "a.pdf", "content": {"data": "bm8gUERGIGF0IGFsbA=="}},
        "INVALID_ARGUMENT UNSUPPORTED_DOCUMENT_TYPE",
    ),
    Case(
        "no such scope",
        "identity.CreateApiKey",
        {"name": "k", "scopes": ["nothing:read"]},
        "INVALID_ARGUMENT UNKNOWN_SCOPE",
    ),
    Case(
        "a weak password",
        "identity.Register",
        {"username": "newcomer", "password": "password"},
        "INVALID_ARGUMENT WEAK_PASSWORD",
        "nobody",
    ),
    Case(
        "a request of 2 MiB",
        "answer.Ask",
        {"question": "x" * 2_097_152},
        "INVALID_ARGUMENT REQUEST_TOO_LARGE",
        http=413,
        own_words=True,
    ),
    Case(
        "a request of almost 1 MiB",
        "answer.Ask",
        {"question": "x" * 1_000_000},
        "INVALID_ARGUMENT INVALID_FIELD question",
    ),
)

MISSED = (
    Case("nothing there", "document.GetDocument", {"document_id": MISSING}, "NOT_FOUND NOT_FOUND"),
    Case(
        "somebody else's",
        "document.GetDocument",
        {"document_id": "{document_id}"},
        "NOT_FOUND NOT_FOUND",
        "other",
    ),
    Case("a stream of nothing", "video.WatchVideo", {"video_id": MISSING}, "NOT_FOUND NOT_FOUND"),
    Case("bytes of nothing", "video.GetVideoContent", {"video_id": MISSING}, "NOT_FOUND NOT_FOUND"),
    Case(
        "somebody else's stream",
        "video.WatchVideo",
        {"video_id": "{video_id}"},
        "NOT_FOUND NOT_FOUND",
        "other",
    ),
    Case(
        "no way there",
        "flowchart.GetPath",
        {"document_id": "{document_id}", "source_id": "{target_id}", "target_id": "{source_id}"},
        "NOT_FOUND NO_PATH",
    ),
    Case(
        "no such provider",
        "identity.StartSignIn",
        {"provider": "none", "redirect_uri": "https://example.org/"},
        "NOT_FOUND UNKNOWN_PROVIDER",
        "nobody",
    ),
    Case(
        "no such method",
        "identity.GetAccount",
        ending="UNIMPLEMENTED UNKNOWN_METHOD",
        http=404,
        own_words=True,
        path="/mootion.quiz.v1.QuizService/GetEverything",
    ),
    Case(
        "a method for workers",
        "document.FailProcessing",
        ending="UNIMPLEMENTED UNKNOWN_METHOD",
        own_words=True,
    ),
)

REFUSED = (
    Case("nobody", "document.ListDocuments", ending="UNAUTHENTICATED NO_PRINCIPAL", who="nobody"),
    Case(
        "nobody, for a stream",
        "video.WatchVideo",
        {"video_id": "{video_id}"},
        "UNAUTHENTICATED NO_PRINCIPAL",
        "nobody",
    ),
    Case(
        "a token that is none",
        "document.ListDocuments",
        ending="UNAUTHENTICATED TOKEN_INVALID",
        who="garbage",
        own_words=True,
    ),
    Case(
        "a token that was changed",
        "document.ListDocuments",
        ending="UNAUTHENTICATED TOKEN_INVALID",
        who="changed",
        own_words=True,
    ),
    Case(
        "a token of a session that has ended",
        "document.ListDocuments",
        ending="UNAUTHENTICATED TOKEN_INVALID",
        who="left",
    ),
    Case(
        "a key that is none",
        "document.ListDocuments",
        ending="UNAUTHENTICATED TOKEN_INVALID",
        who="no-key",
    ),
    Case(
        "a wrong password",
        "identity.Login",
        {"username": "owner", "password": "not this one"},
        "UNAUTHENTICATED WRONG_CREDENTIALS",
        "nobody",
    ),
    Case(
        "a refresh token that is none",
        "identity.RefreshTokens",
        {"refresh_token": "none"},
        "UNAUTHENTICATED TOKEN_INVALID",
        "nobody",
    ),
    Case("a student as administrator", "identity.ListAccounts", ending="PERMISSION_DENIED ROLE_TOO_LOW"),
    Case("a student as teacher", "identity.ListStudents", ending="PERMISSION_DENIED ROLE_TOO_LOW"),
    Case(
        "a key without the scope",
        "search.Search",
        {"query": "waves"},
        "PERMISSION_DENIED SCOPE_MISSING",
        "reader",
    ),
    Case("a key as a person", "identity.GetAccount", ending="PERMISSION_DENIED SCOPE_MISSING", who="reader"),
)

TOO_EARLY = (
    Case(
        "no captions yet",
        "video.GetVideoCaptions",
        {"video_id": "{video_id}"},
        "FAILED_PRECONDITION VIDEO_NOT_COMPLETED",
    ),
    Case(
        "no content yet",
        "video.GetVideoContent",
        {"video_id": "{video_id}"},
        "FAILED_PRECONDITION VIDEO_NOT_COMPLETED",
    ),
    Case(
        "a document that failed",
        "flowchart.GenerateFlowchart",
        {"document_id": "{failed_document_id}"},
        "FAILED_PRECONDITION DOCUMENT_NOT_READY",
    ),
    Case(
        "an attempt that is over",
        "quiz.SubmitAttempt",
        {"attempt_id": "{submitted_attempt_id}"},
        "FAILED_PRECONDITION ATTEMPT_SUBMITTED",
    ),
    _edit(
        "a cycle",
        {"add_edge": {"source_id": "{target_id}", "target_id": "{source_id}", "type": "PREREQUISITE"}},
        "FAILED_PRECONDITION PREREQUISITE_CYCLE cycle",
    ),
    Case(
        "the last administrator",
        "identity.ChangeAccount",
        {"account_id": "{admin_id}", "role": "STUDENT"},
        "FAILED_PRECONDITION LAST_ADMIN",
        "admin",
    ),
    _edit(
        "a map that changed",
        {"remove_node": {"node_id": "{node_id}"}},
        "ABORTED CONCURRENT_CHANGE",
        etag="of-another-day",
    ),
    Case(
        "a name that is taken",
        "identity.Register",
        {"username": "owner", "password": "correct horse battery"},
        "ALREADY_EXISTS USERNAME_TAKEN",
        "nobody",
    ),
    Case(
        "too often",
        "search.Search",
        {"query": "waves"},
        "RESOURCE_EXHAUSTED RATE_LIMITED retry",
        "crowd",
        own_words=True,
    ),
)

REFUSALS = (*INVALID, *MISSED, *REFUSED, *TOO_EARLY)
