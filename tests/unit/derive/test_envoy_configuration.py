"""The derived edge says of every method what its contract says, and nothing of the others."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.placement import placed
from mesh.config import Settings
from mesh.derive.contracts import Contracts, Method
from mesh.derive.envoy import configuration
from mesh.derive.paths import PathTemplate

Json = dict[str, Any]


@pytest.fixture(scope="module")
def config(contracts: Contracts) -> Json:
    made: Json = json.loads(configuration(contracts))
    return made


@pytest.fixture(scope="module")
def manager(config: Json) -> Json:
    found: Json = config["staticResources"]["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
    return found


@pytest.fixture(scope="module")
def routes(manager: Json) -> list[Json]:
    found: list[Json] = manager["routeConfig"]["virtualHosts"][0]["routes"]
    return found


def _route(routes: list[Json], verb: str, path: str) -> Json:
    """The first route that takes a call, as Envoy chooses."""
    return next(route for route in routes if _matches(route["match"], {":method": verb, ":path": path}))


def _matches(match: Json, headers: dict[str, str]) -> bool:
    path = headers[":path"]
    fits = (
        path == match.get("path")
        or path.startswith(match.get("prefix", "\0"))
        or bool(re.fullmatch(match.get("safeRegex", {}).get("regex", "\0"), path))
    )
    return fits and all(_header_matches(one, headers) for one in match.get("headers", []))


def _header_matches(matcher: Json, headers: dict[str, str]) -> bool:
    value = headers.get(matcher["name"])
    if value is None:
        return False
    text = matcher.get("stringMatch", {})
    if "safeRegex" in text:
        fits = bool(re.fullmatch(text["safeRegex"]["regex"], value))
        return bool(fits != matcher.get("invertMatch", False))
    return bool(text.get("exact", value) == value and "rangeMatch" not in matcher)


def _seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))


def _example(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "some-id", path)


def test_every_method_of_the_edge_is_reached_by_grpc_with_its_own_deadline(
    contracts: Contracts, routes: list[Json]
) -> None:
    for method in contracts.edge_methods:
        route = _route(routes, "POST", method.rpc_path)["route"]
        assert route["cluster"] == method.domain
        assert _seconds(route["maxStreamDuration"]["maxStreamDuration"]) == method.deadline_seconds + 1
        assert _seconds(route["maxStreamDuration"]["grpcTimeoutHeaderMax"]) == method.deadline_seconds + 1
        assert _seconds(route["timeout"]) == 0


def test_every_path_of_a_contract_is_reached_by_its_verb(contracts: Contracts, routes: list[Json]) -> None:
    for method in contracts.edge_methods:
        for rule in method.http:
            route = _route(routes, rule.verb, _example(rule.path))
            expected = "media" if _is_media(method) else method.domain
            assert route["route"]["cluster"] == expected, rule.path


def test_every_path_refuses_other_verbs_with_405(contracts: Contracts, routes: list[Json]) -> None:
    for method in contracts.edge_methods:
        for rule in method.http:
            assert _route(routes, "PUT", _example(rule.path))["directResponse"]["status"] == 405


def test_methods_that_the_edge_may_not_call_are_unknown(contracts: Contracts, routes: list[Json]) -> None:
    hidden = [method for method in contracts.methods if not method.at_edge]
    assert hidden
    for method in hidden:
        assert _route(routes, "POST", method.rpc_path)["directResponse"]["status"] == 404


def test_the_transcoder_knows_exactly_the_services_of_the_edge(contracts: Contracts, manager: Json) -> None:
    transcoder = _filter(manager, "grpc_json_transcoder")
    assert transcoder["services"] == sorted({method.service for method in contracts.edge_methods})


def test_streams_of_the_client_are_not_buffered_and_everything_else_is_limited(
    contracts: Contracts, manager: Json, routes: list[Json]
) -> None:
    assert _filter(manager, "buffer")["maxRequestBytes"] == 1_048_576
    for method in contracts.edge_methods:
        own = _route(routes, "POST", method.rpc_path).get("typedPerFilterConfig", {})
        buffer = own.get("envoy.filters.http.buffer", {})
        assert buffer.get("disabled", False) == method.descriptor.client_streaming


def test_the_edge_repeats_only_what_reached_nobody_and_only_where_the_contract_repeats(
    contracts: Contracts, routes: list[Json]
) -> None:
    for method in contracts.edge_methods:
        found = _route(routes, "POST", method.rpc_path)["route"].get("retryPolicy")
        repeated = method.policy is not None and method.policy.HasField("retry")
        assert (found is not None) == (repeated or "after_sequence" in method.input.fields_by_name)
        if found is not None:
            assert found["retryOn"] == "connect-failure,refused-stream,reset-before-request"


def test_streams_have_a_circuit_breaker_of_their_own(
    contracts: Contracts, config: Json, routes: list[Json]
) -> None:
    for method in contracts.edge_methods:
        streams = method.descriptor.server_streaming or method.descriptor.client_streaming
        route = _route(routes, "POST", method.rpc_path)["route"]
        assert route.get("priority", "DEFAULT") == ("HIGH" if streams else "DEFAULT")
    assert _most_requests(_cluster(config, "quiz")) == {"DEFAULT": 200, "HIGH": 1000}


def test_a_sick_replica_is_left_alone_but_never_for_what_it_answers(config: Json) -> None:
    outliers = _cluster(config, "quiz")["outlierDetection"]
    assert outliers["splitExternalLocalOriginErrors"]
    assert outliers["enforcingConsecutive5xx"] == outliers["enforcingConsecutiveGatewayFailure"] == 0


def test_there_is_a_health_checked_cluster_for_every_service(contracts: Contracts, config: Json) -> None:
    clusters = {one["name"]: one for one in config["staticResources"]["clusters"]}
    assert clusters.keys() == {*contracts.domains, "media", "keys", "traces"}
    for domain in contracts.domains:
        (check,) = clusters[domain]["healthChecks"]
        assert check["grpcHealthCheck"]["serviceName"].startswith(f"mootion.{domain}.v1.")


def test_health_needs_every_backend(contracts: Contracts, manager: Json) -> None:
    needed = _filter(manager, "health_check")["clusterMinHealthyPercentages"]
    assert needed.keys() == {*contracts.domains, "media"}


def test_identity_is_taken_from_nobody_outside(manager: Json) -> None:
    (extension,) = manager["earlyHeaderMutationExtensions"]
    mutations = extension["typedConfig"]["mutations"]
    assert {"removeOnMatch": {"keyMatcher": {"prefix": "mootion-"}}} in mutations
    added = {
        one["header"]["key"]: one["header"]["value"] for one in manager["routeConfig"]["requestHeadersToAdd"]
    }
    assert added == {
        "mootion-address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "mootion-request-id": "%REQ(X-REQUEST-ID)%",
    }


def test_the_access_log_holds_no_query(manager: Json) -> None:
    log = json.dumps(manager["accessLog"])
    assert "REQ_WITHOUT_QUERY" in log
    assert "%REQ(:PATH)%" not in log


def test_the_configuration_is_the_same_each_time(contracts: Contracts, config: Json) -> None:
    assert configuration(contracts) == json.dumps(config, indent=1, sort_keys=True) + "\n"


def test_placed_it_has_this_machines_ports_and_addresses(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        edge_port=18080,
        edge_admin_port=19901,
        grpc_port=15051,
        media_port=15052,
        addresses={"quiz": "quiz.mootion:50051"},
    )
    config = placed(settings)
    assert _port(config["staticResources"]["listeners"][0]) == ("127.0.0.1", 18080)
    assert _port(config["admin"]) == ("127.0.0.1", 19901)
    addresses = {one["name"]: _endpoint(one) for one in config["staticResources"]["clusters"]}
    assert addresses["quiz"] == ("quiz.mootion", 50051)
    assert addresses["document"] == ("127.0.0.1", 15051)
    assert addresses["media"] == ("127.0.0.1", 15052)


def test_placed_it_knows_every_replica_and_what_they_take_together(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, max_calls=10, max_streams=100, addresses={"quiz": "10.0.0.1:1,10.0.0.2:2"}
    )
    config = placed(settings)
    quiz = _cluster(config, "quiz")
    endpoints = quiz["loadAssignment"]["endpoints"][0]["lbEndpoints"]
    assert [_port(one["endpoint"]) for one in endpoints] == [("10.0.0.1", 1), ("10.0.0.2", 2)]
    assert _most_requests(quiz) == {"DEFAULT": 20, "HIGH": 200}
    assert _most_requests(_cluster(config, "llm")) == {"DEFAULT": 10, "HIGH": 100}


def test_traces_are_sent_only_where_a_collector_is_set(tmp_path: Path) -> None:
    without = placed(Settings(data_dir=tmp_path))
    assert "traces" not in _names(without)
    assert "tracing" not in _manager(without)
    with_one = placed(Settings(data_dir=tmp_path, otlp_endpoint="http://collector:4317"))
    assert "traces" in _names(with_one)
    assert "tracing" in _manager(with_one)
    traces = next(one for one in with_one["staticResources"]["clusters"] if one["name"] == "traces")
    assert _endpoint(traces) == ("collector", 4317)


def test_on_loopback_only_local_names_and_pages_are_served_and_elsewhere_all(tmp_path: Path) -> None:
    local = _manager(placed(Settings(data_dir=tmp_path)))["routeConfig"]["virtualHosts"]
    assert "*" not in local[0]["domains"]
    assert local[0]["routes"][0]["name"] == "foreign-origins"
    (everywhere,) = _manager(placed(Settings(data_dir=tmp_path, bind_host="0.0.0.0")))["routeConfig"][
        "virtualHosts"
    ]
    assert everywhere["domains"] == ["*"]
    assert "foreign-origins" not in {route.get("name") for route in everywhere["routes"]}


def test_every_file_it_names_is_there(tmp_path: Path) -> None:
    files = re.findall(
        r'"(?:filename|protoDescriptor)": "([^"]+)"', json.dumps(placed(Settings(data_dir=tmp_path)))
    )
    assert len(files) >= 7
    assert [name for name in files if not Path(name).is_file()] == []


def test_more_specific_paths_are_tried_first() -> None:
    paths = ["/v1/documents/{id}", "/v1/documents/{id}:watch", "/v1/documents/newest"]
    ordered = sorted(map(PathTemplate.parse, paths), key=lambda template: template.specificity)
    assert [template.text for template in ordered] == [paths[1], paths[2], paths[0]]


def _is_media(method: Method) -> bool:
    return method.sends_bytes and method.descriptor.server_streaming


def _filter(manager: Json, name: str) -> Json:
    found: Json = next(
        one["typedConfig"] for one in manager["httpFilters"] if one["name"] == f"envoy.filters.http.{name}"
    )
    return found


def _manager(config: Json) -> Json:
    found: Json = config["staticResources"]["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
    return found


def _names(config: Json) -> set[str]:
    return {one["name"] for one in config["staticResources"]["clusters"]}


def _cluster(config: Json, name: str) -> Json:
    found: Json = next(one for one in config["staticResources"]["clusters"] if one["name"] == name)
    return found


def _most_requests(cluster: Json) -> dict[str, int]:
    thresholds = cluster["circuitBreakers"]["thresholds"]
    return {one.get("priority", "DEFAULT"): one["maxRequests"] for one in thresholds}


def _port(holder: Json) -> tuple[str, int]:
    address = holder["address"]["socketAddress"]
    return address["address"], address["portValue"]


def _endpoint(cluster: Json) -> tuple[str, int]:
    return _port(cluster["loadAssignment"]["endpoints"][0]["lbEndpoints"][0]["endpoint"])
