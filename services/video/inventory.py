"""Everybody's videos, as upkeep reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mootion.video.v1 import rendering_service_pb2, video_pb2
from sqlalchemy import Row, and_, select

from mesh.ports.sql import Reader
from services.video.store import scenes, videos

_COLUMNS = (videos.c.blob_prefix, videos.c.body)


@dataclass(frozen=True)
class Filed:
    """A video and what the keys of its files start with."""

    blob_prefix: str
    video: video_pb2.Video


async def filed(reader: Reader, video_ids: Sequence[str]) -> list[Filed]:
    """Of these ids, the videos that there are."""
    rows = await reader.execute(select(*_COLUMNS).where(videos.c.video_id.in_(video_ids)))
    return [_filed(row) for row in rows]


async def filed_after(reader: Reader, after: str, limit: int) -> list[Filed]:
    """Videos by id, from behind an id."""
    statement = select(*_COLUMNS).where(videos.c.video_id > after).order_by(videos.c.video_id)
    return [_filed(row) for row in await reader.execute(statement.limit(limit))]


async def parts_of(reader: Reader, video_id: str) -> list[str]:
    """Keys of the rendered scenes of a video."""
    theirs = and_(scenes.c.video_id == video_id, scenes.c.rendered.is_not(None))
    bodies = (await reader.execute(select(scenes.c.rendered).where(theirs))).scalars()
    return [rendering_service_pb2.RenderedScene.FromString(body).blob_key for body in bodies]


async def owners_after(reader: Reader, after: str, limit: int) -> Sequence[str]:
    """Who has videos, sorted, from behind an owner."""
    owners = select(videos.c.owner_id).where(videos.c.owner_id > after).distinct()
    return (await reader.execute(owners.order_by(videos.c.owner_id).limit(limit))).scalars().all()


async def held(reader: Reader, owner_ids: Sequence[str]) -> list[tuple[str, str, str]]:
    """Owner, id and document of the videos of these owners."""
    columns = (videos.c.owner_id, videos.c.video_id, videos.c.document_id)
    rows = await reader.execute(select(*columns).where(videos.c.owner_id.in_(owner_ids)))
    return [(row.owner_id, row.video_id, row.document_id) for row in rows]


def _filed(row: Row[Any]) -> Filed:
    return Filed(row.blob_prefix, video_pb2.Video.FromString(row.body))
