"""Answers from the caller's documents, every sentence with verified quotes."""
