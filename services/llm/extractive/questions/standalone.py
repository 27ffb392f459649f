"""Which sentences make sense when they stand alone, as a question or an option must."""

import re
from collections.abc import Sequence
from itertools import takewhile

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.closed_classes import words
from services.llm.extractive.questions.verbs import finite_verb, is_verb
from services.llm.extractive.sentences import SentenceKind

MOST_WORDS = 45
FEWEST_WORDS = 6

_CONNECTIVE = re.compile(
    r"^(?:(?:however|thus|therefore|hence|moreover|furthermore|in addition|additionally|"
    r"consequently|as a result|accordingly|indeed|in fact|of course|again|finally|for this reason|"
    r"in other words|that is|in short|in general|generally|typically|usually|in contrast|by contrast|on the other hand|"
    r"nevertheless|nonetheless|first|second|third|next|clearly|naturally|overall|"
    r"in particular|specifically|more specifically|correspondingly|incidentally|as a rule|in summary|in conclusion|"
    r"importantly|put simply|simply put|interestingly|fortunately|unfortunately|essentially|basically|now|today"
    r"|currently|"
    r"as you (?:know|learned|have learned)|as we (?:have seen|saw|know)|for example|for instance|meanwhile),\s*|"
    r"(?:thus|therefore|hence|and|notice that|note that|recall that|remember that|we (?:say|know|find|see) that|"
    r"it (?:is|follows) (?:important to (?:note|realize|remember) |clear )?that),?\s+)+",
    re.IGNORECASE,
)
_DANGLING_START = re.compile(
    r"^(?:this|these|that|those|it|its|they|their|theirs|them|he|she|his|her|him|such|either|neither|"
    r"another|other|others|ones|the former|the latter|the same|the other|the others|the above|the following|"
    r"the two|the three|the four|the next|the last|the previous|here|all of (?:this|these|them)|none|"
    r"many of (?:these|them)|most of (?:these|them)|like (?:this|these|all|other)|because (?:it|they|this|these"
    r"|of this)|"
    r"what|which|who|as mentioned|as noted|as discussed|just as|of these|among these|in this|in these|in that|in such|"
    r"for these|to do so|(?:at|by|with|from|after|during|under|through|on|within|among) (?:this|these|that|those|such)|"
    r"instead|also|likewise|similarly|conversely|on the contrary|then|still|so|but|yet|or|nor|students? (?:will"
    r"|should|can)|"
    r"the students?|you|we|i|your|our|do the|not only|doing so|in so doing|in doing so|above|below|located)\b",
    re.IGNORECASE,
)
# Openings that make weak questions: they seldom need what stands before, but often speak of cases.
_VAGUE_START = re.compile(
    r"^(?:both|each|one|some|the first|the second|the third|there|two|three|four|five|when you|if you|for example|"
    r"for instance|surely|perhaps|maybe|probably|certainly|oftentimes|in both|for each|"
    r"to [a-z]+ [^,]+, [a-z]+ (?:the|an?|each|every|\d))\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:this|these|aforementioned|the former|the latter|as (?:mentioned|described|discussed|noted|seen|shown|"
    r"explained|stated)(?: (?:above|below|earlier|previously|before|in))?|see (?:also |the )?(?:figure|table|section|"
    r"chapter|page|above|below)|shown (?:in|above|below|here)|(?:figures?|tables?|chapters?|sections?|equations?|"
    r"examples?|exercises?|appendix|page|box|panel|eq|fig)\.? ?\(?\d[\d.]*\)?|the (?:following|preceding|previous"
    r"|above|next|"
    r"last|figure|table|chapter|diagram|graph above|graph below|illustration|photograph|section|reader|author|authors|"
    r"example|example above|exercise)|(?:your|the) (?:instructor|teacher|class)|(?:this|the) (?:chapter|section"
    r"|book|text|course|module|unit)|website|web site|"
    r"click|video|simulation|earlier in|later in|in later chapters|learned|(?:discussed|introduced|noted|seen"
    r"|presented|covered|considered) (?:earlier|later|above|below|previously)|"
    r"described (?:earlier|later|above|below|previously|here)|mentioned|aforesaid|respectively|likewise|"
    r"the (?:\w+ )?(?:column|row)|the (?:graph|chart|plot|picture|image|photo|list|survey|map)|in another|the others?|"
    r"above(?! (?:the|an?|its|it|all|zero|ground|sea|average|normal|them|each|\d))|is why|listed (?:above|below)"
    r"|given above|given below|that follows?|to follow|follows(?=\.)|such an?|here|"
    r"(?:we|you) (?:will|shall|are going to) (?:now )?(?:learn|see|find|discover|study|look)|suppose)\b",
    re.IGNORECASE,
)
_ADDRESSING = re.compile(
    r"\b(?:you|your|yours|yourself|we|our|ours|us|ourselves|let['’]s|i|my|me|i['’]m|we['’]ll|we['’]re|you['’]d|you['’]re|"
    r"you['’]ve|you['’]ll|we['’]ve)\b",
    re.IGNORECASE,
)
# Formulas and codes that no question can show as they stand in running text.
_SYMBOLS = re.compile(
    r"[∪∩{}<>^_\\→⇄⇌√∑∫≤≥≠×]|\(\d+\)/\(|[A-Z](?:AND|OR|GIVEN)[A-Z]|\s[+*/]\s|\.\.\.|…|\bhttp|www\.|@|=[^=]*="
)
# Light notation, such as `P(A)`: readable, but no good matter for a question.
_NOTATION = re.compile(r"[=|′]|\b[A-Z]\(")
_ARTEFACT = re.compile(
    r"\(\s*[,;.]?\s*\)|\s,|\s\.|,,|\.\.|\b(?:in|of|by|see|and|to|with|from|at)\s*[,.;)]|\b(?:in|and|see) and\b|"
    r"\bin (?:can|is|are|below|above)\b|�|[a-z]{3,}[A-Z][a-z]"
)
_VARIABLE = re.compile(
    r"(?<![\w’'-])[B-HJ-Zb-hj-z](?![\w’'-])|(?<!^)(?<![\w’'.-] )(?<![\w’'-])A(?= (?:and|or|is|given|AND|OR)\b)"
)
_EXAMPLE_OPENING = re.compile(
    r"^(?:suppose|imagine|consider|assume|let|picture|think of|say|take|pretend|recall the|return to|try|"
    r"for example, (?:if|suppose|consider|imagine|let|say|take|in)|for instance, (?:if|suppose|consider|imagine)|"
    r"as an example|an example|the data are|a student|a researcher|a study|in one study|once upon)\b",
    re.IGNORECASE,
)
_EXAMPLE_SECTION = re.compile(
    r"\b(?:try it|example|exercise|practice|homework|problem|solution|activity|lab|quiz|review|questions?|objectives?|"
    r"outcomes|summary|references?|bibliography|glossary|key terms|key equations|further reading|suggested|footnotes?|"
    r"notes?|connections?|think like|write like|read like|check your|media|link to|acknowledg\w+|index|contents|"
    r"answers?|introduction to the chapter|careers?|interactive)\b",
    re.IGNORECASE,
)


