"""Fragments from runs: words that one text object draws, joined along a line."""

from collections.abc import Iterator

from workers.documents.lines import Fragment, Span

_WIDE_GAP = 1.5  # in sizes of type: a gap wider than this may part columns
_CELL_GAP = 0.7  # in sizes of type: a gap wider than this may part cells of a table


def merged_runs(runs: Iterator[tuple[int, Fragment]]) -> Iterator[tuple[int, Fragment]]:
    """Runs of one line joined where no wide gap and no change of direction or baseline parts them."""
    group: list[Fragment] = []
    group_turn = 0
    for turn, run in runs:
        if group and (turn != group_turn or not _continues(group, run)):
            yield group_turn, _joined(group)
            group = []
        group_turn = turn
        group.append(run)
    if group:
        yield group_turn, _joined(group)


def _continues(group: list[Fragment], run: Fragment) -> bool:
    size = max(group[0].size, group[-1].size, run.size)
    return abs(run.y - group[0].y) < 0.15 * size and -size < run.x0 - group[-1].x1 < _WIDE_GAP * size


def _joined(group: list[Fragment]) -> Fragment:
    """One fragment with the size, baseline and weight of the longest run."""
    main = max(group, key=lambda run: len(run.text))
    text, emphasis, pieces = "", list[Span](), [(0, group[0].x0, group[0].x1)]
    for run in group:
        start, left, right = pieces[-1]
        if run.x0 - right > _CELL_GAP * main.size:
            pieces.append((len(text), run.x0, run.x1))
        else:
            pieces[-1] = (start, left, max(right, run.x1))
        if run.bold or run.italic:
            emphasis.append((len(text), len(text) + len(run.text.rstrip())))
        text += run.text
    right = max(run.x1 for run in group)
    return Fragment(
        text.rstrip(),
        group[0].x0,
        right,
        main.y,
        main.size,
        main.bold,
        main.italic,
        emphasis,
        pieces[len(pieces) == 1 :],
    )
