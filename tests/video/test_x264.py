import subprocess
import sys

import pytest

from longtake.video.x264 import x264_options

ENCODE = """
import hashlib, io, av, numpy as np
from longtake.video.x264 import x264_options
blocks = np.random.default_rng(0).integers(30, 226, (9, 16, 3), dtype=np.uint8)
picture = np.kron(blocks, np.ones((20, 20, 1), np.uint8))
file = io.BytesIO()
with av.open(file, "w", format="h264") as container:
    stream = container.add_stream("libx264", rate=25, options=x264_options(crf=23, preset="medium"))
    stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
    for shift in range(70):
        frame = np.ascontiguousarray(np.roll(picture, 2 * shift, axis=1))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
    container.mux(stream.encode())
print(hashlib.sha256(file.getvalue()).hexdigest())
"""


def encoded(perturbed):
    done = subprocess.run(
        [sys.executable, "-c", ENCODE], env={"MALLOC_PERTURB_": perturbed}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="MALLOC_PERTURB_ is of the GNU C library")
def test_the_bytes_do_not_depend_on_what_was_in_memory_before():
    assert encoded("1") == encoded("85") == encoded("170")


def test_a_processor_without_avx_512_is_told_nothing_of_what_it_can_do(tmp_path):
    (tmp_path / "cpuinfo").write_text("flags : fpu sse4_2 avx avx2\n")
    assert "x264-params" not in x264_options(crf=18, preset="medium", cpuinfo=tmp_path / "cpuinfo")
    assert "x264-params" not in x264_options(crf=18, preset="medium", cpuinfo=tmp_path / "none")
    (tmp_path / "cpuinfo").write_text("flags : fpu avx2 avx512f avx512dq\n")
    assert "AVX512" not in x264_options(crf=18, preset="medium", cpuinfo=tmp_path / "cpuinfo")["x264-params"]