# A name and a relative clause, and nothing said of it.
_WITHOUT_MAIN_CLAUSE = re.compile(r"^[^,]+, (?:which|who|whose|where) [^,]*\.$")
_TASK = re.compile(
    r"\b(?:record|write down|calculate|compute|sketch|fill in|construct|determine|identify) (?:the|your|each|its) [^.]*"
    r"\b(?:values?|answers?|table|column|graph|percent|names?)\b",
    re.IGNORECASE,
)
_OPENING_PRONOUNS = words("their its it they them his her he she him")


def without_connective(text: str) -> str:
    """`text` without words at its start that only join it to the sentence before, such as However."""
    stripped = _CONNECTIVE.sub("", text)
    return stripped if stripped else text


def points_elsewhere(text: str) -> bool:
    """Whether `text` leans on something outside itself: a sentence before, a figure, a table, a place in the text."""
    return bool(_DANGLING_START.match(text)) or points_within(text)


def points_within(text: str) -> bool:
    """Whether `text` names a figure, a table or the text itself anywhere, or a reference is missing in it."""
    return bool(_POINTING.search(text) or _ARTEFACT.search(text))


def is_weak(text: str) -> bool:
    """Whether `text` addresses the reader, opens vaguely or uses notation or single letters as names."""
    patterns = (_ADDRESSING, _VARIABLE, _NOTATION)
    return bool(_VAGUE_START.match(text)) or any(pattern.search(text) for pattern in patterns)


def has_symbols(text: str) -> bool:
    """Whether `text` holds formulas or marks of a computer's notation."""
    return bool(_SYMBOLS.search(text) or _NOTATION.search(text))


