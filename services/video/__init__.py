"""Lesson videos: planned from a script, rendered by workers scene by scene, kept in a library."""
