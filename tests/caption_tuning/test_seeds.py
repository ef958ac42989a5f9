import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.caption_tuning.seed_files import LINE_BYTES, read_jsonl, read_koala
from longtake.caption_tuning.seeds import REASONS, LeftOut, Seed, collect, read_captions
from longtake.captioning.config import Rules
from longtake.captioning.schema import NAMES
from longtake.errors import UserError
from longtake.records import Caption
from tests.caption_tuning.drawn import parts, seed

PARTS = {name: getattr(parts(), name) for name in NAMES}
RULES = Rules(words_min=5)


@pytest.fixture
def read(tmp_path):
    """Reads lines, each given as bytes or as an object."""
    for name in ("clip.mp4", "still.JPG"):
        (tmp_path / name).write_bytes(b"film")

    def run(*lines):
        path = tmp_path / "seeds.jsonl"
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
        return list(read_jsonl(path))

    return run


def test_a_line_has_a_clip_or_an_image_with_parts_a_text_or_both(read, tmp_path):
    both, described, still = read(
        {
            "media": "clip.mp4",
            **PARTS,
            "text": " A box. ",
            "start_s": 1,
            "end_s": 2.5,
            "source": "film",
            "mood": "grey",
        },
        {"media": str(tmp_path / "clip.mp4"), "text": "A box."},
        {"media": "still.JPG", **PARTS},
    )
    assert (both.parts, both.text, both.start_s, both.end_s, both.source) == (parts(), "A box.", 1.0, 2.5, "film")
    assert (described.media, described.parts, described.source) == (str(tmp_path / "clip.mp4"), None, "clip")
    assert (still.kind, still.text, still.place) == ("image", None, "seeds.jsonl line 3")


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b'{"media": "clip.mp4", "text": "A b', "unreadable_line", "Unterminated string"),
        (b"[" * 100_000, "unreadable_line", ""),
        (b"\xff\xfe\x00", "unreadable_line", ""),
        (b"7", "unreadable_line", "expected an object"),
        ({"media": "clip.mp4", "text": ["A box."]}, "unreadable_line", "text is"),
        ({"media": "clip.mp4", "text": "half \ud800"}, "unreadable_line", "surrogate"),
        ({"text": "A box."}, "unreadable_line", "there is no media"),
        ({"media": "clip.mp4", "text": "A box.", "kind": "film"}, "unreadable_line", "expected image or video"),
        ({"media": "clip.mp4", "text": "A box.", "start_s": "1"}, "unreadable_line", "expected seconds"),
        ({"media": "clip.mp4", "text": "A box.", "start_s": 10**400}, "unreadable_line", "expected seconds"),
        ({"media": "clip.mp4", "text": "A box.", "start_s": 2, "end_s": 2}, "unreadable_line", "no span of a video"),
        ({"media": "still.JPG", "text": "A box.", "end_s": 2}, "unreadable_line", "no span of an image"),
        ({"media": "clip.mp4"}, "nothing_said", ""),
        ({"media": "clip.mp4", "text": "A box.", "subject": "A box."}, "part_missing", "no movement, environment"),
        ({"media": "nowhere.mp4", "text": "A box."}, "no_media", "nowhere.mp4"),
        ({"media": "no\0where.mp4", "text": "A box."}, "no_media", ""),
        ({"media": ".", "text": "A box."}, "no_media", "is no file"),
        (b" " * LINE_BYTES + b"{}", "unreadable_line", "longer than"),
    ],
)
def test_a_bad_line_is_left_out_with_its_place_and_reason_and_the_next_is_read(read, line, reason, detail):
    bad, good = read(line, {"media": "clip.mp4", "text": "A box."})
    assert (bad.place, bad.reason) == ("seeds.jsonl line 1", reason)
    assert detail in bad.detail
    assert isinstance(good, Seed)
    assert good.place == "seeds.jsonl line 2"


@given(
    st.dictionaries(
        st.sampled_from(["media", "text", "kind", "source", "start_s", "end_s", *NAMES]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=9)
        | st.lists(st.integers(), max_size=2),
    )
)
def test_whatever_a_line_holds_it_is_a_caption_or_has_a_reason(tmp_path_factory, found):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_text(json.dumps(found))
    (item,) = read_jsonl(path)
    assert isinstance(item, LeftOut)
    assert item.reason in REASONS


def test_a_file_that_was_changed_gets_other_frames(read, tmp_path):
    line = {"media": "clip.mp4", "text": "A box."}
    (before,) = read(line)
    (tmp_path / "clip.mp4").write_bytes(b"another film")
    (after,) = read(line)
    assert before.name != after.name


def test_koalas_rows_are_texts_of_spans_of_the_videos_named_by_their_ids(tmp_path):
    for name in ("aB-_1.mp4", "twice.mp4", "twice.webm"):
        (tmp_path / name).write_bytes(b"film")
    rows = [
        "videoID,url,timestamp,caption",
        "aB-_1_7,u,\"['0:00:01.500', '0:00:04.000']\",a box moves",
        "aB-_1_8,u,\"['0:00:01.500', '0:00:04.000']\",",
        "gone_0,u,\"['0:00:01.500', '0:00:04.000']\",a box moves",
        "twice_0,u,\"['0:00:01.500', '0:00:04.000']\",a box moves",
        "aB-_1_9,u,never,a box moves",
    ]
    path = tmp_path / "koala.csv"
    path.write_text("\n".join(rows))
    good, *bad = read_koala(path, tmp_path)
    assert (good.source, good.text, good.start_s, good.end_s) == ("aB-_1", "a box moves", 1.5, 4.0)
    assert good.media == str(tmp_path / "aB-_1.mp4")
    assert [item.reason for item in bad] == ["nothing_said", "no_media", "ambiguous_media", "unreadable_line"]
    with pytest.raises(UserError, match="is no folder"):
        list(read_koala(path, tmp_path / "nowhere"))


def test_rows_of_our_table_are_captions_where_they_have_one():
    plain = dict.fromkeys(field.name for field in fields(Caption)) | {
        "clip_id": "c",
        "video_id": "v",
        "text": "A box.",
        "made_by": "m",
    }
    written = Caption(**plain | PARTS | {"bucket": 0, "captioner": "measured 1"})
    failed = Caption(**plain | {"clip_id": "d", "bucket": 0, "captioner": "measured 1", "reason": "refusal"})
    (found,) = read_captions([(written, "clips/c.mp4"), (failed, "clips/d.mp4")])
    assert (found.media, found.source, found.parts, found.text) == ("clips/c.mp4", "v", parts(), "A box.")


def test_what_captioning_would_turn_down_and_what_stood_there_before_teaches_nothing():
    refusal = seed(1, text="I am sorry, I cannot see the picture that you speak of.")
    found = collect([seed(0), seed(0), refusal, seed(1, text="A box."), LeftOut("x", "no_media"), seed(2)], RULES)
    assert [item.place for item in found.kept] == ["seeds.jsonl line 1", "seeds.jsonl line 3"]
    assert [item.reason for item in found.left_out] == ["repeated", "refusal", "too_short", "no_media"]
    assert collect([refusal], None).kept == [refusal]
