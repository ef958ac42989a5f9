"""What people say of clips: one mark from 1 to 5, how suitable a clip is for training a video generator (Koala-36M).

Read `queue` (which clip comes next), `server` and `page` (how it is shown and marked), `label_studio` (marks that were
given elsewhere), `debiasing` (one number a clip out of many annotators' marks), `agreement` (how far they agree).
"""

from longtake.annotating.debiasing import debias

__all__ = ["debias"]
