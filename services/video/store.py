"""Rows of videos, their scenes and tags."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mootion.video.v1 import rendering_service_pb2, script_pb2, video_pb2
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from mesh.ports.sql import Reader, Transaction

metadata = MetaData()

videos = Table(
    "video_videos",
    metadata,
    Column("video_id", String(36), primary_key=True),
    Column("owner_id", String(64), nullable=False),
    Column("document_id", String(36), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("target_seconds", Integer, nullable=False),
    Column("lease_token", BigInteger, nullable=False),
    Column("blob_prefix", String(200), nullable=False),
    Column("script", LargeBinary),
    Column("body", LargeBinary, nullable=False),
    Index("video_videos_by_owner", "owner_id", "created_us", "video_id"),
    Index("video_videos_by_document", "document_id"),
)
scenes = Table(
    "video_scenes",
    metadata,
    Column("video_id", String(36), primary_key=True),
    Column("scene_index", Integer, primary_key=True),
    Column("lease_token", BigInteger, nullable=False),
    Column("rendered", LargeBinary),
)
tags = Table(
    "video_tags",
    metadata,
    Column("video_id", String(36), primary_key=True),
    Column("tag", String(50), primary_key=True),
    Index("video_tags_by_tag", "tag", "video_id"),
)


@dataclass(frozen=True)
class Stored:
    """A video with what only its makers need."""

    owner_id: str
    target_seconds: int
    lease_token: int
    blob_prefix: str
    video: video_pb2.Video


@dataclass(frozen=True)
class Made:
    """What has to be known of a video to remove it."""

    video_id: str
    owner_id: str
    blob_prefix: str


@dataclass(frozen=True)
class Filters:
    """Which of an owner's videos to list; empty fields do not narrow."""

    document_id: str
    tag: str
    include_archived: bool


async def add_video(
    tx: Transaction, owner_id: str, video: video_pb2.Video, target_seconds: int, blob_prefix: str
) -> None:
    """Stores a new video."""
    await tx.execute(
        insert(videos).values(
            video_id=video.video_id,
            owner_id=owner_id,
            document_id=video.document_id,
            created_us=video.create_time.ToMicroseconds(),
            archived=False,
            target_seconds=target_seconds,
            lease_token=0,
            blob_prefix=blob_prefix,
            body=video.SerializeToString(),
        )
    )
    await _add_tags(tx, video)


async def find(reader: Reader, video_id: str, owner_id: str | None = None) -> Stored | None:
    """The video; with an owner, only if it is theirs."""
    statement = select(
        videos.c.owner_id, videos.c.target_seconds, videos.c.lease_token, videos.c.blob_prefix, videos.c.body
    ).where(videos.c.video_id == video_id)
    if owner_id is not None:
        statement = statement.where(videos.c.owner_id == owner_id)
    row = (await reader.execute(statement)).first()
    if row is None:
        return None
    video = video_pb2.Video.FromString(row.body)
    return Stored(row.owner_id, row.target_seconds, row.lease_token, row.blob_prefix, video)


async def find_script(reader: Reader, video_id: str) -> script_pb2.LessonScript | None:
    """The script of a video, or None while it is not written."""
    statement = select(videos.c.script).where(videos.c.video_id == video_id)
    body = (await reader.execute(statement)).scalar()
    return None if body is None else script_pb2.LessonScript.FromString(body)


async def list_videos(
    reader: Reader, owner_id: str, filters: Filters, after: tuple[int, str] | None, limit: int
) -> list[video_pb2.Video]:
    """The owner's videos, newest first, from behind `after` (creation in microseconds, id)."""
    statement = select(videos.c.body).where(videos.c.owner_id == owner_id)
    if filters.document_id:
        statement = statement.where(videos.c.document_id == filters.document_id)
    if filters.tag:
        tagged = select(tags.c.video_id).where(tags.c.tag == filters.tag)
        statement = statement.where(videos.c.video_id.in_(tagged))
    if not filters.include_archived:
        statement = statement.where(videos.c.archived.is_(False))
    if after is not None:
        created_us, video_id = after
        same_time = and_(videos.c.created_us == created_us, videos.c.video_id < video_id)
        statement = statement.where(or_(videos.c.created_us < created_us, same_time))
    statement = statement.order_by(videos.c.created_us.desc(), videos.c.video_id.desc()).limit(limit)
    return [video_pb2.Video.FromString(body) for body in (await reader.execute(statement)).scalars()]


