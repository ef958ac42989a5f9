"""A glimpse by a worker that lies: its answers are checked like every other."""

import json
import sys

import pytest

from longtake.video.faults import VideoFault
from longtake.video.guard import Fit, Guard, Patches

ANSWER = {"frames": 30, "duration_s": 1.2, "width": 160, "height": 96}
FIT = {"times_s": [0.0, 0.5], "width": 64, "height": 38}
PATCHES = {"times_s": [0.0], "width": 64, "height": 64}
LIAR = """#!{python}
import json, os, struct, sys
def send(**message):
    body = json.dumps(message).encode()
    os.write(int(sys.argv[-3]), struct.pack(">I", len(body)) + body)
send(kind="ready")
sys.stdin.readline()
send(kind="glimpse", glimpse=json.loads({answer!r}))
send(kind="done")
sys.stdin.readline()
"""


def ask_liar(answer, folder, monkeypatch):
    script = folder / "liar"
    script.write_text(LIAR.format(python=sys.executable, answer=json.dumps(answer)))
    script.chmod(0o700)
    views = {"fit": Fit(times_s=(0.0, 0.5), size_px=64), "patches": Patches(times_s=(0.0,), grid=2, patch_px=32)}
    with Guard() as guard, monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(script))
        return guard.glimpse(folder / "film.mp4", views)


def test_a_worker_that_answers_as_asked_is_believed(tmp_path, monkeypatch):
    glimpse = ask_liar(ANSWER | {"views": [FIT, PATCHES]}, tmp_path, monkeypatch)
    assert [seen.frames_NHW3.shape for seen in glimpse.views.values()] == [(2, 38, 64, 3), (1, 64, 64, 3)]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        ANSWER,
        ANSWER | {"views": [FIT]},
        ANSWER | {"views": [FIT, PATCHES, PATCHES]},
        ANSWER | {"views": [FIT, 5]},
        ANSWER | {"views": [FIT, PATCHES], "frames": 1},
        ANSWER | {"views": [FIT, PATCHES], "frames": True},
        ANSWER | {"views": [FIT, PATCHES], "duration_s": float("nan")},
        ANSWER | {"views": [FIT, PATCHES], "duration_s": 0.4},
        ANSWER | {"views": [FIT, PATCHES], "width": -1},
        ANSWER | {"views": [FIT, PATCHES], "more": 1},
        *(
            ANSWER | {"views": [FIT | lie, PATCHES]}
            for lie in [
                {"times_s": []},
                {"times_s": None},
                {"times_s": [0.0, 0.0]},
                {"times_s": [0.5, 0.0]},
                {"times_s": [0.0, 0.1, 0.2]},
                {"times_s": [-0.5, 0.0]},
                {"times_s": [0.0, float("inf")]},
                {"times_s": [float("nan"), 0.5]},
                {"times_s": ["0", 0.5]},
                {"width": 65},
                {"height": 65},
                {"height": 0},
                {"height": 38.5},
                {"shape": 1},
            ]
        ),
        *(
            ANSWER | {"views": [FIT, PATCHES | lie]}
            for lie in [{"width": 63}, {"height": 128}, {"times_s": [0.0, 0.1]}]
        ),
    ],
    ids=str,
)
def test_a_worker_that_lies_is_not_believed(answer, tmp_path, monkeypatch):
    with pytest.raises(VideoFault, match="it sent a") as caught:
        ask_liar(answer, tmp_path, monkeypatch)
    assert caught.value.reason == "worker_crashed"
