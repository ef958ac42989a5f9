import json
from dataclasses import replace

from longtake.latents.faults import REASONS
from longtake.records import Sample
from longtake.report.encoding import SAMPLES, WORST, EncodingTally, encoding_sheet
from longtake.report.page import counts_in
from tests.report.reading import EVIL, Reader, check_stands_alone
from tests.rows import clip, video

STRIP = b"\xff\xd8 a picture"


def sample(of, **fields):
    plain = {
        "clip_id": of.clip_id, "window": 0, "bucket": of.bucket, "video_id": of.video_id, "shard": "latents/a.safetensors", "index": 0,
        "start_s": 0.0, "frames": 17, "height": 256, "width": 448, "latent_T": 5, "latent_H": 32, "latent_W": 56, "text_tokens": 40,
        "psnr": 30.0, "conditions": json.dumps({"motion": 3.0}), "caption": "A boat drifts.", "reason": None, "detail": None,
        "made_by": "m",
    }  # fmt: skip
    return Sample(**plain | fields)


def fallen(of, reason="too_short", **fields):
    numbers = (
        "shard",
        "index",
        "start_s",
        "frames",
        "height",
        "width",
        "latent_T",
        "latent_H",
        "latent_W",
        "text_tokens",
        "psnr",
    )
    return sample(of, **dict.fromkeys((*numbers, "conditions", "caption")), reason=reason, **fields)


def filled(samples=30, failed=2, **fields):
    tally, one = EncodingTally(fps=8.0), video(1)
    for number in range(samples):
        of = clip(number, one)
        tally.add(sample(of, psnr=20.0 + number, **fields), of)
    for number in range(samples, samples + failed):
        of = clip(number, one)
        tally.add(fallen(of, detail="1.90 s, and 2.04 s are needed"), of)
    return tally


def page_of(tally, strip=lambda _: STRIP, **fields):
    plain = {
        "channels": 16, "statistics": {"motion": (1.25, 0.5)}, "sentences": REASONS, "facts": {"begun": "now", "dataset": "clips-0000aaaa"},
        "names": {},
    }  # fmt: skip
    return encoding_sheet(tally, strip, **plain | fields)


def text(page):
    return " ".join(Reader(page).text.split())


def test_a_page_stands_alone_whatever_a_caption_or_a_file_says():
    tally = filled(caption=EVIL)
    of = clip(99, video(1))
    tally.add(fallen(of, "unreadable", detail=EVIL), of)
    page = page_of(tally, names={video(1).video_id: EVIL}, facts={"begun": EVIL, "dataset": EVIL})
    check_stands_alone(page)
    assert "<script>alert(1)</script>" in Reader(page).text
    assert counts_in(page) == tally.counts


def test_counts_psnr_shapes_and_conditions_are_said():
    tally = filled()
    said = text(page_of(tally))
    for expected in (
        "34.5 dB",
        "93.8%",
        "17 × 256 × 448",
        "16 × 5 × 32 × 56",
        "1.25",
        f"too_short2{REASONS['too_short']}",
    ):
        assert expected in said.replace(" 2 ", "2").replace("too_short 2", "too_short2"), expected
    assert tally.seconds == 30 * 17 / 8
    assert counts_in(page_of(tally)) == {("kept", ""): 30, ("quarantined", "too_short"): 2}


def test_samples_are_drawn_the_same_in_any_order_and_the_worst_are_beside_them():
    tally, one = EncodingTally(fps=8.0), video(1)
    for number in reversed(range(30)):
        of = clip(number, one)
        tally.add(sample(of, psnr=20.0 + number), of)
    assert [item.clip for item in tally.samples()] == [item.clip for item in filled().samples()]
    assert len(tally.samples()) == SAMPLES
    lowest = {clip(number, one).clip_id for number in range(WORST)}
    shown = {item.clip.clip_id for item in (*tally.samples(), *tally.worst())}
    assert lowest <= shown
    assert not {item.clip.clip_id for item in tally.samples()} & {item.clip.clip_id for item in tally.worst()}


def test_a_page_of_little_or_nothing_is_a_page():
    for tally in (EncodingTally(fps=8.0), filled(samples=0), filled(samples=1)):
        page = page_of(tally, strip=lambda _: b"", statistics={})
        check_stands_alone(page)
        assert "nan" not in page
    unjudged, of = EncodingTally(fps=8.0), clip(0, video(1))
    unjudged.add(replace(sample(of), psnr=None), of)
    assert "not judged" in page_of(unjudged)
    assert unjudged.mean_psnr is None
