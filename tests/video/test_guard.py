import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from longtake.errors import UserError
from longtake.video.config import Limits
from longtake.video.guard import Guard, GuardPool, Span, VideoFault
from longtake.video.process import WorkerStartError

from .drawn import write_film, write_sound_only

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def reason_of(guard, path):
    with pytest.raises(VideoFault) as caught:
        for _ in guard.frames(path, width=64, height=64):
            pass
    return caught.value.reason


def count_frames(guard, path):
    return sum(len(batch.times_s) for batch in guard.frames(path, width=64, height=64))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone_within(pid, seconds):
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


HOSTILE = {
    "noise.mp4": np.random.default_rng(0).bytes(100_000),
    "empty.mp4": b"",
    "words.mp4": b"It was a dark and stormy night.\n" * 100,
    "header.mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_film_is_unreadable(name, tmp_path, guard):
    (tmp_path / name).write_bytes(HOSTILE[name])
    assert reason_of(guard, tmp_path / name) == "unreadable"


def test_probe_gives_the_same_reason_as_frames(tmp_path, guard):
    (tmp_path / "words.mp4").write_bytes(HOSTILE["words.mp4"])
    with pytest.raises(VideoFault) as caught:
        guard.probe(tmp_path / "words.mp4")
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("name", ["list.m3u8", "list.ffconcat", "list.mpd", "list.sdp", "list.mp4"])
def test_a_script_that_leads_to_another_file_is_unreadable(name, film, tmp_path, guard):
    scripts = {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\nfile://{film}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile '{film}'\n",
        "list.mpd": f'<?xml version="1.0"?><MPD><Period><BaseURL>file://{film}</BaseURL></Period></MPD>',
        "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        "list.mp4": f"ffconcat version 1.0\nfile '{film}'\n",
    }
    (tmp_path / name).write_text(scripts[name])
    assert reason_of(guard, tmp_path / name) == "unreadable"


def test_sound_without_a_picture_is_no_video(tmp_path, guard):
    assert reason_of(guard, write_sound_only(tmp_path / "song.mp4")) == "no_video"


def test_a_film_whose_index_was_cut_off_is_unreadable(film, tmp_path, guard):
    half = tmp_path / "half.mp4"
    half.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    assert reason_of(guard, half) == "unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_unreadable_and_is_not_waited_for(tmp_path, guard):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert reason_of(guard, tmp_path / "pipe.mp4") == "unreadable"


def test_a_missing_file_is_the_machines_trouble_not_the_films(tmp_path, guard):
    with pytest.raises(FileNotFoundError):
        guard.probe(tmp_path / "nowhere.mp4")


def test_a_name_with_a_colon_or_a_foreign_byte_is_a_name(film, tmp_path, guard):
    for name in (b"http:x.mp4", b"caf\xe9 \xff.mp4", b"concat:a|b.mp4"):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(film.read_bytes())
        assert guard.probe(path).frames == 30


def test_too_many_pixels_are_refused(film):
    with Guard(Limits(max_pixels=160 * 96 - 1)) as guard:
        assert reason_of(guard, film) == "too_large"
    with Guard(Limits(max_pixels=160 * 96)) as guard:
        assert count_frames(guard, film) == 30


def test_too_many_pixels_half_way_are_refused(films):
    small = write_film(films / "s.ts", 10).read_bytes()
    large = write_film(films / "l.ts", 10, size=(320, 192)).read_bytes()
    (films / "sl.ts").write_bytes(small + large)
    with Guard(Limits(max_pixels=160 * 96)) as guard, pytest.raises(VideoFault) as caught:
        count_frames(guard, films / "sl.ts")
    assert caught.value.reason == "too_large"


def test_the_time_limit_ends_a_long_film_and_the_next_film_works(endless, film):
    with Guard(Limits(wall_s=1.0)) as guard:
        with pytest.raises(VideoFault) as caught:
            count_frames(guard, endless)
        assert caught.value.reason == "time_limit"
        assert count_frames(guard, film) == 30


def test_time_that_the_caller_takes_is_not_counted(film):
    with Guard(Limits(wall_s=2.0)) as guard:
        for _ in guard.frames(film, width=1280, height=720):
            time.sleep(0.1)


def test_the_processor_limit_ends_a_long_film_and_the_next_film_works(endless, film):
    with Guard(Limits(cpu_s=1)) as guard:
        with pytest.raises(VideoFault) as caught:
            count_frames(guard, endless)
        assert caught.value.reason == "cpu_limit"
        assert count_frames(guard, film) == 30


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not bound address space")
def test_the_memory_limit_ends_a_huge_film_and_the_next_film_works(films, film):
    huge = write_film(films / "huge.mov", 1, size=(6400, 6400), codec="mjpeg", pixel_format="yuvj444p")
    with Guard(Limits(memory_bytes=384 << 20)) as guard:
        with pytest.raises(VideoFault) as caught:
            count_frames(guard, huge)
        assert caught.value.reason == "memory_limit"
        assert count_frames(guard, film) == 30
    with Guard() as guard:
        assert count_frames(guard, huge) == 1


def test_the_output_limit_ends_a_cut_and_leaves_nothing(film, tmp_path):
    spans = [Span(name="a", start_frame=0, end_frame=10), Span(name="b", start_frame=10, end_frame=30)]
    with Guard(Limits(output_bytes=1000)) as guard:
        with pytest.raises(VideoFault) as caught:
            guard.cut(film, spans, tmp_path)
        assert caught.value.reason == "output_limit"
    assert list(tmp_path.iterdir()) == []


def test_a_worker_killed_half_way_is_a_crash_and_the_next_film_works(endless, film):
    with Guard() as guard:
        batches = guard.frames(endless, width=64, height=64)
        next(batches)
        os.kill(guard.worker_pid, signal.SIGKILL)
        with pytest.raises(VideoFault) as caught:
            for _ in batches:
                pass
        assert caught.value.reason == "worker_crashed"
        assert count_frames(guard, film) == 30


def test_an_iterator_left_half_way_leaves_the_guard_usable(endless, film):
    with Guard() as guard:
        left = guard.frames(endless, width=64, height=64)
        next(left)
        assert guard.probe(film).frames == 30
        with pytest.raises(RuntimeError, match="ended by a later call"):
            next(left)
        for _ in guard.frames(endless, width=64, height=64):
            break
        assert count_frames(guard, film) == 30


def test_a_worker_serves_many_files_and_is_then_replaced(film, tmp_path):
    copies = [tmp_path / f"{k}.mp4" for k in range(5)]
    for copy in copies:
        copy.write_bytes(film.read_bytes())
    pids = []
    with Guard(Limits(files_per_worker=2)) as guard:
        for copy in copies:
            guard.probe(copy)
            assert count_frames(guard, copy) == 30
            pids.append(guard.worker_pid)
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


def test_a_pool_gives_each_thread_its_own_guard(film):
    counted = []

    def work(pool):
        with pool.guard() as guard:
            counted.append((count_frames(guard, film), guard.worker_pid))
            everyone.wait(30)

    everyone = threading.Barrier(2)
    with GuardPool(2) as pool:
        threads = [threading.Thread(target=work, args=(pool,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [frames for frames, _ in counted] == [30, 30]
    assert counted[0][1] != counted[1][1]
    with pytest.raises(UserError, match="0 guards"):
        GuardPool(0)


@linux_only
def test_a_worker_inherits_no_credentials_and_no_open_files(film, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame")
    monkeypatch.setenv("HF_TOKEN", "sesame")
    with (tmp_path / "secret").open("w") as secret, Guard() as guard:
        os.set_inheritable(secret.fileno(), True)
        guard.probe(film)
        environment = Path(f"/proc/{guard.worker_pid}/environ").read_text()
        files = [str(entry.readlink()) for entry in Path(f"/proc/{guard.worker_pid}/fd").iterdir()]
    assert "sesame" not in environment
    assert "PATH=" in environment
    assert len(files) == 5
    assert not any("secret" in name for name in files)


def test_a_worker_loads_av_and_numpy_and_nothing_else():
    code = "import longtake.video.worker, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )
    assert {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")} <= {
        "av",
        "numpy",
        "longtake",
        "cython_runtime",
        "sitecustomize",
        "apport_python_hook",
    }


@linux_only
def test_fifty_files_leave_no_process_no_file_and_no_memory_behind(film, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"bad")
    shared_folder = Path("/dev/shm")

    def held():
        children = [Path(task, "children").read_text().split() for task in Path("/proc/self/task").iterdir()]
        return len(list(Path("/proc/self/fd").iterdir())), sum(map(len, children)), sorted(shared_folder.glob("*"))

    gc.collect()  # what earlier tests left would be let go in between
    before = held()
    with Guard(Limits(files_per_worker=16)) as guard:
        for k in range(50):
            path = tmp_path / f"{k}.mp4"
            path.symlink_to(film)
            assert count_frames(guard, path) == 30
            path.unlink()
        with pytest.raises(VideoFault):
            guard.probe(tmp_path / "bad.mp4")
    assert held() == before


@linux_only
@pytest.mark.parametrize("doing", ["nothing", "cutting"])
def test_a_worker_dies_with_its_parent(doing, film, endless, tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from longtake.video.guard import Guard, Span\n"
        "guard = Guard(); guard.probe(Path(sys.argv[1])); print(guard.worker_pid, flush=True)\n"
        "if sys.argv[3] == 'cutting':\n"
        "    guard.cut(Path(sys.argv[2]), [Span(name='a', start_frame=9000, end_frame=9001)], Path(sys.argv[4]))\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(film), str(endless), doing, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        time.sleep(0.3)
        assert alive(worker)
        parent.kill()
    assert gone_within(worker, 5)


def test_a_worker_that_does_not_start_is_blamed_on_no_film(film, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(WorkerStartError, match="does not start"), Guard() as guard:
        guard.probe(film)


def test_a_closed_guard_starts_again(film):
    guard = Guard()
    assert guard.probe(film).frames == 30
    guard.close()
    guard.close()
    assert guard.worker_pid is None
    with guard:
        assert guard.probe(film).frames == 30
