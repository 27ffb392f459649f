"""Quizzes on documents, attempts at them, and their grading."""
