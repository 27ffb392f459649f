"""Document text and passages against pypdf and against pypdfium2 alone, the child process counted (P3).

usage: python bench/extraction.py [PDF ...] [--rounds N] [--json]

Each round runs, one after the other for each file: pypdf and pypdfium2 reading the text of every page in a
process of their own, and our reader giving facts and passages, once with a child that it starts then (`cold`)
and once with one that waits (`warm`, as the worker has it). Medians over the rounds, and their ratios, are
printed. Without a file, the chapters in ../shared/corpus/dev are read, or where these are absent a 32-page
document of made-up sentences.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import typst

from workers.documents.sandbox import DocumentReader, read_document

PYPDF = "import sys, pypdf\nfor page in pypdf.PdfReader(sys.argv[1]).pages: page.extract_text()"
PDFIUM = "import sys, pypdfium2\nfor page in pypdfium2.PdfDocument(sys.argv[1]): page.get_textpage().get_text_bounded()"
WARM_UP = 0.5  # seconds in which a waiting child has started
CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "dev"
SENTENCE = (
    "The {n}th reading explains how a cell keeps its balance, and why the balance of part {n} matters. "
)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="PDF")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with _files(options.files) as files:
        figures = [measure(file, options.rounds) for file in files]
    whole = _overall(figures)
    if options.json:
        print(
            json.dumps(
                {"id": "P3", "n": options.rounds, "seed": 0, "pass": whole["pypdf_to_cold"] >= 5} | whole
            )
        )
        return
    for figure in [*figures, {"file": "median of files"} | whole]:
        print(
            "  ".join(
                f"{key} {value:.3f}" if isinstance(value, float) else str(value)
                for key, value in figure.items()
            )
        )


def measure(file: Path, rounds: int) -> dict[str, str | float]:
    """Median seconds of each way to read the file, in interleaved rounds, and how they compare."""
    seconds: dict[str, list[float]] = {"pypdf": [], "pdfium": [], "cold": [], "warm": []}
    with DocumentReader() as reader:
        read_document(file, file.name, "bench")
        for _ in range(rounds):
            seconds["pypdf"].append(_timed(lambda: _run(PYPDF, file)))
            seconds["pdfium"].append(_timed(lambda: _run(PDFIUM, file)))
            seconds["cold"].append(_timed(lambda: read_document(file, file.name, "bench")))
            reader.warm()
            time.sleep(WARM_UP)
            seconds["warm"].append(_timed(lambda: reader.read(file, file.name, "bench")))
    figures: dict[str, str | float] = {"file": file.name}
    medians = {name: median(values) for name, values in seconds.items()}
    figures |= {f"{name}_seconds": value for name, value in medians.items()}
    for ours in ("cold", "warm"):
        figures[f"pypdf_to_{ours}"] = medians["pypdf"] / medians[ours]
        figures[f"pdfium_to_{ours}"] = medians["pdfium"] / medians[ours]
    return figures


def _overall(figures: list[dict[str, str | float]]) -> dict[str, float]:
    keys = [key for key in figures[0] if key != "file"]
    return {key: median(float(figure[key]) for figure in figures) for key in keys}


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _run(program: str, file: Path) -> None:
    subprocess.run([sys.executable, "-c", program, str(file)], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _files(given: list[Path]) -> Iterator[list[Path]]:
    found = given or sorted(CORPUS.glob("*.pdf"))
    if found:
        yield found
        return
    with tempfile.TemporaryDirectory() as folder:
        yield [_sample(Path(folder) / "sample.pdf")]


def _sample(path: Path) -> Path:
    """A justified document of about 32 pages with headings and full paragraphs."""
    parts = ['#set page(paper: "a4")\n#set par(justify: true)\n#set text(lang: "en", hyphenate: true)\n']
    for section in range(32):
        parts.append(f"= Section {section + 1}\n")
        parts += [
            "".join(SENTENCE.format(n=section * 40 + part * 8 + k) for k in range(6)) + "\n\n"
            for part in range(6)
        ]
    source = path.with_suffix(".typ")
    source.write_text("".join(parts))
    typst.compile(str(source), output=str(path))
    return path


if __name__ == "__main__":
    main()
