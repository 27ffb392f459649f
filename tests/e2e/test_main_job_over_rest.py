"""The main job by REST through the real edge: what DESIGN promises to outsiders, call by call."""

import io
import statistics
import time
from xml.etree import ElementTree

import av
import httpx2
import networkx as nx
import pytest

from tests.e2e.calls import Json, events, ok, reason, wait_for_video
from tests.e2e.conftest import AnySystem
from tests.stopwatch import quickest_of

QUESTION = "What is the wavelength of a wave?"


@pytest.fixture(scope="module")
def system(both_systems: AnySystem) -> AnySystem:
    return both_systems


@pytest.fixture(scope="module")
def flowchart(client: httpx2.Client, document_id: str) -> Json:
    made: Json = ok(client.post(f"/v1/documents/{document_id}/flowchart:generate", json={}))["flowchart"]
    return made


@pytest.fixture(scope="module")
def quiz(client: httpx2.Client, document_id: str) -> Json:
    body = {"document_id": document_id, "question_count": 10}
    made: Json = ok(client.post("/v1/quizzes:generate", json=body))["quiz"]
    return made


@pytest.fixture(scope="module")
def video(client: httpx2.Client, document_id: str) -> Json:
    body = {"documentId": document_id, "targetDuration": "30s", "tags": ["sound"]}
    created = ok(client.post("/v1/videos", json=body))["video"]
    assert created["state"] == "QUEUED"
    made = wait_for_video(client, created["videoId"])
    assert made["state"] == "COMPLETED", made
    return made


def test_the_document_is_known_by_its_content(client: httpx2.Client, document_id: str) -> None:
    document = ok(client.get(f"/v1/documents/{document_id}"))["document"]
    assert document["title"] == "Waves and Sound"
    assert document["format"] == "PDF"
    assert document["pageCount"] == 10
    assert len(document["versionHash"]) == 64
    listed = ok(client.get("/v1/documents"))["documents"]
    assert document_id in [each["documentId"] for each in listed]


def test_the_watch_ends_with_the_final_state(client: httpx2.Client, document_id: str) -> None:
    last = list(events(client, f"/v1/documents/{document_id}:watch"))[-1]
    assert last["document"]["state"] == "READY"


def test_passages_and_atoms_are_listed_page_by_page(client: httpx2.Client, document_id: str) -> None:
    for noun, key in (("passages", "passageId"), ("atoms", "atomId")):
        seen: list[str] = []
        token = ""
        while True:
            params: dict[str, str | int] = {"page_size": 7, "page_token": token}
            page = ok(client.get(f"/v1/documents/{document_id}/{noun}", params=params))
            assert len(page[noun]) <= 7
            seen += [each[key] for each in page[noun]]
            token = page["nextPageToken"]
            if not token:
                break
        assert len(seen) == len(set(seen)) > 7


def test_passages_carry_section_and_pages(client: httpx2.Client, document_id: str) -> None:
    passages = ok(client.get(f"/v1/documents/{document_id}/passages", params={"pageSize": 1000}))["passages"]
    assert [each["sequence"] for each in passages] == list(range(len(passages)))
    assert all(1 <= each["firstPage"] <= each["lastPage"] <= 10 for each in passages)
    assert all(each["text"].strip() for each in passages)
    assert sum(bool(each["sectionPath"]) for each in passages) > len(passages) * 0.9


def test_the_map_has_quoted_concepts_and_no_cycle(
    client: httpx2.Client, document_id: str, flowchart: Json
) -> None:
    ids = {node["nodeId"] for node in flowchart["nodes"]}
    graph = nx.DiGraph()
    graph.add_edges_from((e["sourceId"], e["targetId"]) for e in flowchart["edges"] if e["type"] != "RELATED")
    assert 15 <= len(ids) <= 50
    assert nx.is_directed_acyclic_graph(graph)
    assert set(graph.nodes) <= ids
    passages = ok(client.get(f"/v1/documents/{document_id}/passages", params={"pageSize": 1000}))["passages"]
    text = {each["passageId"]: each["text"] for each in passages}
    for node in flowchart["nodes"]:
        citation = node["citation"]
        span = text[citation["passageId"]][citation["startChar"] : citation["endChar"]]
        assert span == citation["quote"] == node["description"]
        assert node["level"] in ("FUNDAMENTAL", "INTERMEDIATE", "ADVANCED")


def test_the_stored_map_answers_within_100_ms(
    client: httpx2.Client, document_id: str, flowchart: Json
) -> None:
    path = f"/v1/documents/{document_id}/flowchart"

    def usual() -> float:
        times = []
        for _ in range(10):
            started = time.perf_counter()
            assert ok(client.get(path))["flowchart"]["etag"] == flowchart["etag"]
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    assert quickest_of(usual, 0.1) < 0.1


