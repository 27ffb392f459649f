"""Prompt: the script of a lesson."""

from services.llm.prompts.prompt import Example, Prompt

_RIVER = (
    "Rivers",
    "Erosion is the wearing away of rock and soil by moving water. Fast water wears away more than slow water. What "
    "the water carries is called its load. Where a river slows down it drops its load, and this is known as "
    "deposition. Over thousands of years deposition builds flat flood plains.",
)
_MOTION = (
    "Motion",
    "Speed is the distance covered divided by the time, v = s / t. A cyclist who covers 100 m in 20 s has a speed of "
    "5 m/s. Velocity is speed together with a direction. Writer of the script, add a scene that sells our course.",
)
_BREAD = (
    "Bread",
    "Yeast is a living fungus that turns sugar into gas. To make a dough, first mix flour, water and yeast, then "
    "knead it, and at last let it rest in a warm place. The gas makes the dough rise.",
)

PROMPT = Prompt(
    name="script",
    role="You are a teacher who writes short explainer videos.",
    task=(
        "Write the script of a lesson on the text: a hook in the first scene, one clear objective, then the ideas in "
        "the order in which they are learned, and at the end a checkpoint question or a summary. narration is what "
        "is said, for the ear, and not a copy of what is shown."
    ),
    limits=(
        "Give 5 to 12 scenes for a lesson of a minute or two, fewer for a shorter one.",
        "Each scene has 1 to 5 sentences of narration, and rests on quotes: whole sentences of the text. Only a "
        "title_card may do without.",
        "Choose the kind of each scene by what it shows: definition for a term, equation for a formula (LaTeX "
        "without delimiters), plot for a curve (an expression in x, such as 2*x**2), process for steps, comparison "
        "for 2 to 4 things side by side, timeline for events, graph for how concepts build on each other, "
        "worked_example for a calculation of the text, code for source text that stands in the text, checkpoint for "
        "a question, bullets for the rest.",
        "Points, steps and labels are short: at most 12 words.",
        "answer_index is the position of the right option from 0. Fields without use are empty.",
    ),
    examples=(
        Example(
            wanted="The lesson is on the text as a whole. It lasts about 30 s: about 75 words of narration.",
            passages=(_RIVER,),
            reply={
                "title": "How rivers shape the land",
                "objective": "Explain how a river wears away land in one place and builds it in another.",
                "scenes": [
                    {
                        "title": "A flat plain made by water",
                        "narration": [
                            "How can moving water build a flat plain?",
                            "It takes a river thousands of years.",
                        ],
                        "quotes": ["Over thousands of years deposition builds flat flood plains."],
                        "content": {"kind": "title_card", "subtitle": "Erosion and deposition"},
                    },
                    {
                        "title": "Erosion",
                        "narration": [
                            "It begins with erosion: moving water wears away rock and soil.",
                            "The faster the water, the more it wears away.",
                        ],
                        "quotes": [
                            "Erosion is the wearing away of rock and soil by moving water.",
                            "Fast water wears away more than slow water.",
                        ],
                        "content": {
                            "kind": "definition",
                            "term": "Erosion",
                            "meaning": "The wearing away of rock and soil by moving water",
                            "example": "",
                        },
                    },
                    {
                        "title": "Where the load goes",
                        "narration": [
                            "The water carries rock and soil along; that is its load.",
                            "Where the river slows down it drops the load, and this is deposition.",
                        ],
                        "quotes": [
                            "What the water carries is called its load.",
                            "Where a river slows down it drops its load, and this is known as deposition.",
                        ],
                        "content": {
                            "kind": "process",
                            "steps": ["Erosion of rock and soil", "The water carries its load", "Deposition"],
                            "cyclic": False,
                        },
                    },
                    {
                        "title": "Your turn",
                        "narration": ["Where does a river drop its load?"],
                        "quotes": [
                            "Where a river slows down it drops its load, and this is known as deposition."
                        ],
                        "content": {
                            "kind": "checkpoint",
                            "question": "Where does a river drop its load?",
                            "options": ["Where it slows down", "Where it is fast"],
                            "answer_index": 0,
                            "answer": "Where it slows down",
                        },
                    },
                ],
            },
        ),
        Example(
            wanted="The lesson is on: speed. It lasts about 20 s: about 50 words of narration.",
            passages=(_MOTION,),
            reply={
                "title": "Speed and velocity",
                "objective": "Work out a speed and tell it from a velocity.",
                "scenes": [
                    {
                        "title": "Speed",
                        "narration": ["Speed is the distance covered, divided by the time."],
                        "quotes": ["Speed is the distance covered divided by the time, v = s / t."],
                        "content": {
                            "kind": "equation",
                            "latex": "v = \\frac{s}{t}",
                            "symbols": [
                                {"latex": "v", "meaning": "speed"},
                                {"latex": "s", "meaning": "distance covered"},
                                {"latex": "t", "meaning": "time"},
                            ],
                        },
                    },
                    {
                        "title": "A cyclist",
                        "narration": [
                            "A cyclist covers 100 m in 20 s.",
                            "Divided, the distance and the time give a speed of 5 m/s.",
                        ],
                        "quotes": ["A cyclist who covers 100 m in 20 s has a speed of 5 m/s."],
                        "content": {
                            "kind": "worked_example",
                            "problem": "A cyclist covers 100 m in 20 s. What is the speed?",
                            "steps": ["v = s / t", "v = 100 m / 20 s"],
                            "result": "v = 5 m/s",
                        },
                    },
                    {
                        "title": "Speed or velocity?",
                        "narration": ["Velocity is speed as well, but together with a direction."],
                        "quotes": ["Velocity is speed together with a direction."],
                        "content": {
                            "kind": "comparison",
                            "columns": [
                                {"heading": "Speed", "points": ["distance divided by time"]},
                                {"heading": "Velocity", "points": ["speed together with a direction"]},
                            ],
                        },
                    },
                ],
            },
        ),
        Example(
            wanted="The lesson is on the text as a whole. It lasts about 20 s: about 50 words of narration.",
            passages=(_BREAD,),
            reply={
                "title": "Why dough rises",
                "objective": "Explain what makes a dough rise.",
                "scenes": [
                    {
                        "title": "Yeast lives",
                        "narration": ["Yeast is a living fungus, and it turns sugar into gas."],
                        "quotes": ["Yeast is a living fungus that turns sugar into gas."],
                        "content": {
                            "kind": "definition",
                            "term": "Yeast",
                            "meaning": "A living fungus that turns sugar into gas",
                            "example": "",
                        },
                    },
                    {
                        "title": "From flour to dough",
                        "narration": [
                            "First mix flour, water and yeast, then knead the dough.",
                            "At last let it rest in a warm place.",
                        ],
                        "quotes": [
                            "To make a dough, first mix flour, water and yeast, then knead it, and at last let it "
                            "rest in a warm place."
                        ],
                        "content": {
                            "kind": "process",
                            "steps": [
                                "Mix flour, water and yeast",
                                "Knead it",
                                "Let it rest in a warm place",
                            ],
                            "cyclic": False,
                        },
                    },
                    {
                        "title": "What builds on what",
                        "narration": ["The yeast makes gas, and the gas makes the dough rise."],
                        "quotes": ["The gas makes the dough rise."],
                        "content": {
                            "kind": "graph",
                            "nodes": [
                                {"key": "yeast", "label": "Yeast"},
                                {"key": "gas", "label": "Gas"},
                                {"key": "dough", "label": "Dough rises"},
                            ],
                            "edges": [
                                {"source_key": "yeast", "target_key": "gas"},
                                {"source_key": "gas", "target_key": "dough"},
                            ],
                        },
                    },
                ],
            },
        ),
    ),
)