async def save(tx: Transaction, video: video_pb2.Video, **columns: Any) -> None:
    """Stores a changed video, and other columns of its row."""
    columns |= {"body": video.SerializeToString(), "archived": video.state == video_pb2.ARCHIVED}
    await tx.execute(update(videos).where(videos.c.video_id == video.video_id).values(**columns))


async def save_tags(tx: Transaction, video: video_pb2.Video) -> None:
    """Stores the tags of a video in place of those it had."""
    await tx.execute(delete(tags).where(tags.c.video_id == video.video_id))
    await _add_tags(tx, video)


async def _add_tags(tx: Transaction, video: video_pb2.Video) -> None:
    rows = [{"video_id": video.video_id, "tag": tag} for tag in dict.fromkeys(video.tags)]
    if rows:
        await tx.execute(insert(tags), rows)


async def remove(tx: Transaction, *video_ids: str) -> None:
    """Removes videos with their scenes and tags."""
    for table in (tags, scenes, videos):
        await tx.execute(delete(table).where(table.c.video_id.in_(video_ids)))


async def videos_of(reader: Reader, document_id: str, limit: int) -> list[Made]:
    """Videos made from a document, in no order."""
    return await _made(reader, videos.c.document_id == document_id, limit)


async def videos_of_owner(reader: Reader, owner_id: str, limit: int) -> list[Made]:
    """An owner's videos, in no order."""
    return await _made(reader, videos.c.owner_id == owner_id, limit)


async def _made(reader: Reader, condition: ColumnElement[bool], limit: int) -> list[Made]:
    columns = (videos.c.video_id, videos.c.owner_id, videos.c.blob_prefix)
    statement = select(*columns).where(condition).limit(limit)
    return [Made(row.video_id, row.owner_id, row.blob_prefix) for row in await reader.execute(statement)]


async def add_scenes(tx: Transaction, video_id: str, count: int) -> None:
    """Stores the scenes of a script, none rendered."""
    rows: Iterable[dict[str, Any]] = (
        {"video_id": video_id, "scene_index": index, "lease_token": 0} for index in range(count)
    )
    await tx.execute(insert(scenes), list(rows))


async def scene_lease(reader: Reader, video_id: str, scene_index: int) -> int | None:
    """The highest lease token seen for a scene, or None where there is no such scene."""
    this = and_(scenes.c.video_id == video_id, scenes.c.scene_index == scene_index)
    return (await reader.execute(select(scenes.c.lease_token).where(this))).scalar()


async def save_scene(
    tx: Transaction,
    video_id: str,
    scene_index: int,
    lease_token: int,
    rendered: rendering_service_pb2.RenderedScene | None = None,
) -> None:
    """Stores the lease of a scene, and what was rendered once it is."""
    values: dict[str, Any] = {"lease_token": lease_token}
    if rendered is not None:
        values["rendered"] = rendered.SerializeToString()
    this = and_(scenes.c.video_id == video_id, scenes.c.scene_index == scene_index)
    await tx.execute(update(scenes).where(this).values(**values))


async def rendered_scenes(reader: Reader, video_id: str) -> list[rendering_service_pb2.RenderedScene]:
    """What was rendered of each scene, in order; those that are not are left out."""
    theirs = and_(scenes.c.video_id == video_id, scenes.c.rendered.is_not(None))
    bodies = await reader.execute(select(scenes.c.rendered).where(theirs).order_by(scenes.c.scene_index))
    return [rendering_service_pb2.RenderedScene.FromString(body) for body in bodies.scalars()]
