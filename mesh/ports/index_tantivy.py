"""The embedded index: tantivy in a folder, or in memory where no folder is given."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tantivy

from mesh.ports.index import Entry, IndexHit, IndexQuery, IndexResult, Replacement
from mesh.ports.index_failures import typed_index_errors
from mesh.ports.index_ranking import WINDOW, Scored, rerank
from mesh.ports.index_rarity import Rarity
from mesh.ports.index_words import Words, corrected_words, parse_words, weight

if TYPE_CHECKING:
    from mesh.ports.index_likeness import Likeness

STEMMED = "stemmed_english"
PLAIN = "plain"
WRITER_HEAP_BYTES = 32_000_000
# How much a match counts by the field it is in: chosen by retrieval on chapters with known answers.
BOOSTS = {"title": 0.5, "section": 0.3, "text": 1.0}
HIGHLIGHT_CHARACTERS = 220
MOST_COUNTED = 1000
KINDS = {"by_kind": {"terms": {"field": "kind", "size": 20}}}


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("kind", "id", "owner_id", "document_id"):
        builder.add_text_field(
            name, stored=True, fast=name == "kind", tokenizer_name="raw", index_option="basic"
        )
    for name in BOOSTS:
        builder.add_text_field(name, stored=True, tokenizer_name=STEMMED)
    builder.add_text_field("words", tokenizer_name=PLAIN, index_option="basic")
    builder.add_text_field("whole_title", tokenizer_name="raw", index_option="basic")
    for name in ("page", "created_us", "sequence"):
        builder.add_integer_field(name, stored=True, indexed=True, fast=True)
    return builder.build()


def _analyzers() -> dict[str, tantivy.TextAnalyzer]:
    plain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    plain = plain.filter(tantivy.Filter.remove_long(60)).filter(tantivy.Filter.lowercase())
    plain = plain.filter(tantivy.Filter.ascii_fold())
    stemmed = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    stemmed = stemmed.filter(tantivy.Filter.remove_long(60)).filter(tantivy.Filter.lowercase())
    stemmed = stemmed.filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.stemmer("english"))
    return {PLAIN: plain.build(), STEMMED: stemmed.build()}


class TantivyIndex:
    """One writer and any number of readers in one process. Work runs in threads; tantivy frees the interpreter.

    With `likeness` the best passages are ranked by their meaning too; the index closes it.
    """

    def __init__(self, folder: Path | None, likeness: "Likeness | None" = None) -> None:
        self._likeness = likeness
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=None if folder is None else str(folder))
        self._analyzers = _analyzers()
        for name, analyzer in self._analyzers.items():
            self._index.register_tokenizer(name, analyzer)
        self._index.config_reader("manual")
        self._index.reload()
        self._writer: tantivy.IndexWriter | None = None
        self._writing = threading.Lock()

    async def replace(self, change: Replacement) -> None:
        await asyncio.to_thread(self._replace, change)

    async def search(self, query: IndexQuery) -> IndexResult:
        return await asyncio.to_thread(self._search, query)

    async def suggest(self, owner_id: str, prefix: str, limit: int) -> Sequence[str]:
        return await asyncio.to_thread(self._suggest, owner_id, prefix, limit)

    async def owners(self) -> Sequence[str]:
        return await asyncio.to_thread(self._values, "owner_id", tantivy.Query.all_query())

    async def documents(self, owner_id: str) -> Sequence[str]:
        return await asyncio.to_thread(self._values, "document_id", self._any("owner_id", [owner_id]))

    async def entries(self, owner_id: str, document_id: str) -> Sequence[Entry]:
        return await asyncio.to_thread(self._entries, owner_id, document_id)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._writing:
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None
        if self._likeness is not None:
            self._likeness.close()

    def _replace(self, change: Replacement) -> None:
        if self._likeness is None:
            with self._writing:
                self._write(change)
            return
        vectors = self._likeness.vectors(change)
        # Vectors follow in the order of the changes: a document that is deleted meanwhile leaves none.
        with self._writing:
            self._write(change)
            self._likeness.replace(change, vectors)

    def _write(self, change: Replacement) -> None:
        with typed_index_errors():
            try:
                if self._writer is None:
                    self._writer = self._index.writer(heap_size=WRITER_HEAP_BYTES, num_threads=1)
                self._writer.delete_documents_by_query(self._leaving(change))
                for entry in change.entries:
                    self._writer.add_document(_document(entry))
                self._writer.commit()
                self._index.reload()
            except BaseException:
                # What it has not committed goes with it. One that failed may not even roll back, or may wait for ever.
                self._writer = None
                raise

    def _leaving(self, change: Replacement) -> tantivy.Query:
        parts = [self._any("kind", change.kinds)]
        if change.document_id:
            parts.append(self._any("document_id", [change.document_id]))
        if change.ids:
            parts.append(self._any("id", change.ids))
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in parts])

    def _search(self, query: IndexQuery) -> IndexResult:
        searcher, words = self._index.searcher(), parse_words(query.words)
        words, corrected = corrected_words(
            words, lambda word: self._spellings(searcher, query.owner_id, word)
        )
        within = self._within(query)
        kinds = _unscored([self._any("kind", query.kinds)] if query.kinds else [])
        rarity = Rarity(searcher, self._schema, _all_of([*within, *kinds]))
        wanted = self._wanted(words, query.minimum_match_percent, rarity)
        everything = _all_of([wanted, *within])
        narrowed = _all_of([everything, *kinds])
        result = searcher.search(narrowed, limit=max(WINDOW, query.offset + query.limit))
        found = [(score, _entry(searcher.doc(address))) for score, address in result.hits]
        ranked = rerank(query.words, found, self._alike(query.words, found))
        shown = ranked[query.offset : query.offset + query.limit]
        hits = [IndexHit(entry, score, self._highlights(searcher, wanted, entry)) for score, entry in shown]
        counts = searcher.aggregate(everything, KINDS)["by_kind"]["buckets"]
        by_kind = {bucket["key"]: min(MOST_COUNTED, bucket["doc_count"]) for bucket in counts}
        total = int(result.count)  # type: ignore[attr-defined]
        return IndexResult(hits, min(MOST_COUNTED, total), by_kind, corrected)

    def _alike(self, words: str, found: Sequence[Scored]) -> Sequence[float] | None:
        if self._likeness is None:
            return None
        return self._likeness.of(words, [entry for _score, entry in found[:WINDOW]])

    def _within(self, query: IndexQuery) -> list[tantivy.Query]:
        parts = [self._any("owner_id", [query.owner_id])]
        if query.document_ids:
            parts.append(self._any("document_id", query.document_ids))
        if query.created_after_us:
            parts.append(
                tantivy.Query.range_query(
                    self._schema,
                    "created_us",
                    tantivy.FieldType.Integer,
                    lower_bound=query.created_after_us,
                    include_lower=False,
                )
            )
        return _unscored(parts)

    def _wanted(self, words: Words, percent: int, rarity: Rarity) -> tantivy.Query:
        """Every phrase must be there, and of the words that share, at least one: more and rarer ones score higher."""
        parts = [(tantivy.Occur.Must, self._phrase(phrase, rarity)) for phrase in words.phrases]
        found = [self._word(word, rarity) for word in words.single]
        occur = tantivy.Occur.Should if words.phrases else tantivy.Occur.Must
        if found:
            least = max(1, -(-len(found) * percent // 100))
            either = tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in found], least)
            parts.append((occur, either))
        return tantivy.Query.boolean_query(parts) if parts else tantivy.Query.empty_query()

    def _phrase(self, phrase: str, rarity: Rarity) -> tantivy.Query:
        stems = self._analyzers[STEMMED].analyze(phrase)
        if not stems:
            return tantivy.Query.empty_query()
        if len(stems) == 1:
            return self._word(phrase, rarity)
        fields = [
            tantivy.Query.boost_query(
                tantivy.Query.phrase_query(self._schema, name, list(stems)),
                boost * rarity.factor(name, stems),
            )
            for name, boost in BOOSTS.items()
        ]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in fields])

    def _word(self, word: str, rarity: Rarity) -> tantivy.Query:
        queries = [
            tantivy.Query.boost_query(
                tantivy.Query.term_query(self._schema, name, stem, index_option="freq"),
                boost * weight(word) * rarity.factor(name, [stem]),
            )
            for stem in self._analyzers[STEMMED].analyze(word)
            for name, boost in BOOSTS.items()
        ]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])

    def _spellings(
        self, searcher: tantivy.Searcher, owner_id: str, word: str
    ) -> list[tuple[str, int]] | None:
        """None where the word is known; else the owner's words that begin alike, with how often each occurs."""
        for stem in self._analyzers[STEMMED].analyze(word):
            if any(searcher.doc_freq(name, stem) for name in BOOSTS):
                return None
        plain = "".join(self._analyzers[PLAIN].analyze(word))
        mine = self._any("owner_id", [owner_id])
        return searcher.terms_with_prefix("words", plain[:1], filter_query=mine)

    def _highlights(self, searcher: tantivy.Searcher, wanted: tantivy.Query, entry: Entry) -> list[str]:
        generator = tantivy.SnippetGenerator.create(searcher, wanted, self._schema, "text")
        generator.set_max_num_chars(HIGHLIGHT_CHARACTERS)
        marked = generator.snippet_from_doc(tantivy.Document(text=entry.text)).to_html()
        return [marked.replace("<b>", "<em>").replace("</b>", "</em>")] if "<b>" in marked else []

    def _suggest(self, owner_id: str, prefix: str, limit: int) -> Sequence[str]:
        searcher, mine = self._index.searcher(), self._any("owner_id", [owner_id])
        folded = " ".join(prefix.casefold().split())
        found = searcher.terms_with_prefix("whole_title", folded, filter_query=mine, limit=200)
        ranked = sorted(found, key=lambda term: (-term[1], len(term[0]), term[0]))
        return [text for text, _count in ranked[:limit]]

    def _values(self, field: str, within: tantivy.Query) -> Sequence[str]:
        found = self._index.searcher().terms_with_prefix(field, "", filter_query=within)
        return sorted(value for value, count in found if count)

    def _entries(self, owner_id: str, document_id: str) -> Sequence[Entry]:
        searcher = self._index.searcher()
        query = _all_of([self._any("owner_id", [owner_id]), self._any("document_id", [document_id])])
        found = searcher.search(query, limit=max(1, searcher.num_docs))
        return [_entry(searcher.doc(address)) for _score, address in found.hits]

    def _any(self, name: str, values: Sequence[str]) -> tantivy.Query:
        if len(values) == 1:
            return tantivy.Query.term_query(self._schema, name, values[0], index_option="basic")
        return tantivy.Query.term_set_query(self._schema, name, list(values))


def _unscored(queries: Sequence[tantivy.Query]) -> list[tantivy.Query]:
    return [tantivy.Query.const_score_query(query, 0.0) for query in queries]


def _all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])


def _document(entry: Entry) -> tantivy.Document:
    fields: dict[str, Any] = {
        "kind": entry.kind,
        "id": entry.id,
        "owner_id": entry.owner_id,
        "document_id": entry.document_id,
        "title": entry.title,
        "section": entry.section,
        "text": entry.text,
        "words": f"{entry.title}\n{entry.text}",
        "page": entry.page,
        "created_us": entry.created_us,
        "sequence": entry.sequence,
    }
    if entry.kind != "PASSAGE" and len(entry.title) <= 100:
        fields["whole_title"] = " ".join(entry.title.casefold().split())
    return tantivy.Document(**fields)


def _entry(document: tantivy.Document) -> Entry:
    text: dict[str, Any] = {
        name: document.get_first(name) or ""
        for name in ("kind", "id", "owner_id", "document_id", "title", "section", "text")
    }
    numbers: dict[str, Any] = {
        name: document.get_first(name) or 0 for name in ("page", "created_us", "sequence")
    }
    return Entry(**text, **numbers)
