"""Scenes with most to say are begun first, so that at the end no worker waits long for another."""

from hypothesis import given
from hypothesis import strategies as st
from mootion.video.v1 import script_pb2, video_pb2

from services.video.lifecycle import scene_jobs


@given(st.lists(st.lists(st.text(max_size=20), max_size=4), max_size=12))
def test_every_scene_is_queued_once_and_none_before_a_longer_one(narrations: list[list[str]]) -> None:
    scenes = [script_pb2.Scene(scene_id=f"s{n}", narration=said) for n, said in enumerate(narrations)]
    jobs = scene_jobs(video_pb2.Video(video_id="v"), script_pb2.LessonScript(scenes=scenes))
    lengths = [sum(map(len, job.scene.narration)) for job in jobs]
    assert lengths == sorted(lengths, reverse=True)
    assert sorted(job.scene_index for job in jobs) == list(range(len(scenes)))
    assert all(job.scene == scenes[job.scene_index] for job in jobs)
