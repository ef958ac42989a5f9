import base64
import random
from collections import Counter

import pytest

from longtake.report import contact_sheet, counts_in, listing_sheet
from longtake.video.faults import REASONS
from tests.report.reading import EVIL, Reader, check_stands_alone
from tests.rows import clip, video

URI = f"s3://raw/{EVIL}.mp4"


def contact(videos, clips, posters=None):
    return contact_sheet(
        videos,
        clips,
        lambda clip: (posters or {}).get(clip.clip_id, b""),
        sentences=REASONS,
        facts={},
        shard="1/1:0-63",
    )


def listing(videos, ignored=None):
    return listing_sheet(videos, ignored=ignored or {}, sentences=REASONS, facts={}, raw="s3://raw")


def sheets():
    """Both pages over rows in which everything that may be evil is."""
    bad = video(1, uris=[URI, URI + "2"], reason="corrupt", detail=EVIL, codec=EVIL)
    good = video(2, uris=[URI + "3"], codec=EVIL)
    clips = [clip(0, good), clip(1, good, reason="too_short"), clip(0, bad, reason="corrupt", detail=EVIL, frames=0)]
    return {
        "listing": listing_sheet([bad, good], ignored={EVIL: 3}, sentences=REASONS, facts={EVIL: EVIL}, raw=URI),
        "slicing": contact_sheet(
            [bad, good], clips, lambda clip: b"\xff\xd8jpeg", sentences=REASONS, facts={EVIL: EVIL}, shard=EVIL
        ),
    }


@pytest.mark.parametrize("name", ["listing", "slicing"])
def test_what_a_file_is_called_or_says_is_text_and_nothing_else(name):
    page = Reader(sheets()[name])
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}&amp;" in page.text


@pytest.mark.parametrize("name", ["listing", "slicing"])
def test_a_page_loads_nothing_from_outside(name):
    check_stands_alone(sheets()[name])


def test_the_evil_cell_is_not_counted():
    shown = sheets()
    assert counts_in(shown["listing"]) == {("kept", ""): 1, ("quarantined", "corrupt"): 1}
    assert counts_in(shown["slicing"]) == {("kept", ""): 1, ("dropped", "too_short"): 1, ("quarantined", "corrupt"): 1}


def test_pictures_are_inside_the_page():
    of, jpeg = video(1), b"\xff\xd8 a picture"
    page = contact([of], [clip(0, of)], {clip(0, of).clip_id: jpeg})
    (source,) = [attributes["src"] for tag, attributes in Reader(page).elements if tag == "img"]
    assert base64.b64decode(source.partition(",")[2]) == jpeg


def test_a_page_of_3000_clips_with_large_pictures_is_under_2_mb_and_says_what_is_left_out():
    videos = [video(number, uris=[f"s3://raw/{'x' * 900}{number}.mp4"]) for number in range(30)]
    clips = [clip(number, of) for of in videos for number in range(100)]
    jpeg = random.Random(0).randbytes(60_000)
    page = contact(videos, clips, {row.clip_id: jpeg for row in clips})
    assert len(page.encode()) < 2_000_000
    assert counts_in(page) == {("kept", ""): 3000}
    shown = Counter(tag for tag, _ in Reader(page).elements)
    assert 10 < shown["img"] < 40
    left_out = f"0 videos, {3000 - shown['rect']} spans and {shown['rect'] - shown['img']} filmstrips are left out"
    assert left_out in page


def test_a_page_of_very_many_videos_with_very_evil_names_is_under_2_mb_and_says_what_is_left_out():
    evil = "\"'<>&" * 200
    videos = [
        video(n, uris=[f"s3://raw/{evil}{n}-{k}" for k in range(50)], reason="corrupt", detail=evil) for n in range(900)
    ]
    clips = [clip(0, of, reason="corrupt", detail=evil, frames=0) for of in videos]
    for page in (contact(videos, clips), listing(videos, {evil + str(n): n for n in range(50)})):
        assert len(page.encode()) < 2_000_000
        assert "600 " in Reader(page).text
        assert counts_in(page) == {("quarantined", "corrupt"): 900}


def test_a_filmstrip_that_is_missing_is_said():
    of = video(1)
    assert "1 filmstrips are left out" in contact([of], [clip(0, of)])
    assert "left out" not in contact([of], [clip(0, of, reason="too_short")])


def test_videos_with_trouble_come_first():
    fine, broken = video(1, uris=["s3://raw/a.mp4"]), video(2, uris=["s3://raw/b.mp4"], reason="corrupt")
    page = listing([fine, broken])
    assert page.index("b.mp4") < page.index("a.mp4")
    page = contact([fine, broken], [clip(0, fine), clip(0, broken, reason="corrupt", frames=0)])
    assert page.index("b.mp4") < page.index("a.mp4")


def test_pages_without_videos_are_pages():
    for page in (contact([], []), listing([])):
        Reader(page).check_closed()
        assert counts_in(page) == {}


def test_a_video_without_clips_or_of_no_length_is_shown():
    of = video(1, duration_s=0.0)
    Reader(contact([of], [])).check_closed()
    Reader(contact([of], [clip(0, of, start_s=0.0, end_s=0.0)])).check_closed()


def test_the_same_rows_in_any_order_give_the_same_page():
    videos = [video(number) for number in range(5)]
    clips = [clip(number, of, reason="too_short" if number == 2 else None) for of in videos for number in range(4)]
    posters = {row.clip_id: row.clip_id.encode() for row in clips}
    mixed = random.Random(1).sample(clips, len(clips))
    assert contact(videos, clips, posters) == contact(videos[::-1], mixed, posters)
    assert listing(videos, {".txt": 1, ".jpg": 1}) == listing(videos[::-1], {".jpg": 1, ".txt": 1})
