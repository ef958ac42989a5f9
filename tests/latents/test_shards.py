import json

import pytest
import torch
from safetensors.torch import save_file

from longtake.latents.sample import EncodedSample
from longtake.latents.shards import DamagedShard, ShardFile, check_shard, sample_bytes, shard_key, write_shard


def sample(number, **conditions):
    generator = torch.Generator().manual_seed(number)
    return EncodedSample(
        sample_id=f"{number:032x}/0", latents_Cthw=torch.randn(4, 3, 2, 2, generator=generator),
        text_LD=torch.randn(1 + number, 6, generator=generator), conditions=conditions,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    """A shard of twelve samples, so that the order of names is not that of numbers."""
    write_shard(tmp_path / "shard", [sample(number, motion=float(number)) for number in range(12)])
    return tmp_path / "shard"


def test_every_sample_comes_back_in_bfloat16_s_precision(path):
    shard = ShardFile(path)
    assert len(shard) == 12
    for number in (11, 0, 2):
        found, given = shard.read(number), sample(number)
        assert (found.sample_id, found.conditions) == (given.sample_id, {"motion": float(number)})
        assert (found.latents_Cthw.dtype, found.text_LD.dtype) == (torch.float32, torch.float32)
        assert torch.equal(found.latents_Cthw, given.latents_Cthw.bfloat16().float())
        assert torch.equal(found.text_LD, given.text_LD.bfloat16().float())


def test_the_same_samples_give_the_same_key_and_others_another(path, tmp_path):
    write_shard(tmp_path / "again", [sample(number, motion=float(number)) for number in range(12)])
    assert shard_key(tmp_path / "again") == shard_key(path)
    write_shard(tmp_path / "other", [sample(number) for number in range(12)])
    assert shard_key(tmp_path / "other") != shard_key(path)


def test_the_size_of_a_sample_is_about_what_it_takes(tmp_path):
    large = EncodedSample(
        sample_id="a/0", latents_Cthw=torch.zeros(16, 5, 32, 32), text_LD=torch.zeros(256, 384), conditions={}
    )
    write_shard(tmp_path / "large", [large] * 3)
    assert (tmp_path / "large").stat().st_size == pytest.approx(3 * sample_bytes(large), rel=0.01)


def test_damage_shows(path, tmp_path):
    key, data = shard_key(path), path.read_bytes()
    check_shard(path, key)
    flipped = bytearray(data)
    flipped[-1] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(DamagedShard, match="the content has the digest"):
        check_shard(path, key)
    path.write_bytes(data[:-5])
    with pytest.raises(DamagedShard):
        ShardFile(path)
    path.write_bytes(b"")
    with pytest.raises(DamagedShard):
        ShardFile(path)
    with pytest.raises(DamagedShard):
        ShardFile(tmp_path / "gone")
    with pytest.raises(DamagedShard, match="is no key"):
        check_shard(path, "latents/linear-0123456789abcdef.safetensors")


def test_a_sample_with_a_flipped_bit_is_named_without_its_key(path):
    ShardFile(path).check()
    flipped = bytearray(path.read_bytes())
    flipped[-1] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(DamagedShard, match=r"the sample .* has another checksum"):
        ShardFile(path).check()


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"samples": [{"id": 3}]}', '{"samples": [{"id": "a", "conditions": {"motion": "high"}}]}']
)
def test_a_file_that_says_something_else_of_itself_is_no_shard(said, tmp_path):
    save_file({"0.latents": torch.zeros(1)}, tmp_path / "other", {"longtake": said})
    with pytest.raises(DamagedShard):
        ShardFile(tmp_path / "other")


def test_a_sample_that_is_not_there_is_damage_too(path, tmp_path):
    with pytest.raises(DamagedShard, match="no sample 12 among 12"):
        ShardFile(path).read(12)
    said = {"samples": [{"id": "a/0", "conditions": {}, "crc32": 0}]}
    save_file({"0.latents": torch.zeros(1)}, tmp_path / "half", {"longtake": json.dumps(said)})
    with pytest.raises(DamagedShard, match=r"0\.text is missing"):
        ShardFile(tmp_path / "half")
