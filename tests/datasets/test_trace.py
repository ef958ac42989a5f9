import json

import pytest

from longtake.datasets.trace import find_trace, render_trace
from longtake.errors import UserError
from longtake.lake import Lake
from tests.datasets.lakes import fill, make_video
from tests.rows import caption, clip, score, selection

ID = "ab12cd" + "0" * 26


@pytest.fixture
def lake(tmp_path):
    """A clip found by two makers, scored by two, in two datasets and in a third that was never finished."""
    lake = Lake(str(tmp_path))
    fill(lake)
    fill(lake, name="other-0000bbbb", made_at="2026-02-01", validation_share=0.0)
    video = make_video(70, uris=["s3://raw/<b>bold</b>.mp4", "s3://raw/copy.mp4"])
    cut = clip(3, video, clip_id=ID, uri=f"clips/ab/{ID}.mp4", poster_uri=f"clips/ab/{ID}.jpg")
    lake.objects.put(cut.uri, b"a small film")
    lake.objects.put(cut.poster_uri, b"a strip")
    lake.tables.merge([video])
    lake.tables.merge([cut, clip(3, video, clip_id=ID, uri=cut.uri, poster_uri=cut.poster_uri, made_by="n")])
    lake.tables.merge([score(cut, clarity=0.25), score(cut, made_by="k", scorer="koala-36m", vtss=4.5)])
    lake.tables.merge(
        [caption(cut, text="A <b>boat</b> drifts."), caption(cut, made_by="n", text=None, reason="refusal")]
    )
    lake.tables.merge(
        [
            selection(cut, reason="clarity", detail="clarity 0.25 < 0.3 <script>"),
            selection(cut, dataset="other-0000bbbb"),
            selection(cut, dataset="never-0000cccc"),
        ]
    )
    return lake


@pytest.mark.parametrize("given", [ID, ID[:6], ID[:20].upper(), f" {ID}\n"])
def test_a_clip_is_found_by_its_id_or_by_how_that_begins(lake, given):
    trace = find_trace(lake, given)
    assert trace.clip_id == ID
    assert [c.made_by for c in trace.clips] == ["m", "n"]
    assert trace.film_bytes == len(b"a small film")
    assert [(s.scorer, s.clarity, s.vtss) for s in trace.scores] == [("koala-36m", None, 4.5), ("longtake", 0.25, None)]
    assert [(row.made_by, row.reason) for row in trace.captions] == [("m", None), ("n", "refusal")]
    page = render_trace(lake, trace)
    assert "A &lt;b&gt;boat&lt;/b&gt; drifts." in page
    assert "refusal" in page
    uses = {use.selection.dataset: (use.selection.kept, use.split) for use in trace.uses}
    assert uses == {
        "clips-0000aaaa": (False, uses["clips-0000aaaa"][1]),
        "other-0000bbbb": (True, "train"),
        "never-0000cccc": (True, None),
    }
    assert uses["clips-0000aaaa"][1] in ("train", "validation")


def test_a_video_s_id_gives_all_its_clips(lake):
    trace = find_trace(lake, make_video(2).video_id)
    assert trace.clip_id is None
    assert [c.start_frame for c in trace.clips] == [0, 50, 100, 150]
    assert "Its clips" in render_trace(lake, trace)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("ab12c", "at least its first 6"),
        ("not-an-id", "no id"),
        ("0" * 33, "no id"),
        ("' or 1=1 --", "no id"),
        ("ffffff", "no clip's id begins"),
        ("f" * 32, "no clip and no video"),
        ("000000", "give more digits"),
    ],
)
def test_an_unknown_id_says_what_to_do(lake, given, word):
    with pytest.raises(UserError, match=word):
        find_trace(lake, given)


def test_the_page_shows_all_of_it_escaped_and_with_its_pictures(lake):
    page = render_trace(lake, find_trace(lake, ID))
    assert "YSBzbWFsbCBmaWxt" in page
    assert "YSBzdHJpcA==" in page
    for word in ("0.25", "koala-36m", "other-0000bbbb", "never finished", "s3://raw/copy.mp4", "clarity 0.25 &lt; 0.3"):
        assert word in page
    assert "<b>bold" not in page
    assert "<script>" not in page


def test_a_film_that_is_gone_or_large_is_said_and_not_shown(lake):
    lake.objects.put(f"clips/ab/{ID}.mp4", bytes(2_000_001), overwrite=True)
    assert "larger than 2 MB" in render_trace(lake, find_trace(lake, ID))
    lake.objects.delete(f"clips/ab/{ID}.mp4")
    lake.objects.delete(f"clips/ab/{ID}.jpg")
    page = render_trace(lake, find_trace(lake, ID))
    assert "no longer in the lake" in page
    assert "filmstrip is missing" in page


def test_the_json_has_every_row(lake):
    shown = json.loads(find_trace(lake, ID).to_json())
    assert (len(shown["clips"]), len(shown["scores"]), len(shown["datasets"])) == (2, 2, 3)
    assert shown["video"]["uris"] == ["s3://raw/<b>bold</b>.mp4", "s3://raw/copy.mp4"]
