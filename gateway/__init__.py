"""The edge: a real Envoy that speaks REST, gRPC and gRPC-web outside and gRPC inside. Its configuration is derived from
the contracts (`mesh.derive.envoy`) and checked in as `envoy.json`; here it is put in place and run."""
