"""Concept maps of documents."""
