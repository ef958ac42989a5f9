import pytest
import torch

from longtake.captioning.vlm.loading import load_vlm
from longtake.captioning.vlm.pooling import pool
from longtake.captioning.vlm.prompting import collate, encode
from longtake.errors import UserError


def test_each_token_is_the_mean_of_its_two_by_two():
    grid = torch.arange(16.0).view(1, 16, 1).expand(2, 16, 3)
    assert pool(grid)[1, :, 2].tolist() == [2.5, 4.5, 10.5, 12.5]


@pytest.mark.parametrize("kind", ["llava", "smolvlm"])
def test_a_pooled_model_reads_a_quarter_of_the_visual_tokens(folders, tiny, frames, kind):
    plain, pooled = tiny(kind), load_vlm(folders(kind), pooling=2)
    counts = []
    for vlm in (plain, pooled):
        example = encode(vlm, "Describe it.", frames(3), "yes")
        counts.append(int((example.input_ids_T == vlm.family.image_token_id).sum()))
        assert vlm.model(**collate(vlm, [example], "left")).loss.isfinite()
    assert counts[0] == 4 * counts[1]


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "llava_onevision"])
def test_a_model_that_pools_already_is_not_pooled_again(folders, kind):
    with pytest.raises(UserError, match=f"{kind} averages or merges its visual tokens already"):
        load_vlm(folders(kind), pooling=2)
