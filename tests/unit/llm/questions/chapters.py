"""Chapters written for these tests: geology, economics and cell biology, in the manner of textbooks."""

import re

from mootion.document.v1.document_pb2 import Passage

_VOLCANOES = """# Volcanoes
## Magma and Lava
A volcano is an opening in the crust of a planet through which molten rock, gas and ash escape. Magma is molten
rock that lies below the surface of the Earth. Lava is molten rock that has reached the surface. When magma
collects in a large pool under a volcano, the pool is called a magma chamber. A vent is an opening through which
lava and gas leave the volcano.

Viscosity is the resistance of a liquid to flow. Basaltic lava has a low viscosity because it contains little
silica. Rhyolitic lava has a high viscosity because its silica forms long chains. Basaltic lava leaves the vent
at about 1,150 degrees Celsius.

The temperature of rhyolitic lava seldom exceeds 850 degrees Celsius. Volcanic gases such as steam, carbon
dioxide, and sulfur dioxide escape from magma as the pressure falls. Pumice is a light volcanic rock that is
full of gas bubbles. Obsidian is a volcanic glass that forms when lava cools very quickly.
## Kinds of Volcanoes
There are three kinds of volcanoes: shield volcanoes, cinder cones, and stratovolcanoes. A shield volcano is a
broad volcano with gentle slopes built by many flows of thin lava. A cinder cone is a small, steep volcano built
of loose fragments around a single vent. A stratovolcano is a tall, steep volcano built of alternating layers of
lava and ash.

Shield volcanoes erupt quietly because their thin lava lets gas escape easily. Stratovolcanoes erupt violently
because their thick lava traps gas until the pressure becomes enormous. Mauna Loa rises about 9,170 metres from
the floor of the ocean. A caldera is a large basin that forms when a volcano collapses into its emptied magma
chamber.
## How an Eruption Unfolds
An eruption usually follows the same course.
1. Magma rises into the magma chamber and the ground swells.
2. Small earthquakes shake the slopes of the volcano.
3. Gas breaks out of the vent and carries ash into the air.
4. Lava flows down the slopes of the volcano.
5. The magma chamber empties and the ground sinks again.

A lahar is a fast flow of mud and rock that moves down the valleys of a volcano. A pyroclastic flow is a hot
cloud of gas and ash that rushes down the slopes of a volcano. A pyroclastic flow can travel faster than 100
kilometres per hour. As shown in Figure 2.3, this makes it the most deadly of all volcanic hazards.
## The Record of Eruptions
In 1783, the Laki fissure in Iceland poured out an enormous volume of lava. In 1815, Mount Tambora produced the
largest eruption of recent history. In 1883, the eruption of Krakatoa was heard at a distance of 4,800
kilometres. In 1980, Mount St. Helens lost its northern flank in a sideways blast.
## Measuring the Flow
The flow rate of a lava stream is the volume of lava that passes a point in one second. If a stream of lava has
the width w, the depth d and the speed v, the flow rate follows from Q = wdv. Here Q is the flow rate in cubic
metres per second, w is the width of the stream in metres, d is the depth of the stream in metres and v is the
speed of the lava in metres per second.
"""

_MARKETS = """# Markets
## Supply and Demand
Demand is the quantity of a good that buyers are willing to buy at each price. Supply is the quantity of a good
that sellers are willing to sell at each price. The law of demand states that the quantity demanded falls when
the price rises. Equilibrium is the situation in which the quantity supplied equals the quantity demanded. A
surplus is an excess of supply over demand at a given price. A shortage is an excess of demand over supply at a
given price.

A price ceiling is a legal maximum on the price of a good. A price floor is a legal minimum on the price of a
good. Price ceilings often cause shortages because sellers offer less than buyers want. Price floors often cause
surpluses because buyers want less than sellers offer.
## Kinds of Goods
A normal good is a good for which demand rises when income rises. An inferior good is a good for which demand
falls when income rises. Substitutes are goods that can be used in place of each other. Complements are goods
that are used together. Economists distinguish factors of production such as land, labor, capital, and
entrepreneurship.

A monopoly is a market with a single seller of a good that has no close substitute. An oligopoly is a market in
which a few large sellers supply most of the good. Perfect competition is a market structure in which many
sellers offer the same good. Inflation is a lasting rise in the general level of prices. In 1923, prices in
Germany doubled about every 4 days.
"""

_CELLS = """# The Cell
## Organelles
A cell is the smallest unit of life that can grow and divide on its own. An organelle is a structure inside a
cell that has a task of its own. The nucleus is the organelle that holds the genetic material of the cell. A
ribosome is a small particle that joins amino acids into proteins. A mitochondrion is an organelle that releases
energy from nutrients. A chloroplast is an organelle that captures the energy of light in green plants.

The plasma membrane is a thin double layer of lipids that surrounds the cell. Osmosis is the diffusion of water
through a membrane that holds back dissolved particles. Diffusion is the spreading of particles from a region of
high concentration to a region of low concentration. Plant cells contain a cell wall because they must withstand
the pressure of water. A human body contains about 37 trillion cells.
## Division
Mitosis is the division of a nucleus into two nuclei with the same chromosomes. Meiosis is a division of a
nucleus that halves the number of chromosomes. A chromosome is a long molecule of DNA that is wound around
proteins. A gene is a section of DNA that holds the plan of one protein. Human cells contain 46 chromosomes,
while human egg cells contain 23 chromosomes.
"""


def passages_of(text: str, document_id: str) -> list[Passage]:
    """One passage for each section of a text with `#` headings."""
    titles: dict[int, str] = {}
    passages: list[Passage] = []
    start = 0
    for block in _sections(text, titles):
        path, body = block
        passages.append(
            Passage(
                passage_id=f"{document_id}-{len(passages)}",
                document_id=document_id,
                sequence=len(passages),
                text=body,
                section_path=path,
                first_page=len(passages) + 1,
                last_page=len(passages) + 1,
                start_char=start,
                end_char=start + len(body),
            )
        )
        start += len(body) + 2
    return passages


def _sections(text: str, titles: dict[int, str]) -> list[tuple[list[str], str]]:
    """The titles and the text of each section; a paragraph is lines up to an empty one, a step a line of its own."""
    found: list[tuple[list[str], str]] = []
    for part in re.split(r"^(?=#)", text.strip(), flags=re.MULTILINE):
        if not part:
            continue
        heading, _, body = part.partition("\n")
        marks, _, title = heading.partition(" ")
        for level in [level for level in titles if level >= len(marks)]:
            del titles[level]
        titles[len(marks)] = title
        paragraphs = re.sub(r"(?<!\n)\n(?!\n|\d\. )", " ", body.strip())
        if paragraphs:
            found.append(([titles[level] for level in sorted(titles)], re.sub(r"\n+", "\n", paragraphs)))
    return found


def volcanoes() -> list[Passage]:
    """Geology: definitions, numbers, reasons, a numbered procedure, dates and a formula."""
    return passages_of(_VOLCANOES, "volcanoes")


def markets() -> list[Passage]:
    """Economics: definitions in pairs of opposites."""
    return passages_of(_MARKETS, "markets")


def cells() -> list[Passage]:
    """Biology: definitions that build on each other."""
    return passages_of(_CELLS, "cells")
