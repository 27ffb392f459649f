"""One good scene of each kind, as a lesson on photosynthesis and equations."""

from mootion.video.v1 import script_pb2 as script


def _nodes(**labels: str) -> list[script.GraphContentNode]:
    return [script.GraphContentNode(key=key, label=label) for key, label in labels.items()]


def _edges(*pairs: str) -> list[script.GraphContentEdge]:
    return [script.GraphContentEdge(source_key=pair[0], target_key=pair[1]) for pair in pairs]


def lesson() -> dict[str, script.Scene]:
    """A scene for each kind, by the name of the kind."""
    return {
        "title_card": script.Scene(
            title="How Plants Make Food",
            narration=["Every breath you take was made by a leaf."],
            title_card=script.TitleContent(subtitle="Photosynthesis in five minutes"),
        ),
        "bullets": script.Scene(
            title="What you will learn",
            narration=[
                "First, the raw materials.",
                "Then the light reactions.",
                "At last, the Calvin cycle.",
            ],
            bullets=script.BulletsContent(
                points=[
                    "The raw materials: water and air",
                    "The light reactions",
                    "The Calvin cycle builds sugar",
                ]
            ),
        ),
        "definition": script.Scene(
            title="A key term",
            narration=["Let us begin with the word itself.", "It means making sugar with light."],
            definition=script.DefinitionContent(
                term="Photosynthesis",
                meaning="The process by which plants use light to make sugar from carbon dioxide and water.",
                example="A bean plant on a sunny window sill.",
            ),
        ),
        "equation": script.Scene(
            title="The quadratic formula",
            narration=[
                "This formula solves every quadratic equation.",
                "The letters a, b and c are coefficients.",
            ],
            equation=script.EquationContent(
                latex=r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
                symbols=[
                    script.EquationSymbol(latex="x", meaning="the unknown"),
                    script.EquationSymbol(latex="a, b, c", meaning="the coefficients"),
                ],
            ),
        ),
        "plot": script.Scene(
            title="A parabola",
            narration=["Here is the curve.", "It crosses the axis twice.", "This is its lowest point."],
            plot=script.PlotContent(expression="x**2 - 2*x - 3", x_min=-3, x_max=5, x_label="x", y_label="y"),
        ),
        "graph": script.Scene(
            title="How the ideas depend on each other",
            narration=[
                "It starts with light.",
                "Light drives the light reactions.",
                "They feed the Calvin cycle.",
            ],
            graph=script.GraphContent(
                nodes=_nodes(
                    l="Light", c="Chlorophyll", r="Light reactions", a="ATP", k="Calvin cycle", g="Glucose"
                ),
                edges=_edges("lr", "cr", "ra", "ak", "kg", "lc"),
            ),
        ),
        "process": script.Scene(
            title="The water cycle",
            narration=["Water evaporates.", "It condenses.", "It rains.", "Rivers flow back."],
            process=script.ProcessContent(
                steps=["Water evaporates", "Vapour condenses", "Rain falls", "Rivers flow back"], cyclic=True
            ),
        ),
        "comparison": script.Scene(
            title="Two kinds of cells",
            narration=["Plant cells have a wall.", "They store starch."],
            comparison=script.ComparisonContent(
                columns=[
                    script.ComparisonColumn(heading="Plant cell", points=["A rigid wall", "Stores starch"]),
                    script.ComparisonColumn(heading="Animal cell", points=["A membrane", "Stores glycogen"]),
                ]
            ),
        ),
        "timeline": script.Scene(
            title="How it was found out",
            narration=["In 1648 a willow was weighed.", "In 1771 plants were seen to refresh the air."],
            timeline=script.TimelineContent(
                events=[
                    script.TimelineEvent(when="1648", what="Van Helmont weighs a willow"),
                    script.TimelineEvent(when="1771", what="Priestley: plants refresh the air"),
                ]
            ),
        ),
        "code": script.Scene(
            title="A simulation",
            narration=["This program counts sugar."],
            code=script.CodeContent(
                language="python", source="total = 0\nfor hour in range(12):\n    total += 1.5\n"
            ),
        ),
        "worked_example": script.Scene(
            title="Solve an equation",
            narration=["We solve an equation.", "First divide.", "That is the result."],
            worked_example=script.WorkedExampleContent(
                problem="Solve 3x = 12", steps=["Divide both sides by 3"], result="x = 4"
            ),
        ),
        "checkpoint": script.Scene(
            title="Check yourself",
            narration=["Where does it take place?", "In the stroma."],
            checkpoint=script.CheckpointContent(
                question="Where does the Calvin cycle take place?",
                options=["In the thylakoid", "In the stroma"],
                answer_index=1,
                answer="The stroma is the fluid around the thylakoids.",
            ),
        ),
    }
