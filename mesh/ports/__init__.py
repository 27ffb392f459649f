"""The outside world as Protocols, one noun a file, each with its adapters and a fake beside it."""
