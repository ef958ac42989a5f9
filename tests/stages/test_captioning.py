import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from longtake.captioning.facts import Facts
from longtake.config import load_config
from longtake.datasets.stored import write_dataset
from longtake.errors import TransientError, UserError
from longtake.lake import Lake
from longtake.records import Caption, Clip
from longtake.shards import plan_shards
from longtake.stages import captioning, listing, slicing
from longtake.stages.config import CaptioningStageConfig
from tests.drawing import draw_raw
from tests.rows import dataset, selection

SLICING = {"rule": {"min_clip_s": 1.0}}
QUICK = {"writing": {"measured": {"subject": False, "text": False}}}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    """A folder with a lake and a dataset that keeps two of its three clips."""
    folder = tmp_path_factory.mktemp("chosen")
    draw_raw(folder / "raw")
    places = {"raw": str(folder / "raw"), "data_root": str(folder / "data")}
    listing.run(**places, shards=1)
    slicing.run(**places, config=SLICING)
    lake = Lake(places["data_root"])
    clips = sorted((row for row in lake.tables.read(Clip) if row.uri), key=lambda row: row.clip_id)
    lake.tables.merge([selection(clips[0], reason="dark"), *map(selection, clips[1:])])
    write_dataset(lake, dataset(made_by={"slicing": clips[0].made_by, "scoring": "none", "selecting": "m"}, clips=2))
    return folder


@pytest.fixture
def lake(chosen, tmp_path):
    """A copy of the lake, to be changed."""
    shutil.copytree(chosen / "data", tmp_path / "data")
    return Lake(str(tmp_path / "data"))


@pytest.fixture
def caption(lake):
    def run(**given):
        return captioning.run(**{"data_root": lake.data_root, "config": QUICK} | given)

    return run


def kept(lake):
    """The clips that the dataset keeps."""
    return sorted((row for row in lake.tables.read(Clip) if row.uri), key=lambda row: row.clip_id)[1:]


def test_every_clip_that_is_kept_gets_a_caption_once_and_again_does_nothing(caption, lake):
    summary = caption()
    assert (summary.items, summary.inputs, summary.skipped, summary.dataset) == ({"kept": 2}, 2, 0, "clips-0000aaaa")
    rows = lake.tables.read(Caption)
    assert {row.clip_id for row in rows} == {clip.clip_id for clip in kept(lake)}
    for row in rows:
        assert 150 <= row.words == len(row.text.split()) <= 250
        assert row.captioner == "measured 1"
        assert Facts.of_json(row.facts).camera
    version = lake.tables.version(Caption)
    again = caption()
    assert (again.items, again.skipped, lake.tables.version(Caption)) == ({"kept": 2}, 2, version)
    assert rows[0].text.split()[0] in lake.objects.read("reports/by-hand/captioning-1of1.html").decode()


def test_shards_caption_their_own_clips_and_give_the_rows_of_one(caption, lake, tmp_path):
    shutil.copytree(tmp_path / "data", tmp_path / "other")
    for shard in plan_shards({clip.bucket: 1 for clip in kept(lake)}, 2):
        caption(shard=str(shard))
    caption(data_root=str(tmp_path / "other"))
    assert lake.tables.read(Caption) == Lake(str(tmp_path / "other")).tables.read(Caption)


def test_a_clip_that_can_t_be_read_is_a_row_with_a_reason_and_one_that_is_gone_is_none(caption, lake):
    broken, gone = kept(lake)
    lake.objects.put(broken.uri, b"nothing" * 100, overwrite=True)
    lake.objects.delete(gone.uri)
    summary = caption()
    assert (summary.items, summary.gone, summary.exit_code) == ({"quarantined:unreadable": 1}, 1, 10)
    (row,) = lake.tables.read(Caption)
    assert (row.clip_id, row.text, row.words, row.subject) == (broken.clip_id, None, None, None)


@pytest.fixture
def server():
    """A server that a model is behind, whose `answers` are prose; without them it answers 503."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = serving.answer(asked) if serving.answer else None
            body = json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}).encode()
            self.send_response(200 if content else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.answer = None
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield serving
    serving.shutdown()
    serving.server_close()


def asking(server, **work):
    """A config that asks this server."""
    endpoint = {"url": f"http://127.0.0.1:{server.server_port}/v1", "model": "tall"}
    writing = {"captioner": "endpoint", "endpoint": endpoint, "facts": False, "rules": {"words_min": 5}}
    return {"writing": writing, "work": {"requests": {"attempts": 1, "backoff_s": 0.01}, **work}}


def answer(asked):
    """Six parts where frames come with the question, else a description."""
    sentences = (
        "A boat crosses the lake. It drifts to the left. Hills stand behind it. The light is soft. "
        "It is seen from the shore. A trip ends."
    )
    if len(asked["messages"][-1]["content"]) == 1 or isinstance(asked["messages"][-1]["content"], str):
        return "A boat crosses the lake in soft light and drifts to the left before the hills."
    names = ("subject", "movement", "environment", "visual", "camera", "overall")
    return json.dumps(dict(zip(names, sentences.split(". "), strict=True)))


def test_a_clip_for_which_a_server_had_no_answer_is_tried_again_by_the_next_run(caption, lake, server):
    with pytest.raises(TransientError, match="any of 2 clips"):
        caption(config=asking(server))
    assert [row.reason for row in lake.tables.read(Caption)] == ["endpoint_failed"] * 2
    server.answer = answer
    second = caption(config=asking(server))
    assert (second.items, second.skipped) == ({"kept": 2}, 0)
    assert (second.captioner, second.mean_words) == ("endpoint tall", 16)
    assert caption(config=asking(server)).skipped == 2
    assert {row.subject for row in lake.tables.read(Caption) if not row.reason} == {"A boat crosses the lake"}


def makers(**config):
    return captioning.makers(load_config(CaptioningStageConfig, config, where="captioning config"))


def test_only_what_changes_captions_makes_others():
    endpoint = {"url": "http://a/v1", "model": "tall"}
    plain = makers(writing={"captioner": "endpoint", "endpoint": endpoint})
    assert plain == makers(
        writing={"captioner": "endpoint", "endpoint": {**endpoint, "url": "http://b/v1", "key_variable": "OTHER"}},
        work={"models": 3},
    )
    assert plain != makers(writing={"captioner": "endpoint", "endpoint": {**endpoint, "model": "small"}})
    assert plain != makers(writing={"captioner": "endpoint", "endpoint": endpoint, "rules": {"words_max": 300}})
    assert makers() == makers(writing={"asking": {"attempts": 3}})
    limited = makers(limits={"wall_s": 3})
    assert (limited.good, limited.failed) == (makers().good, limited.failed)
    assert limited.failed != makers().failed


def test_a_dataset_that_is_not_there_and_a_captioner_without_its_section_are_the_user_s_mistakes(caption):
    with pytest.raises(UserError, match="did you mean clips"):
        caption(dataset="clip")
    with pytest.raises(UserError, match="give captioner: endpoint, or leave endpoint out"):
        caption(config={"writing": {"endpoint": {"url": "http://a/v1", "model": "tall"}}})
    with pytest.raises(UserError, match=r"'writing\.endpoint\.modle'; did you mean 'model'"):
        caption(config={"writing": {"captioner": "endpoint", "endpoint": {"url": "http://a/v1", "modle": "tall"}}})
    with pytest.raises(UserError, match="give endpoint:"):
        caption(config={"writing": {"captioner": "endpoint"}})
