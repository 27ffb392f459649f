"""How English sentences define: the patterns that find a term and its meaning, and those that tell a false friend."""

import re

COPULA = (
    r"(?P<copula>is|are|was|were|means|mean|refers to|refer to|denotes|describes|is defined as|are defined as"
    r"|can be defined as|may be defined as)"
)
LEAD = r"(?:(?:in|for|by|within|among|to) [^,;:.()]{2,50}, )?"
SUBJECT_IS = re.compile(
    rf"^{LEAD}(?:the (?:term|word|phrase) )?(?P<det>an?|the|any)?\s*[“\"]?(?P<term>[^,;:().“”\"]{{2,70}}?)[”\"]?"
    rf"(?P<aside>\s*\([^()]{{1,60}}\)|, (?:or|also|sometimes|often|usually|commonly"
    rf"|which)? ?[^,;.()]{{2,70}}(?:, [^,;.()]{{2,40}})?,)?"
    rf"(?:,? (?:then|therefore|in turn|by definition|simply|in short|however),?)?\s+{COPULA}\s+(?:simply "
    rf"|essentially |basically |just |also )?(?P<meaning>.+)$",
    re.IGNORECASE,
)
IS_CALLED = re.compile(
    r"^(?P<meaning>(?:an?|the|any|one|all|those|[a-z]+s)\b.{8,220}?),? (?:is|are) (?:(?:often|also|usually"
    r"|sometimes|commonly|therefore|thus|then) )*"
    r"(?:called|known as|termed|referred to as) (?:an?|the)?\s*[“\"]?(?P<term>[^,;:().—“”\"]{2,60}?)"
    r"[”\"]?(?P<rest>(?:[,;:(—.]| because| since| and (?:is|are|it|they)| if | when | or ).*)?$",
    re.IGNORECASE,
)
APPOSITIVE = re.compile(
    r"^(?:,| ?—|\s–) ?(?P<meaning>(?:an?|the|which (?:is|are)|or|those) [^—;:()]{12,200}?)(?:[,;—.]|$)",
    re.IGNORECASE,
)
DEFINE_AS = re.compile(
    r"\b(?:define|think of|describe) (?P<det>an?|the)?\s*(?P<term>[^,;:.()]{2,50}?) as (?P<meaning>.+)$",
    re.IGNORECASE,
)
LABEL = re.compile(
    r"^[“\"]?(?P<term>[^,;:().“”\"]{2,60}?)[”\"]?(?:\s*\([^()]{1,40}\))?(?::| ?—| –)\s*(?P<meaning>(?:an?|the|any"
    r"|those|when)\b.+)$",
    re.IGNORECASE,
)
THAT_IS = re.compile(
    r"^(?P<meaning>(?:an?|any|all) .{3,160}? (?:that|which|who|whose|with|in which|made"
    r"|composed) .{4,160}?) is (?:an?|the)?\s*(?P<term>[^,;:().]{2,50})$",
    re.IGNORECASE,
)

NOT_A_KIND = re.compile(
    r"^the (?:greater|more|less|higher|lower|fewer|larger|longer|smaller|faster|better|easiest|hardest)\b"
    r"|^(?:(?:an?|the|one of the|some of the|among the)\s+)?(?:(?:very|most|more|less|least|only|main|major"
    r"|primary|chief|key|best|"
    r"first|second|third|last|same|other|common|important|essential|critical|crucial|vital|central|familiar|good|bad|great|"
    r"typical|simple|classic|perfect|natural|useful|obvious|prime|well-known|interesting|notable|significant)\b\s*)+"
    r"(?!of the)|^(?:an?|the|one|another)\s+(?:(?:[a-z-]+)\s+)?(?:example|instance|illustration|result|reason|case"
    r"|problem|number|lot|"
    r"part|matter|way to|good|bad|topic|subject|question|focus|point|issue|concern|step)s?\b|^(?:one|some|many|most"
    r"|several|all|not|no|only|"
    r"also|called|known|able|likely|as|like|much|both|either|neither|there|often|usually|never|always|found|made|used|"
    r"based|such|similar|so|too|more|less|about|for|to|of|in|on|at|by|from|with|what|how|why|where|that|"
    r"when|because|if|it|they|he|she|this|these|those of)\b(?! (?:kind|type|form|of several|of many) )",
    re.IGNORECASE,
)
GENUS_START = re.compile(
    r"^(?:an?|the|any|one of|those|anything|something|someone|people|when)\s+\S", re.IGNORECASE
)
BAD_IN_TERM = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|that|which|who|whose|this|these|those|it|its|they|their|there|what|why|how|"
    r"you|we|your|our|one|each|every|all|some|many|most|such|both|if|when|because|but|not|can|will|would|may|might|"
    r"example|kind|type|way|result|reason|goal|purpose|answer|difference|number of|part of|first|second|third"
    r"|another|other)\b",
    re.IGNORECASE,
)
TAIL = re.compile(
    r"\s*(?:;.*|\s?—.*|\s–\s.*|:\s.*|,? (?:such as|including|for example|for instance|e\.g\.|i\.e\.|namely"
    r"|in other words)\b.*"
    r"|, (?:that is|meaning|called|known as|commonly|also called|also known as|hence|thus|but|so|while|whereas"
    r"|although|though|"
    r"because|since|as|not|usually|often|typically|generally|normally|depending|especially|particularly|in contrast"
    r"|unlike|"
    r"in this case|where|who|whom|with the|like)\b.*|, which (?:is|are|was|were|means|has|have|can|makes|allows"
    r"|also|then|may|will)\b.*"
    r"|,? and (?:it|they|he|she|this|these|is|are|was|were|has|have|can|may|will|does|do|must|often|usually|also"
    r"|thus|therefore|so)\b.*"
    r"|,? (?:because|since|although|whereas|even though)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
POSSESSOR = re.compile(
    r"^(?:(?:an?|the|any|each)\s+)?(?P<owner>[\w-]+(?: [\w-]+)?)['’]s? (?P<owned>.+)$", re.IGNORECASE
)
IN_NAMES = frozenset(("NOUN", "ADJ", "ING", "ED"))
PARTIAL = frozenset(
    [
        "other",
        "some",
        "many",
        "most",
        "several",
        "two",
        "three",
        "four",
        "both",
        "these",
        "those",
        "such",
        "few",
        "all",
    ]
)
CLAUSE = re.compile(
    r"(?:the|an?) (?:(?!that|which|who|when|where)[^,])*?\b(?:is|are|was|were|has|have|can|will|do|does|may|would)\b"
)
OPENING_PREPOSITION = re.compile(
    r"(?:in|for|as|when|if|like|unlike|with|during|after|by|because|to|at|on|from|among|although|while|since)\b",
    re.IGNORECASE,
)
FINITE = frozenset(("AUX", "VERB"))
RELATIVE = frozenset(["that", "which", "who", "whose", "whom", "when", "where", "whereby"])
