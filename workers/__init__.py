"""Queue consumers, each a process of its own: they talk to services by RPC and share nothing but contracts and ports."""
