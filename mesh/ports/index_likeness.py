"""How alike a query and passages are in meaning: the passages' vectors, kept in a file beside the index."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from mesh.ports.embeddings import Embeddings, Vectors
from mesh.ports.index import Entry, Replacement

FILE = "likeness.sqlite"
TABLE = """create table if not exists passage_vector (
    document_id text not null, id text not null, vector blob not null, primary key (document_id, id))"""


class Likeness:
    """Vectors of passages by their document and id. Without a folder they are kept in memory. Any thread may call."""

    def __init__(self, embeddings: Embeddings, folder: Path | None) -> None:
        self._embeddings = embeddings
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if folder is None else str(folder / FILE)
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._turn = Lock()
        with self._connection:
            self._connection.execute(TABLE)

    def vectors(self, change: Replacement) -> Vectors:
        """What `replace` needs of a change; it takes long, and nothing else waits for it."""
        return self._embeddings.vectors([entry.text for entry in _passages(change)])

    def replace(self, change: Replacement, vectors: Vectors) -> None:
        """The vectors follow a change of the index; a repeat leaves them as they are."""
        if "PASSAGE" not in change.kinds and not len(vectors):
            return
        rows = [
            (entry.document_id, entry.id, vector.astype("<f4").tobytes())
            for entry, vector in zip(_passages(change), vectors, strict=True)
        ]
        with self._turn, self._connection:
            if "PASSAGE" in change.kinds:
                self._remove(change)
            self._connection.executemany("insert or replace into passage_vector values (?, ?, ?)", rows)

    def _remove(self, change: Replacement) -> None:
        within = "(? = '' or document_id = ?)"
        document = (change.document_id, change.document_id)
        if not change.ids:
            self._connection.execute(f"delete from passage_vector where {within}", document)
        for id in change.ids:
            self._connection.execute(f"delete from passage_vector where {within} and id = ?", (*document, id))

    def of(self, query: str, entries: Sequence[Entry]) -> list[float]:
        """The cosine with the query, 0 to 1, for each entry; 0 where an entry has no vector or points away."""
        known = self._known([entry for entry in entries if entry.kind == "PASSAGE"])
        if not known:
            return [0.0] * len(entries)
        asked = self._embeddings.vectors([query])[0]
        cosines = {place: max(0.0, float(vector @ asked)) for place, vector in known.items()}
        return [
            cosines.get((entry.document_id, entry.id), 0.0) if entry.kind == "PASSAGE" else 0.0
            for entry in entries
        ]

    def _known(self, entries: Sequence[Entry]) -> dict[tuple[str, str], Vectors]:
        wanted = "select document_id, id, vector from passage_vector where document_id = ? and id = ?"
        with self._turn:
            rows = [
                row
                for entry in entries
                for row in self._connection.execute(wanted, (entry.document_id, entry.id))
            ]
        return {(document_id, id): np.frombuffer(vector, "<f4") for document_id, id, vector in rows}

    def close(self) -> None:
        """Frees the file."""
        with self._turn:
            self._connection.close()


def _passages(change: Replacement) -> list[Entry]:
    return [entry for entry in change.entries if entry.kind == "PASSAGE"]