def test_the_map_is_exported_in_every_format(
    client: httpx2.Client, document_id: str, flowchart: Json
) -> None:
    path = f"/v1/documents/{document_id}/flowchart:export"
    svg = client.get(path, params={"format": "SVG"})
    assert svg.headers["content-type"] == "image/svg+xml"
    ElementTree.fromstring(svg.content)
    assert client.get(path, params={"format": "MERMAID"}).text.startswith("flowchart TD")
    assert client.get(path, params={"format": "DOT"}).text.startswith("digraph")
    graphml = nx.read_graphml(io.BytesIO(client.get(path, params={"format": "GRAPHML"}).content))
    assert graphml.number_of_nodes() == len(flowchart["nodes"])


def test_an_edit_that_makes_a_cycle_is_refused(
    client: httpx2.Client, document_id: str, flowchart: Json
) -> None:
    edge = next(each for each in flowchart["edges"] if each["type"] == "PREREQUISITE")
    back = {"sourceId": edge["targetId"], "targetId": edge["sourceId"], "type": "PREREQUISITE"}
    body = {"edits": [{"addEdge": back}], "etag": flowchart["etag"]}
    reply = client.post(f"/v1/documents/{document_id}/flowchart:edit", json=body)
    assert (reply.status_code, reason(reply)) == (400, "PREREQUISITE_CYCLE")


def test_the_learning_order_starts_at_the_beginning(
    client: httpx2.Client, document_id: str, flowchart: Json
) -> None:
    nodes = ok(client.get(f"/v1/documents/{document_id}/flowchart:learningOrder"))["nodes"]
    assert nodes[0]["prerequisiteIds"] == []
    assert len(nodes) == len(flowchart["nodes"])


def test_a_quiz_shows_no_keys(client: httpx2.Client, quiz: Json) -> None:
    again = ok(client.get(f"/v1/quizzes/{quiz['quizId']}"))["quiz"]
    assert len(again["questions"]) == 10
    shown = {field for question in again["questions"] for field in question}
    assert shown == {"questionId", "kind", "stem", "options", "matches", "concept", "difficulty"}


def test_an_attempt_is_graded_explained_and_cited(client: httpx2.Client, quiz: Json) -> None:
    attempt = ok(client.post(f"/v1/quizzes/{quiz['quizId']}/attempts", json={}))["attempt"]
    path = f"/v1/attempts/{attempt['attemptId']}:submit"
    graded = ok(client.post(path, json={"responses": []}))["attempt"]
    assert graded["score"] == 0
    assert len(graded["results"]) == 10
    for result in graded["results"]:
        assert result["explanation"]
        assert result["citations"][0]["quote"]
    reply = client.post(path, json={"responses": []})
    assert (reply.status_code, reason(reply)) == (400, "ATTEMPT_SUBMITTED")


def test_the_right_answers_are_graded_right(client: httpx2.Client, quiz: Json) -> None:
    first = ok(client.post(f"/v1/quizzes/{quiz['quizId']}/attempts", json={}))["attempt"]["attemptId"]
    keys = ok(client.post(f"/v1/attempts/{first}:submit", json={}))["attempt"]["results"]
    responses = [
        {
            "questionId": result["questionId"],
            "optionIds": result["key"]["optionIds"],
            "matches": result["key"]["matches"],
            "text": (result["key"]["texts"] or [result["correctAnswer"]])[0],
        }
        for result in keys
    ]
    second = ok(client.post(f"/v1/quizzes/{quiz['quizId']}/attempts", json={}))["attempt"]["attemptId"]
    graded = ok(client.post(f"/v1/attempts/{second}:submit", json={"responses": responses}))["attempt"]
    wrong = [result for result in graded["results"] if not result["correct"]]
    assert (graded["score"], wrong) == (1, [])


def test_an_answer_quotes_the_document(client: httpx2.Client, document_id: str) -> None:
    answer = ok(client.post("/v1/answers:ask", json={"question": QUESTION, "document_ids": [document_id]}))[
        "answer"
    ]
    passages = ok(client.get(f"/v1/documents/{document_id}/passages", params={"pageSize": 1000}))["passages"]
    text = {each["passageId"]: each["text"] for each in passages}
    assert answer["found"]
    assert answer["engine"] == "extractive"
    for sentence in answer["sentences"]:
        for citation in sentence["citations"]:
            assert (
                text[citation["passageId"]][citation["startChar"] : citation["endChar"]] == citation["quote"]
            )
    assert "wavelength" in answer["sentences"][0]["text"].lower()


def test_what_the_documents_do_not_say_is_not_answered(client: httpx2.Client, document_id: str) -> None:
    body = {"question": "Who won the football championship in Brazil?", "document_ids": [document_id]}
    answer = ok(client.post("/v1/answers:ask", json=body))["answer"]
    assert (answer["found"], answer["sentences"], answer["note"]) == (False, [], "Not in your documents.")


