"""Questions written from a document by language analysis."""

from services.llm.extractive.questions.writing import write_questions

__all__ = ["write_questions"]
