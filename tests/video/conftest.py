import pytest

from longtake.video.guard import Guard

from .drawn import write_film


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="session")
def film(films):
    """Thirty frames at 25 a second, 160x96, with B-frames."""
    options = {"crf": "10", "preset": "ultrafast", "x264-params": "bframes=3:b-adapt=0:keyint=12:open-gop=1"}
    return write_film(films / "plain.mp4", options=options)


@pytest.fixture(scope="session")
def endless(films):
    """A film that takes long to decode and took none to make: one second of it, over and over."""
    once = write_film(films / "once.ts", 25, size=(640, 352)).read_bytes()
    path = films / "endless.ts"
    with path.open("wb") as file:
        for _ in range(1500):
            file.write(once)
    return path


@pytest.fixture(scope="module")
def guard():
    with Guard() as guard:
        yield guard
