"""A clip in a file, looked at once."""

import sys

import numpy as np
import pytest

from longtake.captioning.config import CaptioningConfig, Endpoint, Measured, Sampling
from longtake.captioning.looking import Tools, look_at, open_tools
from longtake.errors import UserError
from longtake.scoring.faults import Unmeasurable
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard
from tests.drawing import shot, write_video

PLAIN = CaptioningConfig(measured=Measured(subject=False, text=False))
SERVER = Endpoint(url="http://127.0.0.1:1/v1", model="m")


class Counting(Guard):
    glimpses = 0

    def glimpse(self, *given):
        self.glimpses += 1
        return super().glimpse(*given)


@pytest.fixture(scope="module")
def guard():
    with Counting() as guard:
        yield guard


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    write_video(shot(1, 30), path)
    return path


def test_measured_gets_facts_and_no_frames(guard, clip):
    seen = look_at(clip, guard, PLAIN, open_tools(PLAIN))
    assert seen.frames_NHW3 is None
    assert (seen.width, seen.height) == shot(1, 1).shape[2:0:-1]
    facts = seen.facts
    assert facts.camera
    assert facts.palette
    assert (facts.subjects, facts.texts) == ((), ())
    assert type(facts).of_json(facts.to_json()) == facts


def test_a_model_gets_frames_and_facts_from_one_decode(guard, clip):
    config = CaptioningConfig(captioner="endpoint", endpoint=SERVER, sampling=Sampling(frames=4, size_px=80))
    before = guard.glimpses
    seen = look_at(clip, guard, config, open_tools(config))
    assert guard.glimpses == before + 1
    assert len(seen.frames_NHW3) == len(seen.times_s) == 4
    assert max(seen.frames_NHW3.shape[1:3]) == 80
    assert seen.times_s == pytest.approx(seen.duration_s * (np.arange(4) + 0.5) / 4, abs=0.05)
    assert seen.facts.palette


def test_frames_are_not_enlarged_and_facts_can_be_left_out(guard, clip):
    config = CaptioningConfig(captioner="endpoint", endpoint=SERVER, sampling=Sampling(size_px=1536), facts=False)
    seen = look_at(clip, guard, config, Tools())
    assert seen.facts is None
    assert seen.frames_NHW3.shape[1:3] == (seen.height, seen.width)


def test_tools_are_asked_what_they_see(guard, clip):
    class Sure:
        def chances(self, frames_NHW3):
            return np.eye(1000)[293]

    class Fast:
        def read(self, frames_NHW3):
            return ("EXIT",)

    facts = look_at(clip, guard, CaptioningConfig(), Tools(classifier=Sure(), reader=Fast())).facts
    assert [(subject.name, subject.confidence) for subject in facts.subjects] == [("cheetah", 1.0)]
    assert facts.texts == ("EXIT",)


def test_what_is_no_film_or_has_one_frame_has_a_reason(guard, tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(4096))
    with pytest.raises(VideoFault):
        look_at(tmp_path / "no.mp4", guard, PLAIN, Tools())
    write_video(shot(1, 1), tmp_path / "one.mp4")
    with pytest.raises(Unmeasurable, match="one_frame"):
        look_at(tmp_path / "one.mp4", guard, PLAIN, Tools())


@pytest.mark.parametrize(
    ("missing", "extra", "measured"),
    [("torch", "captioning", "subject"), ("rapidocr", "ocr", "text")],
)
def test_a_missing_extra_is_named_with_the_way_around_it(monkeypatch, missing, extra, measured):
    monkeypatch.delitem(sys.modules, "longtake.captioning.measured.classifier", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    looks = Measured(**{"subject": False, "text": False, measured: True})
    with pytest.raises(UserError, match=rf"longtake\[{extra}\].*{{{measured}: false}}"):
        open_tools(CaptioningConfig(measured=looks))


def test_a_model_needs_no_tools():
    tools = open_tools(CaptioningConfig(captioner="endpoint", endpoint=SERVER))
    assert (tools.classifier, tools.reader) == (None, None)
