"""One clip in a file to its caption; the stage does the same for many."""

from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from longtake.captioning.captioner import Written
from longtake.captioning.config import CaptioningConfig
from longtake.captioning.schema import NAMES, count_words
from longtake.records import Caption, bucket_of, content_id

if TYPE_CHECKING:
    from longtake.captioning.captioner import Captioner
    from longtake.captioning.looking import Tools
    from longtake.video.guard import Guard


def caption_clip(
    path: str | Path,
    config: CaptioningConfig | None = None,
    *,
    guard: "Guard | None" = None,
    tools: "Tools | None" = None,
    captioner: "Captioner | None" = None,
) -> Caption:
    """The row of a clip that lies in no lake: its ids are the digest of its content.

    For many clips give a guard, tools (`looking.open_tools`) and a captioner (`opening.open_captioner`), else each call
    begins its own. A row with a reason has no caption. Raises VideoFault and Unmeasurable.
    """
    from longtake.captioning.looking import look_at, open_tools
    from longtake.captioning.naming import name_of
    from longtake.captioning.opening import open_captioner
    from longtake.video.guard import Guard

    config = config or CaptioningConfig()
    with nullcontext(guard) if guard is not None else Guard() as worker:
        seen = look_at(Path(path), worker, config, tools or open_tools(config))
    with nullcontext(captioner) if captioner is not None else closing(open_captioner(config)) as writer:
        (written,) = writer([seen])
    facts = seen.facts.to_json() if seen.facts else None
    clip_id = content_id(Path(path))
    return caption_row(clip_id, clip_id, written, facts, captioner=name_of(config), made_by="")


def caption_row(
    clip_id: str, video_id: str, written: Written, facts: str | None, *, captioner: str, made_by: str
) -> Caption:
    """What was written of a clip as a row of the table; `facts` as JSON."""
    parts = asdict(written.parts) if written.parts and not written.reason else dict.fromkeys(NAMES)
    text = None if written.reason else written.text
    return Caption(
        clip_id=clip_id, bucket=bucket_of(video_id), video_id=video_id, **parts, text=text,
        words=count_words(text) if text else None, captioner=captioner, facts=facts, flag=written.flag,
        complaints=",".join(written.complaints) or None, reason=written.reason, detail=written.detail, made_by=made_by,
    )  # fmt: skip
