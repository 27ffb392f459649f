"""What an operator decides of the edge: whose addresses are believed, whose pages may call, how often anybody may, and
how much memory it takes at the most."""

import math
import re
from typing import Any

from mesh.config import Settings
from mesh.limit_question import LIMITER

_FILTERS = "envoy.filters.http"
_FOREIGN_ORIGINS = "foreign-origins"
_MINUTE_SECONDS = 60
_HEAP = "envoy.resource_monitors.fixed_heap"
_Json = dict[str, Any]


def expose(config: _Json, settings: Settings, *, limited: bool) -> None:
    """Sets in the derived configuration what the environment says.

    Args:
        limited: whether there is a rate-limit service; without one it is not asked.
    """
    resources = config["staticResources"]
    manager = resources["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
    _set_heap(config, settings.edge_heap_mib)
    manager["xffNumTrustedHops"] = settings.trusted_proxies
    _set_origins(manager["routeConfig"], settings)
    _set_address_limit(manager, settings.calls_an_address)
    if not limited:
        _without(manager, "ratelimit")
        resources["clusters"] = [one for one in resources["clusters"] if one["name"] != LIMITER]


def _set_heap(config: _Json, mebibytes: int) -> None:
    monitors = config["overloadManager"]["resourceMonitors"]
    heap = next(one for one in monitors if one["name"] == _HEAP)
    heap["typedConfig"]["maxHeapSizeBytes"] = str(mebibytes * 1_048_576)


def _set_origins(routes: _Json, settings: Settings) -> None:
    """Pages of this machine may call where only this machine is served; pages of other sites where they are listed."""
    host = routes["virtualHosts"][0]
    cors = host["typedPerFilterConfig"][f"{_FILTERS}.cors"]
    local = cors["allowOriginStringMatch"][0]["safeRegex"]["regex"]
    allowed = [re.escape(origin) for origin in settings.cors_origins]
    if settings.is_loopback:
        allowed.append(local)
    pattern = {"safeRegex": {"regex": "|".join(allowed)}}
    cors["allowOriginStringMatch"] = [pattern] if allowed else []
    for route in host["routes"]:
        if route.get("name") == _FOREIGN_ORIGINS:
            route["match"]["headers"][-1]["stringMatch"] = pattern


def _set_address_limit(manager: _Json, calls_a_minute: int) -> None:
    if not calls_a_minute:
        _without(manager, "local_ratelimit")
        return
    found = _filter(manager, "local_ratelimit")
    bucket = {"maxTokens": calls_a_minute, "tokensPerFill": calls_a_minute}
    found["descriptors"][0]["tokenBucket"].update(bucket, fillInterval=f"{_MINUTE_SECONDS}s")
    wait = str(math.ceil(_MINUTE_SECONDS / calls_a_minute))
    told = {"retry-after": wait, "ratelimit-reset": wait, "ratelimit-limit": str(calls_a_minute)}
    for option in found["responseHeadersToAdd"]:
        header = option["header"]
        header["value"] = told.get(header["key"], header["value"])


def _without(manager: _Json, name: str) -> None:
    manager["httpFilters"] = [one for one in manager["httpFilters"] if one["name"] != f"{_FILTERS}.{name}"]


def _filter(manager: _Json, name: str) -> _Json:
    found: _Json = next(
        one["typedConfig"] for one in manager["httpFilters"] if one["name"] == f"{_FILTERS}.{name}"
    )
    return found
