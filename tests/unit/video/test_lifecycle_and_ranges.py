"""A video moves one way from queued to its end; its content is cut at exactly the bytes asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mootion.document.v1 import document_pb2
from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import script_pb2, video_pb2

from mesh.errors import CallError
from services.video import lifecycle
from services.video.media import Span, UnsatisfiableRange, requested_span

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCRIPT = script_pb2.LessonScript(
    title="Sound",
    scenes=[
        script_pb2.Scene(scene_id=f"s{number}", title=f"Scene {number}", narration=["One.", "Two."])
        for number in range(4)
    ],
)


@pytest.fixture
def video() -> video_pb2.Video:
    made = lifecycle.queued("v", "working title", "d", "", NOW)
    lifecycle.planned(made, SCRIPT, NOW)
    return made


def test_progress_and_sequence_only_grow(video: video_pb2.Video) -> None:
    seen = [(video.progress_percent, video.sequence)]
    for index in (2, 0, 3, 1):
        lifecycle.scene_started(video, index, NOW)
        lifecycle.scene_rendered(video, index, NOW)
        seen.append((video.progress_percent, video.sequence))
    assert seen == sorted(set(seen))
    assert video.progress_percent == lifecycle.SCENES_PERCENT


def test_a_scene_started_again_by_another_worker_stays_rendered(video: video_pb2.Video) -> None:
    lifecycle.scene_rendered(video, 0, NOW)
    lifecycle.scene_started(video, 0, NOW)
    assert video.scenes[0].state == video_pb2.RENDERED


def test_a_completed_video_says_how_long_it_took(video: video_pb2.Video) -> None:
    lifecycle.completed(video, 61.5, [], video_pb2.VideoFile(size_bytes=9), NOW + timedelta(seconds=30))
    assert (video.state, video.progress_percent, video.generation_seconds) == (video_pb2.COMPLETED, 100, 30.0)


def test_a_video_is_cancelled_once_and_a_completed_one_never(video: video_pb2.Video) -> None:
    lifecycle.cancelled(video, NOW)
    sequence = video.sequence
    lifecycle.cancelled(video, NOW)
    assert (video.failure.reason, video.sequence) == ("CANCELLED", sequence)
    video.state = video_pb2.COMPLETED
    with pytest.raises(CallError) as refused:
        lifecycle.cancelled(video, NOW)
    assert refused.value.reason == reason_pb2.REASON_VIDEO_FINISHED


def test_only_what_can_be_played_is_archived(video: video_pb2.Video) -> None:
    with pytest.raises(CallError):
        lifecycle.archived(video, True, NOW)
    lifecycle.completed(video, 1.0, [], video_pb2.VideoFile(), NOW)
    lifecycle.archived(video, True, NOW)
    assert video.state == video_pb2.ARCHIVED
    lifecycle.archived(video, False, NOW)
    assert video.state == video_pb2.COMPLETED


def test_a_failed_video_says_why_it_cannot_be_played(video: video_pb2.Video) -> None:
    lifecycle.failed(video, document_pb2.Failure(reason="RENDER_FAILED", message="A scene broke."), NOW)
    with pytest.raises(CallError) as refused:
        lifecycle.require_completed(video)
    assert "RENDER_FAILED" in refused.value.message


def test_a_late_worker_is_refused() -> None:
    lifecycle.refuse_stale(3, 3)
    with pytest.raises(CallError) as refused:
        lifecycle.refuse_stale(2, 3)
    assert refused.value.reason == reason_pb2.REASON_STALE_LEASE


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", None),
        ("bytes=0-", Span(0, 100)),
        ("bytes=10-19", Span(10, 20)),
        ("bytes=90-200", Span(90, 100)),
        ("bytes=-10", Span(90, 100)),
        ("bytes=-500", Span(0, 100)),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
    ],
)
def test_ranges_are_read_as_the_rfc_has_them(header: str, span: Span | None) -> None:
    assert requested_span(header, 100) == span


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_outside_of_the_file_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(UnsatisfiableRange):
        requested_span(header, 100)


@given(st.text(max_size=30), st.integers(1, 10**9))
def test_any_range_header_gives_bytes_of_the_file_or_is_refused(header: str, size: int) -> None:
    try:
        span = requested_span(header, size)
    except UnsatisfiableRange:
        return
    assert span is None or 0 <= span.start < span.end <= size
