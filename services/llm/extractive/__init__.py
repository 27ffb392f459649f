"""The built-in engine: language analysis without network, key or downloaded weights."""
