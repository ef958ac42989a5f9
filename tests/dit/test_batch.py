import math

import pytest
import torch

from longtake.dit.batch import collate
from longtake.dit.config import TEXT_STEP
from longtake.errors import UserError
from tests.dit.rows import encoded


def gather(*samples):
    return collate(samples, torch.arange(len(samples)), global_samples=9, seen={"3x2x4": 9}, bucket="3x2x4")


def test_texts_of_different_lengths_lie_behind_a_mask():
    short, long = encoded("a", tokens=3), encoded("b", tokens=TEXT_STEP + 1)
    batch = gather(short, long)
    assert batch.text_BLD.shape == (2, 2 * TEXT_STEP, 6)
    assert batch.text_mask_BL.sum(1).tolist() == [3, TEXT_STEP + 1]
    for row, sample in enumerate((short, long)):
        assert torch.equal(batch.text_BLD[row][batch.text_mask_BL[row]], sample.text_LD)
    assert not batch.text_BLD[~batch.text_mask_BL].any()


def test_what_is_not_known_of_a_sample_is_nan_for_every_metric_there_can_be():
    batch = gather(encoded("a", conditions={"motion": 3.5}), encoded("b", conditions={"clarity": 0.5}))
    assert set(batch.conditions) == {"motion", "aesthetic", "clarity", "vtss"}
    assert batch.conditions["motion"][0] == 3.5
    assert math.isnan(batch.conditions["motion"][1])
    assert batch.conditions["vtss"].isnan().all()
    assert {values_B.dtype for values_B in batch.conditions.values()} == {torch.float32}


def test_rows_of_a_batch_are_a_batch():
    samples = [encoded(name, conditions={"motion": 1.0}) for name in "abc"]
    whole, part = gather(*samples), gather(*samples).rows(1, 3)
    assert part.sample_ids == ("b/0", "c/0")
    assert part.numbers_B.tolist() == [1, 2]
    assert torch.equal(part.latents_BCthw, whole.latents_BCthw[1:])
    assert part.text_BLD.shape[0] == part.text_mask_BL.shape[0] == part.conditions["motion"].shape[0] == 2
    assert (part.global_samples, part.seen, part.bucket) == (9, {"3x2x4": 9}, "3x2x4")


def test_samples_of_two_encodings_do_not_mix():
    with pytest.raises(UserError, match="a/0 has text of width 6, b/0 7"):
        gather(encoded("a"), encoded("b", width=7))
    with pytest.raises(UserError, match="a/0 has latents of channels 2, b/0 3"):
        gather(encoded("a"), encoded("b", channels=3))
