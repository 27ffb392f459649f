"""Lesson scripts written from a document by language analysis."""

from services.llm.extractive.lesson.content import TooLittleContent
from services.llm.extractive.lesson.writing import write_script

__all__ = ["TooLittleContent", "write_script"]
