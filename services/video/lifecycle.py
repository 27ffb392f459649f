"""How a video moves from QUEUED to COMPLETED or FAILED, and how far along it says it is."""

from collections.abc import Sequence
from datetime import datetime

from mootion.document.v1 import document_pb2
from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import rendering_service_pb2, script_pb2, video_pb2

from mesh.errors import precondition

MAKING = (video_pb2.QUEUED, video_pb2.PROCESSING)
# Share of the work, in percent, that is done when the script stands and when every scene is rendered.
SCRIPT_PERCENT = 5
SCENES_PERCENT = 95


def finished(video: video_pb2.Video) -> bool:
    """Whether the making of the video has ended."""
    return video.state not in MAKING


def refuse_stale(lease_token: int, seen: int) -> None:
    """Refuses a worker whose lease was given to another since.

    Raises:
        CallError: STALE_LEASE.
    """
    if lease_token < seen:
        raise precondition(
            reason_pb2.REASON_STALE_LEASE,
            f"Lease {lease_token} is over: lease {seen} works on this. Drop the work.",
        )


def queued(video_id: str, title: str, document_id: str, topic: str, now: datetime) -> video_pb2.Video:
    """A new video."""
    video = video_pb2.Video(
        video_id=video_id,
        title=title,
        state=video_pb2.QUEUED,
        document_id=document_id,
        topic=topic,
        sequence=1,
    )
    video.create_time.FromDatetime(now)
    video.update_time.FromDatetime(now)
    return video


def planned(video: video_pb2.Video, script: script_pb2.LessonScript, now: datetime) -> None:
    """The script is written and its scenes wait for workers."""
    video.state = video_pb2.PROCESSING
    video.title = script.title
    video.transcript = "\n\n".join(" ".join(scene.narration) for scene in script.scenes if scene.narration)
    video.progress_percent = SCRIPT_PERCENT
    video.scenes.extend(
        video_pb2.SceneProgress(scene_id=scene.scene_id, title=scene.title, state=video_pb2.WAITING)
        for scene in script.scenes
    )
    touch(video, now)


def scene_started(video: video_pb2.Video, scene_index: int, now: datetime) -> None:
    """A worker renders a scene."""
    if video.scenes[scene_index].state == video_pb2.WAITING:
        video.scenes[scene_index].state = video_pb2.RENDERING
        touch(video, now)


def scene_rendered(video: video_pb2.Video, scene_index: int, now: datetime) -> None:
    """A scene is stored."""
    video.scenes[scene_index].state = video_pb2.RENDERED
    done = sum(scene.state == video_pb2.RENDERED for scene in video.scenes)
    share = done / len(video.scenes)
    video.progress_percent = round(SCRIPT_PERCENT + share * (SCENES_PERCENT - SCRIPT_PERCENT))
    touch(video, now)


def all_rendered(video: video_pb2.Video) -> bool:
    """Whether every scene is stored, so that they can be joined."""
    return all(scene.state == video_pb2.RENDERED for scene in video.scenes)


def completed(
    video: video_pb2.Video,
    duration_seconds: float,
    chapters: Sequence[video_pb2.Chapter],
    file: video_pb2.VideoFile,
    now: datetime,
) -> None:
    """The video can be played."""
    video.state = video_pb2.COMPLETED
    video.progress_percent = 100
    video.duration_seconds = duration_seconds
    video.chapters.extend(chapters)
    video.file.CopyFrom(file)
    video.generation_seconds = round(now.timestamp() - video.create_time.ToMicroseconds() / 1e6, 3)
    touch(video, now)


def failed(video: video_pb2.Video, failure: document_pb2.Failure, now: datetime) -> None:
    """The making ended without a result."""
    video.state = video_pb2.FAILED
    video.failure.CopyFrom(failure)
    touch(video, now)


def cancelled(video: video_pb2.Video, now: datetime) -> None:
    """The owner stopped the making; doing so twice changes nothing.

    Raises:
        CallError: VIDEO_FINISHED once it can be played.
    """
    if video.state in (video_pb2.COMPLETED, video_pb2.ARCHIVED):
        raise precondition(
            reason_pb2.REASON_VIDEO_FINISHED,
            "The video is completed, so there is nothing to stop. Delete it if you do not want it.",
        )
    if video.state != video_pb2.FAILED:
        message = "You stopped the making of this video. Create it again to start over."
        failed(video, document_pb2.Failure(reason="CANCELLED", message=message), now)


def archived(video: video_pb2.Video, archive: bool, now: datetime) -> None:
    """Puts a completed video away or brings it back.

    Raises:
        CallError: VIDEO_NOT_COMPLETED.
    """
    require_completed(video)
    video.state = video_pb2.ARCHIVED if archive else video_pb2.COMPLETED
    touch(video, now)


def require_completed(video: video_pb2.Video) -> None:
    """Refuses a video that cannot be played.

    Raises:
        CallError: VIDEO_NOT_COMPLETED.
    """
    if video.state in (video_pb2.COMPLETED, video_pb2.ARCHIVED):
        return
    message = "The video is still being made. Watch it and come back when it is COMPLETED."
    if video.state == video_pb2.FAILED:
        message = f"The video was not made ({video.failure.reason}): {video.failure.message}"
    raise precondition(reason_pb2.REASON_VIDEO_NOT_COMPLETED, message)


def touch(video: video_pb2.Video, now: datetime) -> None:
    """Notes that the video changed."""
    video.sequence += 1
    video.update_time.FromDatetime(now)


def scene_jobs(
    video: video_pb2.Video, script: script_pb2.LessonScript
) -> list[rendering_service_pb2.RenderSceneJob]:
    """What workers need to know to render the scenes, those with most to say first: what is begun last is short then,
    and no worker waits long for another at the end."""
    jobs = [
        rendering_service_pb2.RenderSceneJob(
            video_id=video.video_id,
            scene_index=index,
            scene_count=len(script.scenes),
            scene=scene,
            resolution=video.resolution,
            language=script.language,
        )
        for index, scene in enumerate(script.scenes)
    ]
    return sorted(jobs, key=lambda job: -sum(len(sentence) for sentence in job.scene.narration))
