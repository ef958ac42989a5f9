import pytest


@pytest.fixture(autouse=True)
def one_worker(request, monkeypatch):
    """A step starts as many workers as there are processors: for films of a second their start is most of the work."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setenv("LONGTAKE_WORKERS", "1")
