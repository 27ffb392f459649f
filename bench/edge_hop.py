"""An Envoy that only passes calls on: what any proxy in the place of the edge would cost."""

from typing import Any

from gateway.edge import Edge

ROUTER = "envoy.filters.http.router"


class Hop(Edge):
    """The edge with its listener, routes and clusters, without any filter but the router, and without access log."""

    def configuration(self) -> dict[str, Any]:
        """See Edge."""
        config = super().configuration()
        manager = config["staticResources"]["listeners"][0]["filterChains"][0]["filters"][0]["typedConfig"]
        manager["httpFilters"] = [one for one in manager["httpFilters"] if one["name"] == ROUTER]
        del manager["accessLog"]
        for host in manager["routeConfig"]["virtualHosts"]:
            for place in (host, *host["routes"]):
                # Envoy knows settings of a place only for filters that there are.
                place.pop("typedPerFilterConfig", None)
        return config
