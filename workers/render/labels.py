"""The few words that pictures add of their own, in the language of the narration."""

from __future__ import annotations

LABELS: dict[str, dict[str, str]] = {
    "en": {"example": "Example", "problem": "Problem", "result": "Result"},
    "de": {"example": "Beispiel", "problem": "Aufgabe", "result": "Ergebnis"},
    "fr": {"example": "Exemple", "problem": "Problème", "result": "Résultat"},
    "es": {"example": "Ejemplo", "problem": "Problema", "result": "Resultado"},
    "it": {"example": "Esempio", "problem": "Problema", "result": "Risultato"},
    "pt": {"example": "Exemplo", "problem": "Problema", "result": "Resultado"},
    "nl": {"example": "Voorbeeld", "problem": "Opgave", "result": "Resultaat"},
    "pl": {"example": "Przykład", "problem": "Zadanie", "result": "Wynik"},
}


def label(name: str, language: str) -> str:
    """The word for `name` in `language`; empty, and then not shown, in languages that are not known."""
    return LABELS.get(language[:2].lower(), {}).get(name, "")
