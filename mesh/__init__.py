"""What no service writes twice: server, client, policy, interceptors, errors, configuration, telemetry, ports."""