def has_code(text: str) -> bool:
    """Whether `text` holds symbols beyond a light notation such as `P(A) = 0`."""
    return bool(_SYMBOLS.search(text))


def is_example_section(path: Sequence[str]) -> bool:
    """Whether a section holds exercises, objectives, references and the like instead of teaching."""
    return bool(path) and bool(_EXAMPLE_SECTION.search(path[-1]))


def stands_alone(sentence: Sentence) -> bool:
    """Whether a statement can be read without its neighbours and shown on its own.

    A word that joins it to the sentence before is not counted against it, because it can be left out.
    """
    if sentence.kind not in (SentenceKind.STATEMENT, SentenceKind.LIST_ITEM) or sentence.is_objective:
        return False
    words = sum(token.is_word or token.tag == "NUM" for token in sentence.tokens)
    if not FEWEST_WORDS <= words <= MOST_WORDS or not sentence.text.endswith((".", ".”", '."')):
        return False
    text = without_connective(sentence.text)
    if _WITHOUT_MAIN_CLAUSE.match(text) or _TASK.search(text):
        return False
    if not (text[:1].isalnum() or text[:1] in '“"'):
        return False
    return not (points_elsewhere(text) or has_code(text) or unbalanced(text))


def speaks_of_one_before(analysis: Analysis, sentence: Sentence) -> bool:
    """Whether a sentence means by its opening words something that the sentences before named.

    So it is with `the` and a single noun named shortly before, and with a pronoun before the verb.
    """
    tokens = sentence.tokens
    opening = takewhile(
        lambda pair: pair[0] < 4 or pair[1].tag not in ("AUX", "VERB", "CONJ", "MARK"), enumerate(tokens)
    )
    if any(token.lower in _OPENING_PRONOUNS for _, token in opening):
        return True
    if len(tokens) < 3 or tokens[0].lower != "the" or finite_verb(tokens, 2, analysis.language.zipf) is None:
        return False
    before = analysis.sentences[max(0, sentence.index - 6) : sentence.index]
    section = analysis.section_of[sentence.passage]
    return any(analysis.section_of[s.passage] == section and tokens[1].stem in s.stems for s in before)


def is_instruction(analysis: Analysis, sentence: Sentence) -> bool:
    """Whether a sentence tells the reader to do something: it opens with a bare verb or Using and an object."""
    tokens = sentence.tokens
    if (
        tokens[0].tag == "ADV"
        and tokens[0].lower.endswith("ly")
        and len(tokens) > 3
        and tokens[2].tag == "DET"
    ):
        return is_verb(tokens[1].lower, analysis.language.zipf)
    if len(tokens) < 2 or tokens[1].tag not in ("DET", "PRON", "NUM", "ADP"):
        return tokens[0].lower in ("using", "given", "note", "see", "identify", "compare")
    opens = tokens[0].lower
    takes_object = tokens[1].tag != "ADP" or opens in ("look", "refer", "return", "arrow", "press")
    return takes_object and (
        opens == "using"
        or is_verb(opens, analysis.language.zipf)
        or is_verb(opens.rstrip("s"), analysis.language.zipf)
    )


def unbalanced(text: str) -> bool:
    """Whether a bracket or a quotation mark is opened and not closed, or closed and not opened."""
    pairs = (("(", ")"), ("[", "]"), ("“", "”"))
    return any(text.count(a) != text.count(b) for a, b in pairs) or text.count('"') % 2 == 1


def opens_case_with_if(sentence: Sentence) -> bool:
    """Whether a sentence puts a case and says in the same breath what follows from it."""
    return bool(
        re.match(r"(?:for (?:example|instance), )?if you\b[^.]*, [^.]+\.$", sentence.text, re.IGNORECASE)
    )


def sentences_of_examples(analysis: Analysis) -> frozenset[int]:
    """Sentences that belong to a made-up case: from its opening to the end of its paragraph, or a section of cases."""
    inside: set[int] = set()
    for position, passage in enumerate(analysis.passages):
        if is_example_section(tuple(passage.section_path)):
            inside.update(sentence.index for sentence in analysis.sentences_of(position))
            continue
        case_line = -1
        for sentence in analysis.sentences_of(position):
            line = passage.text.count("\n", 0, sentence.start)
            if _EXAMPLE_OPENING.match(without_connective(sentence.text)) or _EXAMPLE_OPENING.match(
                sentence.text
            ):
                case_line = line
            if line == case_line:
                inside.add(sentence.index)
    return frozenset(inside)
