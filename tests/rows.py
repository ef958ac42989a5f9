"""Rows for tests: plain ones, in which only what matters is said."""

from longtake.records import METRICS, Caption, Clip, Dataset, Score, Selection, Video, bucket_of


def video(number, **fields):
    video_id = fields.pop("video_id", f"{number:032x}")
    plain = {
        "video_id": video_id, "bucket": bucket_of(video_id), "uris": [f"s3://raw/{number}.mp4"], "etags": ["e"],
        "bytes": 1000, "duration_s": 2.0, "fps": 25.0, "width": 64, "height": 48, "codec": "h264", "frames": 50,
        "reason": None, "detail": None, "made_by": "m",
    }  # fmt: skip
    return Video(**plain | fields)


def clip(number, of, **fields):
    plain = {
        "clip_id": f"{number:08x}{of.video_id[8:]}", "bucket": of.bucket, "video_id": of.video_id, "uri": "clips/a.mp4",
        "poster_uri": "clips/a.jpg", "start_frame": number * 50, "start_s": number * 2.0, "end_s": number * 2.0 + 2.0,
        "frames": 50, "fps": 25.0, "width": 64, "height": 48, "begins_with": "cut", "ends_with": "cut", "reason": None,
        "detail": None, "made_by": "m",
    }  # fmt: skip
    return Clip(**plain | fields)


def score(of, **fields):
    plain = dict.fromkeys((*METRICS, "aesthetic", "vtss", "vtss_reason", "vtss_gain", "fingerprint", "reason", "detail")) | {
        "clip_id": of.clip_id, "bucket": of.bucket, "video_id": of.video_id, "scorer": "longtake", "made_by": "m",
    }  # fmt: skip
    return Score(**plain | fields)


def selection(of, **fields):
    plain = {
        "dataset": "clips-0000aaaa", "clip_id": of.clip_id, "bucket": of.bucket, "video_id": of.video_id,
        "kept": "reason" not in fields, "reason": None, "detail": None, "made_by": "m",
    }  # fmt: skip
    return Selection(**plain | fields)


def caption(of, **fields):
    plain = dict.fromkeys(("facts", "flag", "complaints", "reason", "detail")) | {
        "clip_id": of.clip_id, "bucket": of.bucket, "video_id": of.video_id, "subject": "A boat.", "movement": "It drifts.",
        "environment": "A lake.", "visual": "Soft light.", "camera": "It stands.", "overall": "A calm day.",
        "text": "A boat drifts on a lake.", "words": 6, "captioner": "measured 1", "made_by": "m",
    }  # fmt: skip
    return Caption(**plain | fields)


def dataset(**fields):
    plain = {
        "name": "clips-0000aaaa", "raw": "s3://raw", "made_at": "2026-01-02T03:04:05+00:00", "versions": {},
        "made_by": {"slicing": "m", "scoring": "m", "selecting": "m"}, "configs": {}, "validation_share": 0.5,
        "counts": {}, "clips": 0, "seconds": 0.0,
    }  # fmt: skip
    return Dataset(**plain | fields)
