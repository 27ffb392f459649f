"""The OpenAPI document is valid and says what the contracts say."""

import json
from typing import Any

import openapi_spec_validator
import pytest

from mesh.derive.contracts import Contracts
from mesh.derive.openapi import openapi

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document(contracts: Contracts) -> Json:
    made: Json = json.loads(openapi(contracts))
    return made


def test_it_is_valid_openapi_3_1(document: Json) -> None:
    assert document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(document)


def test_every_rest_path_of_the_contracts_is_there_and_no_other(contracts: Contracts, document: Json) -> None:
    expected = {
        (rule.verb.lower(), _camel_path(rule.path))
        for method in contracts.edge_methods
        for rule in method.http
    }
    found = {(verb, path) for path, item in document["paths"].items() for verb in item}
    assert found == expected | {("get", "/healthz")}


def test_a_file_of_any_kind_may_be_json_too(document: Json) -> None:
    """An export is drawn as SVG and written as JSON: its media type says which."""
    export = document["paths"]["/v1/documents/{documentId}/flowchart:export"]["get"]
    kinds = export["responses"]["200"]["content"]
    assert kinds["*/*"]["schema"] == {"type": "string", "format": "binary"}
    assert "type" not in kinds["application/json"]["schema"]


def test_operation_ids_are_unique(document: Json) -> None:
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_parameter_and_property_is_described(document: Json) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            for parameter in operation.get("parameters", []):
                assert parameter["description"], (path, parameter["name"])
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, shape in schema.get("properties", {}).items():
            assert shape.get("description") or "$ref" in shape or name == "Status", (name, field)


def test_limits_of_fields_become_limits_of_parameters(document: Json) -> None:
    parameters = _parameters(document, "/v1/search", "get")
    assert parameters["query"]["required"] is True
    assert parameters["query"]["schema"] == {"type": "string", "minLength": 1, "maxLength": 500}
    assert parameters["pageSize"]["schema"]["maximum"] == 100
    assert parameters["documentIds"]["schema"]["maxItems"] == 100
    assert parameters["documentIds"]["required"] is False


def test_fields_that_come_by_path_are_not_in_the_body(document: Json) -> None:
    operation = document["paths"]["/v1/quizzes/{quizId}/attempts"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"requestId"}
    assert [parameter["name"] for parameter in operation["parameters"]] == ["quizId"]


def test_a_oneof_that_must_be_set_is_one_of(document: Json) -> None:
    edit = document["components"]["schemas"]["FlowchartEdit"]
    assert [alternative["required"] for alternative in edit["oneOf"]] == [
        ["addNode"],
        ["updateNode"],
        ["removeNode"],
        ["addEdge"],
        ["removeEdge"],
    ]
    assert list(edit["oneOf"][0]["properties"]) == ["addNode"]


def test_rules_between_fields_are_said_in_words(document: Json) -> None:
    description = document["components"]["schemas"]["CreateVideoRequest"]["description"]
    assert "Document_id or topic must be given." in description


def test_numbers_of_64_bits_are_strings_in_bodies_and_numbers_in_queries(document: Json) -> None:
    size = document["components"]["schemas"]["Document"]["properties"]["sizeBytes"]
    assert (size["type"], size["format"]) == ("string", "int64")
    after = _parameters(document, "/v1/documents/{documentId}:watch", "get")["afterSequence"]["schema"]
    assert (after["type"], after["minimum"]) == ("integer", 0)


def test_an_upload_takes_bytes_and_its_name_by_query(document: Json) -> None:
    operation = document["paths"]["/v1/documents:upload"]["post"]
    assert list(operation["requestBody"]["content"]) == ["application/octet-stream"]
    assert "104,857,600" in operation["requestBody"]["description"]
    assert {parameter["name"] for parameter in operation["parameters"]} == {"filename", "requestId"}


def test_a_watch_is_an_event_stream(document: Json) -> None:
    replies = document["paths"]["/v1/videos/{videoId}:watch"]["get"]["responses"]
    assert list(replies["200"]["content"]) == ["text/event-stream"]


def test_bytes_are_named_by_their_type_and_content_has_ranges(document: Json) -> None:
    paths = document["paths"]
    captions = paths["/v1/videos/{videoId}/captions"]["get"]["responses"]["200"]
    assert list(captions["content"]) == ["text/vtt"]
    content = paths["/v1/videos/{videoId}/content"]["get"]
    assert list(content["responses"]["206"]["content"]) == ["video/mp4"]
    assert "Range" in {parameter["name"] for parameter in content["parameters"]}


def test_errors_are_status_with_the_reasons_that_the_contract_names(document: Json) -> None:
    responses = document["paths"]["/v1/documents/{documentId}/flowchart:generate"]["post"]["responses"]
    assert {"400", "404", "413", "default"} <= responses.keys()
    assert "`DOCUMENT_NOT_READY`" in responses["400"]["description"]
    assert "`TOO_LITTLE_CONTENT`" in responses["400"]["description"]
    for status, response in responses.items():
        if status not in ("200", "default"):
            schema = response["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Status"}


def test_limits_of_the_policy_are_told(document: Json) -> None:
    operation = document["paths"]["/v1/videos"]["post"]
    assert "At most 1 in 10 s for each principal." in operation["description"]
    assert "429" in operation["responses"]


def test_the_document_is_the_same_each_time(contracts: Contracts) -> None:
    assert openapi(contracts) == openapi(contracts)


def _camel_path(path: str) -> str:
    import re

    def camel(match: "re.Match[str]") -> str:
        head, *tail = match[1].split("_")
        return "{" + head + "".join(word.capitalize() for word in tail) + "}"

    return re.sub(r"\{(\w+)[^}]*\}", camel, path)


def _parameters(document: Json, path: str, verb: str) -> dict[str, Json]:
    return {one["name"]: one for one in document["paths"][path][verb].get("parameters", [])}
