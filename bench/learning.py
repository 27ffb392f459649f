"""How well an engine teaches, scored by textbooks' own labels: `python -m bench.learning [FOLDER] [--engine NAME]`.

Takes every chapter of a folder (`NAME.pdf` with the gold labels `NAME.json`, and `score.py` beside the folder) through
the public API of a system of its own, writes what the system says in the scorer's format, and prints the scorer's
table. Without such a folder the sample chapter is taken through the same calls, and what needs labels is left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, ok, upload_and_wait

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "dev"
QUESTIONS = 50
SHOWN = (
    "concept_f1",
    "concept_precision",
    "concept_recall",
    "definition_overlap",
    "prerequisite_direction",
    "prerequisites_judged",
    "retrieval_mrr10",
    "choice_accuracy",
    "quiz_sound",
    "quiz_questions",
    "quiz_term_coverage",
)
# What is counted over all questions or edges rather than averaged over chapters: by how many of which count.
WEIGHTS = {
    "retrieval_mrr10": "retrieval_questions",
    "choice_accuracy": "choice_questions",
    "prerequisite_direction": "prerequisites_judged",
}


def predictions(client: httpx2.Client, file: Path, gold: Json) -> Json:
    """What the system says about a chapter, in the format of the scorer."""
    document = upload_and_wait(client, file.read_bytes(), file.name)["documentId"]
    asked = [question["question"] for question in gold.get("questions", [])]
    return {
        "concepts": _concepts(client, document),
        "retrieval": [{"question": q, "passages": _retrieved(client, document, q)} for q in asked],
        "choices": [_choice(client, document, question) for question in gold.get("questions", [])],
        "quiz": _quiz(client, document),
    }


def _concepts(client: httpx2.Client, document: str) -> list[Json]:
    chart = ok(client.post(f"/v1/documents/{document}/flowchart:generate", json={}))["flowchart"]
    names = {node["nodeId"]: node["name"] for node in chart["nodes"]}
    ranked = sorted(chart["nodes"], key=lambda node: -node["importance"])
    return [
        {
            "name": node["name"],
            "description": node["description"],
            "prerequisites": [names[each] for each in node["prerequisiteIds"]],
        }
        for node in ranked
    ]


def _retrieved(client: httpx2.Client, document: str, question: str) -> list[str]:
    params: dict[str, str] = {
        "query": question[:500],
        "kinds": "PASSAGE",
        "document_ids": document,
        "page_size": "10",
    }
    return [hit["text"] for hit in ok(client.get("/v1/search", params=params))["hits"]]


def _choice(client: httpx2.Client, document: str, question: Json) -> Json:
    body = {"question": question["question"], "options": question["options"], "documentIds": [document]}
    chosen = ok(client.post("/v1/answers:choose", json=body))
    return {"question": question["question"], "answer": chosen["optionIndex"]}


def _quiz(client: httpx2.Client, document: str) -> list[Json]:
    """The questions with their keys, which the system shows when an attempt is submitted."""
    body = {"documentId": document, "questionCount": QUESTIONS, "kinds": ["SINGLE_CHOICE"]}
    quiz = ok(client.post("/v1/quizzes:generate", json=body))["quiz"]
    attempt = ok(client.post(f"/v1/quizzes/{quiz['quizId']}/attempts", json={}))["attempt"]["attemptId"]
    results = ok(client.post(f"/v1/attempts/{attempt}:submit", json={}))["attempt"]["results"]
    rows = []
    for question, result in zip(quiz["questions"], results, strict=True):
        ids = [option["optionId"] for option in question["options"]]
        rows.append(
            {
                "question": question["stem"],
                "options": [option["text"] for option in question["options"]],
                "answer": ids.index(result["key"]["optionIds"][0]),
                "quote": result["citations"][0]["quote"],
            }
        )
    return rows


def score(gold: Path, predicted: Json, folder: Path) -> Json:
    """The scorer's figures for one chapter."""
    target = folder / f"{gold.stem}.predictions.json"
    target.write_text(json.dumps(predicted, ensure_ascii=False))
    command = [sys.executable, str(gold.parents[1] / "score.py"), str(gold), str(target), "--json"]
    figures: Json = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return figures


def table(rows: dict[str, Json]) -> str:
    """One line a measure: a column for each chapter, and what they come to together."""
    names = [name[:14] for name in rows]
    lines = [f"{'':<24}" + "".join(f"{name:>16}" for name in names) + f"{'together':>12}"]
    for measure in SHOWN:
        values = [row.get(measure) for row in rows.values()]
        cells = "".join(f"{'-' if value is None else format(value, '.3f'):>16}" for value in values)
        lines.append(f"{measure:<24}{cells}{together(rows, measure):>12.3f}")
    return "\n".join(lines)


def together(rows: dict[str, Json], measure: str) -> float:
    """The mean over the chapters that have labels for it, weighted where every question or edge counts the same."""
    weight = WEIGHTS.get(measure)
    values = [(row[measure], row[weight] if weight else 1) for row in rows.values() if measure in row]
    total = sum(count for _, count in values)
    return sum(value * count for value, count in values) / total if total else float("nan")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS)
    parser.add_argument(
        "--engine", default="extractive", help="as MOOTION_ENGINE; keys come from the environment"
    )
    parser.add_argument("--keep", type=Path, help="folder to keep the predictions in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as scratch:
        keep = options.keep or Path(scratch)
        keep.mkdir(parents=True, exist_ok=True)
        passed = {
            name.removeprefix("MOOTION_").lower(): v
            for name, v in os.environ.items()
            if name.startswith("MOOTION_OPENAI")
        }
        system = local.start(Path(scratch) / "system", engine=options.engine, **passed)
        try:
            with system.client() as client:
                _run(client, options.folder, keep)
        finally:
            system.stop()


def _run(client: httpx2.Client, folder: Path, keep: Path) -> None:
    chapters = sorted(folder.glob("*.pdf")) if folder.is_dir() else []
    if not chapters:
        print(f"{folder} has no chapters with labels: the sample chapter is taken through the same calls.")
        made = predictions(client, SAMPLE, {})
        counts: dict[str, Any] = {name: len(part) for name, part in made.items()}
        print(json.dumps(counts))
        return
    rows: dict[str, Json] = {}
    for file in chapters:
        gold = file.with_suffix(".json")
        rows[file.stem] = score(gold, predictions(client, file, json.loads(gold.read_text())), keep)
    print(table(rows))
    print(f"mean concept F1 {statistics.mean(row['concept_f1'] for row in rows.values()):.3f}")


if __name__ == "__main__":
    main()
