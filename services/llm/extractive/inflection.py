"""Singulars of English nouns, by rule; other languages keep their forms."""

from types import MappingProxyType

from services.llm.extractive.closed_classes import words

_IRREGULAR = MappingProxyType(
    {
        "children": "child",
        "men": "man",
        "women": "woman",
        "people": "people",
        "mice": "mouse",
        "feet": "foot",
        "teeth": "tooth",
        "geese": "goose",
        "lives": "life",
        "leaves": "leaf",
        "halves": "half",
        "shelves": "shelf",
        "criteria": "criterion",
        "phenomena": "phenomenon",
        "mitochondria": "mitochondrion",
        "bacteria": "bacterium",
        "nuclei": "nucleus",
        "stimuli": "stimulus",
        "fungi": "fungus",
        "vertices": "vertex",
        "matrices": "matrix",
        "indices": "index",
        "axes": "axis",
        "emboli": "embolus",
        "thrombi": "thrombus",
        "alveoli": "alveolus",
        "villi": "villus",
        "foci": "focus",
        "loci": "locus",
        "radii": "radius",
        "media": "medium",
        "strata": "stratum",
        "quanta": "quantum",
        "ova": "ovum",
        "septa": "septum",
        "genera": "genus",
        "viruses": "virus",
        "lenses": "lens",
        "gases": "gas",
        "biases": "bias",
        "buses": "bus",
        "species": "species",
        "series": "series",
        "means": "means",
    }
)
_SIBILANT_PLURALS = ("sses", "shes", "ches", "xes", "zzes")
# Endings in -is whose plural is in -es: hypotheses, diagnoses, metastases.
_GREEK_PLURALS = ("theses", "gnoses", "ptoses", "yses", "stases", "crises", "oses", "axes", "bases")
# Beside short words such as toes, those whose singular ends in -oe; of others it ends in -o: volcanoes.
_SINGULAR_IN_OE = frozenset(("canoes", "horseshoes", "snowshoes", "tiptoes", "mistletoes", "throes"))
_SINGULAR_IN_S = words(
    """gas bias lens canvas atlas chaos cosmos pathos ethos physics mathematics ethics politics economics
    genetics rabies diabetes news herpes always perhaps"""
)


def singular(word: str) -> str:
    """The singular of a lower-case English word; the word itself where it has no plural ending."""
    known = _IRREGULAR.get(word)
    if known is not None:
        return known
    if len(word) < 4 or not word.endswith("s") or word in _SINGULAR_IN_S or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("oes") and len(word) > 5 and word not in _SINGULAR_IN_OE:
        return word[:-2]
    if word.endswith(_GREEK_PLURALS) and word not in ("bases", "oses", "noses", "roses", "doses"):
        return word[:-2] + "is"
    return word[:-2] if word.endswith(_SIBILANT_PLURALS) else word[:-1]
