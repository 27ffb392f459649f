"""Questions answered by a formula: one of the text, or one solved for another symbol."""

from collections.abc import Iterator

import sympy
from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.draft import Seed, drafted, explained
from services.llm.extractive.questions.formulas import Formula
from services.llm.extractive.questions.workshop import Workshop
from services.llm.extractive.questions.writers.number import term_of_formula

TEMPLATES = ("formula", "solved")
# Formulas with more operations than this are asked for as they stand, never solved for another symbol.
MOST_OPERATIONS = 12


def plan(shop: Workshop) -> Iterator[Seed]:
    """Every formula as it stands, where the text says what its symbols mean, and solved for each other symbol."""
    for formula in shop.formulas:
        term = term_of_formula(shop, formula)
        if term is None:
            continue
        if all(name in formula.meanings for name in (formula.left, *formula.symbols)):
            yield Seed(task_pb2.ALGEBRAIC, "formula", formula, term, 0.9, formula.sentence)
        for symbol in formula.symbols:
            yield Seed(task_pb2.ALGEBRAIC, "solved", (formula, symbol), term, 0.8, formula.sentence)


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where the formula has no single solution."""
    if seed.template == "formula":
        formula: Formula = seed.fact
        known = ", ".join(f"{formula.shown(name)} ({formula.meanings[name]})" for name in formula.symbols)
        left = f"{formula.shown(formula.left)} ({formula.meanings[formula.left]})"
        stem = f"Write the formula that the text gives for {left} in terms of {known}."
        return _with_key(drafted(shop, seed, stem), formula.right)
    formula, symbol = seed.fact
    solution = _solved(formula, sympy.Symbol(symbol))
    if solution is None:
        return None
    stem = f"The text gives the formula {formula.text}. Solve it for {formula.shown(symbol)}."
    item = drafted(shop, seed, stem, explained(seed.sentence.text, "Rearrange the formula of the text: "))
    item.explanation += f" The result is {formula.shown(symbol)} = {solution}."
    return _with_key(item, solution)


def _solved(formula: Formula, symbol: sympy.Symbol) -> sympy.Expr | None:
    """The formula solved for `symbol`, all symbols positive; None without exactly one simple solution."""
    if formula.right.count_ops() > MOST_OPERATIONS or formula.right.has(sympy.Abs):
        return None
    names = {formula.left, *formula.symbols}
    positive = {sympy.Symbol(name): sympy.Symbol(name, positive=True) for name in names}
    right = formula.right.subs(positive)
    try:
        solutions = sympy.solve(sympy.Eq(positive[sympy.Symbol(formula.left)], right), positive[symbol])
    except NotImplementedError:
        return None
    if len(solutions) != 1 or solutions[0].count_ops() > MOST_OPERATIONS:
        return None
    return solutions[0].subs({v: k for k, v in positive.items()})


def _with_key(item: Item, expression: sympy.Expr) -> Item:
    item.key.texts.append(str(expression))
    return item
