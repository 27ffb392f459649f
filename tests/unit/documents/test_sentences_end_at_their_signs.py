"""Where sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.documents.sentences import sentence_ends


def sentences(text: str) -> list[str]:
    begin, found = 0, []
    for end in sentence_ends(text):
        found.append(text[begin:end].strip())
        begin = end
    return found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Cells live. They also die! Do they? Yes.", 4),
        ("Cells, e.g. those of Dr. Smith in Fig. 3, live. They die.", 2),
        ("It is 3.5 mm long. That is much.", 2),
        ("He said: “Cells live.” Then he left.", 2),
        ("細胞は小さい。とても小さい。", 2),
        ("no capital after this. so it is one", 1),
        ("J. S. Bach wrote it.", 1),
    ],
)
def test_sentences_are_counted(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@given(st.text("aB. !?”(1", min_size=1))
def test_ends_grow_and_reach_the_texts_end(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends))
    assert ends[-1] == len(text)
