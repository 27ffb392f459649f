"""What of each thing can be found, as entries of the index."""

from mootion.document.v1 import document_pb2
from mootion.flowchart.v1 import flowchart_pb2
from mootion.quiz.v1 import quiz_pb2
from mootion.video.v1 import video_pb2

from mesh.ports.index import Entry


def document_entry(owner_id: str, document: document_pb2.Document) -> Entry:
    """A document by its title, file name and headings."""
    headings = "\n".join(entry.title for entry in document.outline)
    return Entry(
        kind="DOCUMENT",
        id=document.document_id,
        owner_id=owner_id,
        document_id=document.document_id,
        title=document.title,
        text="\n".join(part for part in (document.filename, headings) if part),
        page=1,
        created_us=document.create_time.ToMicroseconds(),
    )


def passage_entry(owner_id: str, passage: document_pb2.Passage, created_us: int) -> Entry:
    """A passage by its text and the headings it stands under."""
    return Entry(
        kind="PASSAGE",
        id=passage.passage_id,
        owner_id=owner_id,
        document_id=passage.document_id,
        title=passage.section_path[-1] if passage.section_path else "",
        section="\n".join(passage.section_path[:-1]),
        text=passage.text,
        page=passage.first_page,
        created_us=created_us,
        sequence=passage.sequence,
    )


def atom_entry(owner_id: str, atom: document_pb2.Atom, created_us: int) -> Entry:
    """An atom by its title, content and concepts."""
    return Entry(
        kind="ATOM",
        id=atom.atom_id,
        owner_id=owner_id,
        document_id=atom.document_id,
        title=atom.title,
        section="\n".join(atom.concepts),
        text=atom.content,
        page=atom.source.page,
        created_us=created_us,
        sequence=atom.sequence,
    )


def concept_entry(owner_id: str, chart: flowchart_pb2.Flowchart, node: flowchart_pb2.ConceptNode) -> Entry:
    """A concept by its name and description."""
    return Entry(
        kind="CONCEPT",
        id=node.node_id,
        owner_id=owner_id,
        document_id=chart.document_id,
        title=node.name,
        text=node.description,
        page=node.citation.page,
        created_us=chart.create_time.ToMicroseconds(),
    )


def quiz_entry(owner_id: str, quiz: quiz_pb2.Quiz) -> Entry:
    """A quiz by its title and the stems of its questions; keys are not known here."""
    return Entry(
        kind="QUIZ",
        id=quiz.quiz_id,
        owner_id=owner_id,
        document_id=quiz.document_id,
        title=quiz.title,
        text="\n".join(question.stem for question in quiz.questions),
        created_us=quiz.create_time.ToMicroseconds(),
    )


def video_entry(owner_id: str, video: video_pb2.Video) -> Entry:
    """A video by its title, topic, tags and transcript."""
    return Entry(
        kind="VIDEO",
        id=video.video_id,
        owner_id=owner_id,
        document_id=video.document_id,
        title=video.title,
        section="\n".join([video.topic, *video.tags]),
        text=video.transcript,
        created_us=video.create_time.ToMicroseconds(),
    )
