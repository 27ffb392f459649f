"""Queue consumers, processes of their own: they talk to services by RPC and share only contracts and ports."""
