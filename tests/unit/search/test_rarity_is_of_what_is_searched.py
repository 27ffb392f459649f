"""How rare a word is, the entries that a query searches say: not other owners', other documents' or other kinds'."""

from collections.abc import Sequence

from mesh.ports.index import Entry, IndexQuery, Replacement
from mesh.ports.index_tantivy import TantivyIndex

# Among these, "kupfer" is in one and "zink" in four; elsewhere it is the other way round.
MINE = ("kupfer wasser", *(f"zink wasser{n}" for n in range(4)), "luft wasser", "erde wasser")
OTHERS = ("zink feuer", *(f"kupfer feuer{n}" for n in range(40)))


def entries(texts: Sequence[str], owner: str, document: str, kind: str = "PASSAGE") -> list[Entry]:
    return [
        Entry(kind, f"{document}{kind}{n}", owner, document, f"Title {n}", text, sequence=10 * n)
        for n, text in enumerate(texts)
    ]


async def found(query: IndexQuery, *documents: list[Entry]) -> list[tuple[str, float]]:
    index = TantivyIndex(None)
    for group in documents:
        await index.replace(Replacement([group[0].kind], group[0].document_id, entries=group))
    result = await index.search(query)
    await index.close()
    return [(hit.entry.id, round(hit.score, 4)) for hit in result.hits]


async def test_another_document_does_not_change_the_scores_within_one() -> None:
    mine = entries(MINE, "me", "a")
    query = IndexQuery("me", "kupfer zink", document_ids=["a"])
    alone = await found(query, mine)
    assert alone[0][0] == "aPASSAGE0"
    assert await found(query, mine, entries(OTHERS, "me", "b")) == alone


async def test_another_owner_does_not_change_the_scores() -> None:
    mine = entries(MINE, "me", "a")
    query = IndexQuery("me", "kupfer zink")
    assert await found(query, mine, entries(OTHERS, "you", "b")) == await found(query, mine)


async def test_another_owner_does_not_change_the_scores_of_a_phrase() -> None:
    mine = entries(MINE, "me", "a")
    query = IndexQuery("me", '"kupfer wasser" zink')
    assert await found(query, mine, entries(OTHERS, "you", "b")) == await found(query, mine) != []


async def test_another_kind_does_not_change_the_scores_within_one() -> None:
    mine = entries(MINE, "me", "a")
    query = IndexQuery("me", "kupfer zink", kinds=["PASSAGE"])
    assert await found(query, mine, entries(OTHERS, "me", "b", "ATOM")) == await found(query, mine)


async def test_asking_for_the_only_kind_there_is_changes_no_score() -> None:
    mine = entries(MINE, "me", "a")
    narrowed = await found(IndexQuery("me", "kupfer zink", kinds=["PASSAGE"]), mine)
    assert narrowed == await found(IndexQuery("me", "kupfer zink"), mine)
