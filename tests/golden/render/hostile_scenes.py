"""Texts that break layouts, and scenes of every kind made of them."""

from collections.abc import Callable

from mootion.video.v1 import script_pb2

TEXTS: dict[str, str] = {
    "one letter": "i",
    "one word": "Energy",
    "a sentence": "Photosynthesis turns light into chemical energy.",
    "long sentence": "Although the experiment was repeated many times with the same apparatus, its outcome "
    "depended on the temperature of the room, on the patience of the observer and on the phase of the moon.",
    "very long": "Every part of a system that exchanges heat with its surroundings tends towards equilibrium. "
    * 3,
    "longest word": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "no spaces": "W" * 120,
    "narrow letters": "il" * 60,
    "capitals": "THE MITOCHONDRION IS THE POWERHOUSE OF THE CELL AND MAKES ADENOSINE TRIPHOSPHATE",
    "web address": "https://example.org/a/very/long/path/to/some/page.html?query=photosynthesis&lang=en#section-4",
    "Chinese": "光合作用是绿色植物利用光能把二氧化碳和水转化为有机物并释放氧气的过程，对地球上的生命至关重要。",
    "Japanese": "光合成とは、植物が光のエネルギーを使って二酸化炭素と水から糖を作る反応のことである。",
    "Arabic": "التمثيل الضوئي هو عملية تحول فيها النباتات طاقة الضوء إلى طاقة كيميائية مخزنة في السكر.",
    "Hebrew": "פוטוסינתזה היא תהליך שבו צמחים ממירים אנרגיית אור לאנרגיה כימית האצורה בסוכר.",
    "Greek": "Η φωτοσύνθεση είναι η διαδικασία με την οποία τα φυτά μετατρέπουν το φως σε χημική ενέργεια.",
    "Cyrillic": "Фотосинтез превращает энергию света в химическую энергию, запасённую в органических веществах.",
    "mixed directions": "The term التمثيل الضوئي means photosynthesis, or 光合作用 in Chinese (H₂O + CO₂ → C₆H₁₂O₆).",
    "marks and markup": "<b>bold</b> & {braces} $x^2$ \\frac{1}{2} #include <x> `rm -rf` %s {{7*7}} [[phonemes]]",
    "stacked accents": "Z̸̢͖a̷͔̾l̴̰̀g̵̬̈o̶͇͛ t̷̺̿e̵̮͆x̸͎̎t̶̝̋ with ạ̈ç̂c̄e͂n̄tś",
    "symbols": "→ ⇌ ≤ ∑ ∞ √ ½ ° µ Ω ✓ ♥ ∂ ∇ ∈ ⊂ ℝ × ÷ ± “quotes” – dashes — … ‰ ™",
}


def _title_card(text: str) -> script_pb2.Scene:
    return script_pb2.Scene(title=text, title_card=script_pb2.TitleContent(subtitle=text))


def _bullets(text: str) -> script_pb2.Scene:
    return script_pb2.Scene(title=text, bullets=script_pb2.BulletsContent(points=[text] * 9))


def _definition(text: str) -> script_pb2.Scene:
    content = script_pb2.DefinitionContent(term=text[:300], meaning=f"{text} {text}"[:1500], example=text)
    return script_pb2.Scene(title="A term", definition=content)


def _equation(text: str) -> script_pb2.Scene:
    symbols = [script_pb2.EquationSymbol(latex=letter, meaning=text[:200]) for letter in "abcE"]
    content = script_pb2.EquationContent(latex=r"E = \sqrt{a^2 + b^2} \cdot \frac{c}{2}", symbols=symbols)
    return script_pb2.Scene(title=text, equation=content)


def _equation_text(text: str) -> script_pb2.Scene:
    return script_pb2.Scene(title="A formula", equation=script_pb2.EquationContent(latex=text[:1000]))


def _plot(text: str) -> script_pb2.Scene:
    content = script_pb2.PlotContent(
        expression="x**3 - 2*x", x_min=-2.0, x_max=2.0, x_label=text[:60], y_label=text[:60]
    )
    return script_pb2.Scene(title=text, plot=content)


def _graph(text: str) -> script_pb2.Scene:
    nodes = [script_pb2.GraphContentNode(key=str(index), label=text[:200]) for index in range(9)]
    ends = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5), (4, 6), (6, 7), (7, 8), (0, 8), (8, 2)]
    edges = [script_pb2.GraphContentEdge(source_key=str(a), target_key=str(b)) for a, b in ends]
    return script_pb2.Scene(title=text, graph=script_pb2.GraphContent(nodes=nodes, edges=edges))


def _process(text: str) -> script_pb2.Scene:
    return script_pb2.Scene(title=text, process=script_pb2.ProcessContent(steps=[text[:400]] * 7))


def _short_process(text: str) -> script_pb2.Scene:
    content = script_pb2.ProcessContent(steps=[text[:400]] * 4, cyclic=True)
    return script_pb2.Scene(title="A circle", process=content)


def _comparison(text: str) -> script_pb2.Scene:
    columns = [
        script_pb2.ComparisonColumn(heading=text[:200], points=[text[:400]] * (4 - number))
        for number in range(3)
    ]
    return script_pb2.Scene(title=text, comparison=script_pb2.ComparisonContent(columns=columns))


def _timeline(text: str) -> script_pb2.Scene:
    events = [script_pb2.TimelineEvent(when=text[:60], what=text[:300]) for _ in range(6)]
    return script_pb2.Scene(title=text, timeline=script_pb2.TimelineContent(events=events))


def _code(text: str) -> script_pb2.Scene:
    source = "\n".join(f"    line_{number} = {text!r}  # {text}" for number in range(8))
    return script_pb2.Scene(title=text, code=script_pb2.CodeContent(language="python", source=source[:4000]))


def _worked_example(text: str) -> script_pb2.Scene:
    content = script_pb2.WorkedExampleContent(problem=text, steps=[text[:500]] * 5, result=text[:500])
    return script_pb2.Scene(title=text, worked_example=content)


def _checkpoint(text: str) -> script_pb2.Scene:
    content = script_pb2.CheckpointContent(
        question=text[:800], options=[text[:300]] * 6, answer_index=4, answer=text[:800]
    )
    return script_pb2.Scene(title="Check", checkpoint=content)


KINDS: dict[str, Callable[[str], script_pb2.Scene]] = {
    "title_card": _title_card,
    "bullets": _bullets,
    "definition": _definition,
    "equation": _equation,
    "equation made of text": _equation_text,
    "plot": _plot,
    "graph": _graph,
    "process": _process,
    "cyclic process": _short_process,
    "comparison": _comparison,
    "timeline": _timeline,
    "code": _code,
    "worked_example": _worked_example,
    "checkpoint": _checkpoint,
}


def scene_of(kind: str, text: str) -> script_pb2.Scene:
    """A scene of `kind` full of `text`, which is also said."""
    scene = KINDS[kind](text[:300])
    scene.title = scene.title[:300]
    scene.narration.extend([text[:1000], "This is the second sentence of the scene."])
    return scene
