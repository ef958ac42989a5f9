"""Structured captions: six parts and one merged description of a clip, by a model, a server, or from what can be measured.

`schema` what a caption is, `reading` and `checking` from a captioner's untrusted words to one or to a reason, `dialogue` what is asked
and asked again, `seen` and `facts` what is known of a clip, `measured`, `vlm` and `endpoint` who writes, `quality` how good they are.
"""

from longtake.captioning.captions import caption_clip

__all__ = ["caption_clip"]
