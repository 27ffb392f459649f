"""The matrix of who may call what, and what was observed of it."""
