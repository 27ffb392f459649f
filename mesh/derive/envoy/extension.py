"""Envoy's extensions: a typed message packed under the name it is registered by."""

import betterproto2
from envoy_data_plane.envoy.config.core.v3 import TypedExtensionConfig
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpFilter
from envoy_data_plane.google.protobuf import Any


def extension(name: str, message: betterproto2.Message) -> TypedExtensionConfig:
    """An extension by its registered name."""
    return TypedExtensionConfig(name=name, typed_config=Any.pack(message))


def http_filter(name: str, message: betterproto2.Message) -> HttpFilter:
    """A filter of the HTTP chain, by the last part of its registered name."""
    return HttpFilter(name=f"envoy.filters.http.{name}", typed_config=Any.pack(message))
