"""The derived edge says of every method what its contract says, and nothing of the others."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mootion.policy.v1 import policy_pb2

from gateway.placement import placed
from mesh.config import Settings
from mesh.derive.contracts import Contracts, Method
from mesh.derive.envoy import configuration
from mesh.derive.envoy.limits import ANSWER_SECONDS
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


def _route(routes: list[Json], verb: str, path: str, **headers: str) -> Json:
    """The first route that takes a call, as Envoy chooses; headers are named with `_` for `-`."""
    given = {":method": verb, ":path": path, **{key.replace("_", "-"): headers[key] for key in headers}}
    return next(route for route in routes if _matches(route["match"], given))


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
    if "rangeMatch" in matcher:
        return int(matcher["rangeMatch"]["start"]) <= int(value) < int(matcher["rangeMatch"]["end"])
    text = matcher.get("stringMatch", {})
    fits = value.startswith(text.get("prefix", "")) and text.get("exact", value) == value
    if "safeRegex" in text:
        fits = bool(re.fullmatch(text["safeRegex"]["regex"], value))
    return bool(fits != matcher.get("invertMatch", False))


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


def test_what_is_compressed_is_refused_wherever_it_goes(contracts: Contracts, routes: list[Json]) -> None:
    for method in contracts.edge_methods:
        for verb, path in [
            ("POST", method.rpc_path),
            *((rule.verb, _example(rule.path)) for rule in method.http),
        ]:
            for packed in ({"content_encoding": "gzip"}, {"grpc_encoding": "gzip"}):
                assert _route(routes, verb, path, **packed)["directResponse"]["status"] == 415
            plain = _route(routes, verb, path, content_encoding="identity", grpc_encoding="identity")
            assert "directResponse" not in plain


def test_an_upload_that_says_it_is_too_large_is_refused_before_it_comes(
    contracts: Contracts, routes: list[Json]
) -> None:
    uploads = [method for method in contracts.edge_methods if method.takes_bytes]
    assert uploads
    for method in uploads:
        path = _example(method.http[0].path)
        too_large = _route(routes, "POST", path, content_length=str(method.max_request_bytes + 1))
        assert too_large["directResponse"]["status"] == 413
        fits = _route(routes, "POST", path, content_length=str(method.max_request_bytes))
        assert fits["route"]["cluster"] == method.domain


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
    assert clusters.keys() == {*contracts.domains, "media", "keys", "limiter", "traces"}
    for domain in contracts.domains:
        (check,) = clusters[domain]["healthChecks"]
        assert check["grpcHealthCheck"]["serviceName"].startswith(f"mootion.{domain}.v1.")


def test_a_change_of_health_counts_at_once(contracts: Contracts, config: Json) -> None:
    for domain in (*contracts.domains, "media"):
        assert _seconds(_cluster(config, domain)["commonLbConfig"]["updateMergeWindow"]) == 0


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


def test_only_methods_with_limits_in_their_contracts_are_asked_about_and_nothing_is_said_of_the_limits(
    contracts: Contracts, routes: list[Json]
) -> None:
    for method in contracts.edge_methods:
        limited = method.policy is not None and bool(method.policy.limits)
        doors = [("grpc", _route(routes, "POST", method.rpc_path))]
        doors += [("rest", _route(routes, rule.verb, _example(rule.path))) for rule in method.http]
        for door, route in doors:
            asked = route["route"].get("rateLimits", [])
            assert len(asked) == limited
            for question in asked:
                fixed = [one["genericKey"] for one in question["actions"] if "genericKey" in one]
                assert {one["descriptorKey"]: one["descriptorValue"] for one in fixed} == {
                    "method": method.rpc_path,
                    "door": door,
                }
                assert {"remoteAddress": {}} in question["actions"]


def test_a_call_without_a_token_is_asked_about_where_its_address_is_counted(
    contracts: Contracts, routes: list[Json]
) -> None:
    for method in contracts.edge_methods:
        scopes = {limit.scope for limit in (method.policy.limits if method.policy else ())}
        for question in _route(routes, "POST", method.rpc_path)["route"].get("rateLimits", []):
            principal = [one["metadata"] for one in question["actions"] if "metadata" in one]
            assert bool(principal) == (policy_pb2.LIMIT_SCOPE_PRINCIPAL in scopes)
            for one in principal:
                assert one.get("skipIfAbsent", False) == (policy_pb2.LIMIT_SCOPE_ADDRESS in scopes)
                assert one["metadataKey"]["path"] == [{"key": "claims"}, {"key": "sub"}]


def test_the_edge_lets_calls_pass_where_the_rate_limit_service_does_not_answer_in_50_ms(
    manager: Json,
) -> None:
    found = _filter(manager, "ratelimit")
    assert _seconds(found["timeout"]) == ANSWER_SECONDS
    assert not found.get("failureModeDeny", False)
    names = [one["name"].removeprefix("envoy.filters.http.") for one in manager["httpFilters"]]
    order = ["health_check", "local_ratelimit", "jwt_authn", "ratelimit", "buffer", "router"]
    assert [name for name in names if name in order] == order


def test_an_address_has_a_bucket_of_its_own_that_is_enforced(manager: Json) -> None:
    found = _filter(manager, "local_ratelimit")
    for switch in ("filterEnabled", "filterEnforced"):
        assert found[switch]["defaultValue"]["numerator"] == 100
    (descriptor,) = found["descriptors"]
    assert descriptor["entries"] == [{"key": "masked_remote_address"}]
    assert descriptor["tokenBucket"] == {"maxTokens": 1000, "tokensPerFill": 1000, "fillInterval": "60s"}
    assert not found["alwaysConsumeDefaultTokenBucket"]


def test_the_outside_is_held_to_what_envoy_recommends_for_an_edge(config: Json, manager: Json) -> None:
    monitors = {one["name"].rpartition(".")[2] for one in config["overloadManager"]["resourceMonitors"]}
    assert monitors == {"fixed_heap", "global_downstream_max_connections"}
    actions = {one["name"].rpartition(".")[2] for one in config["overloadManager"]["actions"]}
    assert actions == {"shrink_heap", "stop_accepting_requests"}
    assert manager["http2ProtocolOptions"]["maxConcurrentStreams"] == 100
    assert manager["commonHttpProtocolOptions"]["headersWithUnderscoresAction"] == "REJECT_REQUEST"
    assert manager["pathWithEscapedSlashesAction"] == "REJECT_REQUEST"
    assert manager["normalizePath"] and manager["useRemoteAddress"]
    assert manager["maxRequestHeadersKb"] == 32
    for name in ("streamIdleTimeout", "requestHeadersTimeout"):
        assert 0 < _seconds(manager[name]) <= 60


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({}, 0),
        ({"local_principal": False}, 0),
        ({"trusted_proxies": 1}, 1000),
        ({"local_principal": False, "bind_host": "0.0.0.0"}, 1000),
        ({"local_principal": False, "bind_host": "0.0.0.0", "address_limit": 0}, 0),
        ({"address_limit": 7}, 7),
    ],
)
def test_placed_it_counts_addresses_where_callers_have_their_own(
    tmp_path: Path, given: Json, calls: int
) -> None:
    placed_manager = _manager(placed(Settings(data_dir=tmp_path, **given)))
    names = {one["name"] for one in placed_manager["httpFilters"]}
    assert ("envoy.filters.http.local_ratelimit" in names) == bool(calls)
    if calls:
        found = _filter(placed_manager, "local_ratelimit")
        assert found["descriptors"][0]["tokenBucket"]["maxTokens"] == calls
        told = {one["header"]["key"]: one["header"]["value"] for one in found["responseHeadersToAdd"]}
        assert told["ratelimit-limit"] == str(calls)
        assert told["retry-after"] == ("9" if calls == 7 else "1")


def test_placed_it_asks_the_rate_limit_service_only_where_there_is_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    without, with_one = placed(settings), placed(settings, limiter="127.0.0.1:4711")
    assert "limiter" not in _names(without)
    assert _endpoint(_cluster(with_one, "limiter")) == ("127.0.0.1", 4711)
    names = [[one["name"] for one in _manager(config)["httpFilters"]] for config in (without, with_one)]
    assert [("envoy.filters.http.ratelimit" in found) for found in names] == [False, True]


def test_placed_it_knows_proxies_origins_and_memory(tmp_path: Path) -> None:
    config = placed(
        Settings(
            data_dir=tmp_path,
            bind_host="0.0.0.0",
            local_principal=False,
            trusted_proxies=2,
            edge_heap_mib=256,
            cors_origins=("https://learn.example.org",),
        )
    )
    assert _manager(config)["xffNumTrustedHops"] == 2
    assert str(256 * 1_048_576) in json.dumps(config["overloadManager"])
    assert _origins(config) == [r"https://learn\.example\.org"]
    assert _origins(placed(Settings(data_dir=tmp_path, bind_host="0.0.0.0"))) == []
    (local,) = _origins(placed(Settings(data_dir=tmp_path)))
    assert re.fullmatch(local, "http://localhost:5173")
    assert not re.fullmatch(local, "https://learn.example.org")


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


def test_spans_hold_no_path_with_its_query(tmp_path: Path) -> None:
    config = placed(Settings(data_dir=tmp_path, otlp_endpoint="http://collector:4317"))
    assert _manager(config)["tracing"]["maxPathTagLength"] == 0


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


def _origins(config: Json) -> list[str]:
    host = _manager(config)["routeConfig"]["virtualHosts"][0]
    cors = host["typedPerFilterConfig"]["envoy.filters.http.cors"]
    return [one["safeRegex"]["regex"] for one in cors.get("allowOriginStringMatch", [])]


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
