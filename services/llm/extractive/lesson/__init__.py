"""Lesson scripts written from a document by language analysis."""

from services.llm.extractive.lesson.writing import write_script

__all__ = ["write_script"]