def test_search_finds_every_kind(
    client: httpx2.Client, document_id: str, flowchart: Json, quiz: Json, video: Json
) -> None:
    found = ok(client.get("/v1/search", params={"query": "sound wave frequency", "pageSize": 100}))
    kinds = {facet["kind"] for facet in found["facets"]}
    assert kinds == {"DOCUMENT", "PASSAGE", "ATOM", "CONCEPT", "QUIZ", "VIDEO"}
    only = ok(client.get("/v1/search", params={"query": "wavelength", "kinds": "PASSAGE"}))["hits"]
    assert {hit["kind"] for hit in only} == {"PASSAGE"}
    assert "<em>" in only[0]["highlights"][0]
    assert ok(client.get("/v1/search", params={"query": "wavelenght"}))["correctedQuery"] == "wavelength"


def test_suggestions_complete_a_concept(client: httpx2.Client, flowchart: Json) -> None:
    name = flowchart["nodes"][0]["name"].lower()
    suggestions = ok(client.get("/v1/search:suggest", params={"prefix": name[:4]}))["suggestions"]
    assert name in suggestions


def test_the_video_plays_and_seeks(client: httpx2.Client, video: Json) -> None:
    path = f"/v1/videos/{video['videoId']}/content"
    whole = client.get(path)
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "video/mp4"
    assert len(whole.content) == int(video["file"]["sizeBytes"])
    with av.open(io.BytesIO(whole.content), "r") as opened:
        picture, voice = opened.streams.video[0], opened.streams.audio[0]
        assert (picture.codec_context.name, voice.codec_context.name) == ("h264", "aac")
        assert picture.height == 480
        assert opened.duration is not None
        assert abs(opened.duration / 1e6 - video["durationSeconds"]) < 0.3
    assert whole.content.find(b"moov") < whole.content.find(b"mdat")
    part = client.get(path, headers={"range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole.content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert client.get(path, headers={"range": f"bytes={10**12}-"}).status_code == 416
    head = client.head(path)
    assert (head.status_code, int(head.headers["content-length"])) == (200, len(whole.content))


def test_captions_cover_the_video_and_the_thumbnail_is_a_picture(client: httpx2.Client, video: Json) -> None:
    captions = client.get(f"/v1/videos/{video['videoId']}/captions")
    assert captions.headers["content-type"].startswith("text/vtt")
    assert captions.text.startswith("WEBVTT")
    assert captions.text.count("-->") >= len(video["chapters"])
    thumbnail = client.get(f"/v1/videos/{video['videoId']}/thumbnail")
    assert thumbnail.headers["content-type"] == "image/png"
    assert thumbnail.content.startswith(b"\x89PNG")


def test_the_video_says_what_it_is(client: httpx2.Client, video: Json) -> None:
    assert video["progressPercent"] == 100
    assert [scene["state"] for scene in video["scenes"]] == ["RENDERED"] * len(video["scenes"])
    assert video["chapters"][0]["startSeconds"] == 0
    assert video["transcript"]
    last = list(events(client, f"/v1/videos/{video['videoId']}:watch"))[-1]
    assert last["video"]["state"] == "COMPLETED"
    reply = client.post(f"/v1/videos/{video['videoId']}:cancel", json={})
    assert (reply.status_code, reason(reply)) == (400, "VIDEO_FINISHED")
    tagged = ok(client.get("/v1/videos", params={"tag": "sound"}))["videos"]
    assert [each["videoId"] for each in tagged] == [video["videoId"]]


def test_a_topic_is_taught_from_the_library_or_refused(client: httpx2.Client, document_id: str) -> None:
    reply = client.post("/v1/videos", json={"topic": "medieval trade routes of Venice"})
    assert (reply.status_code, reason(reply)) == (400, "TOPIC_NOT_IN_LIBRARY")
    created = ok(client.post("/v1/videos", json={"topic": "the Doppler effect", "targetDuration": "30s"}))[
        "video"
    ]
    cancelled = ok(client.post(f"/v1/videos/{created['videoId']}:cancel", json={}))["video"]
    assert (cancelled["state"], cancelled["failure"]["reason"]) == ("FAILED", "CANCELLED")


def test_foreign_and_missing_look_the_same(client: httpx2.Client) -> None:
    missing = "01a1fd87-0000-7000-8000-000000000000"
    for path in ("documents", "quizzes", "attempts", "videos"):
        reply = client.get(f"/v1/{path}/{missing}")
        assert (reply.status_code, reason(reply)) == (404, "NOT_FOUND")
    for path in (f"documents/{missing}:watch", f"videos/{missing}:watch", f"videos/{missing}/content"):
        reply = client.get(f"/v1/{path}")
        assert (reply.status_code, reason(reply)) == (404, "NOT_FOUND")
