"""Everything that is derived from the contracts: the edge, its OpenAPI document, the permission table, and the linter
that keeps the contracts fit to derive from."""
