from dataclasses import replace
from pathlib import Path

import pytest

from longtake.config import dump_config
from longtake.datasets.stored import write_dataset
from longtake.errors import TransientError, UserError
from longtake.lake import Lake
from longtake.latents.config import EncodingConfig, LinearConfig
from longtake.latents.linear import fit_linear
from longtake.latents.sample_set import SampleSet
from longtake.records import Sample
from longtake.stages.samples import (
    open_autoencoder_of,
    open_text_encoder_of,
    read_sample_set,
    read_samples,
    sample_set_name,
    write_sample_set,
)
from tests.latents.drawn import drifting
from tests.rows import clip, dataset, selection, video


def row(of, **fields):
    plain = {
        "clip_id": of.clip_id, "window": 0, "bucket": of.bucket, "video_id": of.video_id, "shard": "latents/a.safetensors", "index": 0,
        "start_s": 0.0, "frames": 9, "height": 64, "width": 64, "latent_T": 3, "latent_H": 8, "latent_W": 8, "text_tokens": 4,
        "psnr": 30.0, "conditions": "{}", "caption": "A boat.", "reason": None, "detail": None, "made_by": "m" * 16,
    }  # fmt: skip
    return Sample(**plain | fields)


def a_set(lake, **fields):
    plain = {
        "name": "clips-0000aaaa.mmmmmmmm", "dataset": "clips-0000aaaa", "made_at": "2026-01-02T03:04:05+00:00", "made_by": "m" * 16,
        "version": lake.tables.version(Sample), "validation_share": 0.5, "autoencoder": "linear-0", "basis": None,
        "encoding": dump_config(EncodingConfig()), "channels": 16, "text_width": 384, "statistics": {"motion": (1.0, 2.0)}, "samples": 3,
        "seconds": 3.0,
    }  # fmt: skip
    return SampleSet(**plain | {"name": "clips-0000aaaa.0123abcd"} | fields)


@pytest.fixture
def lake(data_root):
    """Four clips: two kept with a sample, one kept without, one that the dataset does not keep but another has encoded."""
    lake = Lake(data_root)
    lake.objects.check(writable=True)
    one = video(1)
    clips = [clip(number, one) for number in range(4)]
    lake.tables.merge([*map(selection, clips[:3]), selection(clips[3], reason="dark")])
    none = dict.fromkeys(("shard", "index", "frames", "caption"))
    lake.tables.merge([row(clips[0]), row(clips[1]), row(clips[1], window=1), row(clips[3])])
    lake.tables.merge([row(clips[2], reason="too_short", **none), row(clips[2], made_by="other")])
    write_dataset(lake, dataset(versions={"selections": 1}))
    return lake


def test_a_set_comes_back_as_it_was_written(lake):
    given = a_set(lake)
    assert write_sample_set(lake, given) == given
    assert read_sample_set(lake, given.name) == given
    assert sample_set_name("clips-0000aaaa", "0123abcd" * 2) == given.name


def test_its_samples_are_those_of_the_dataset_s_clips_by_this_encoding_as_they_were_then(lake):
    given = write_sample_set(lake, a_set(lake))
    found = read_samples(lake, given)
    assert [(sample.clip_id[:8], sample.window) for sample in found] == [
        ("00000000", 0),
        ("00000001", 0),
        ("00000001", 1),
    ]
    lake.tables.merge([replace(found[0], caption="Another one.")])
    assert read_samples(lake, given) == found


def test_the_newest_set_of_a_dataset_or_of_a_family_is_found_by_its_name(lake):
    write_sample_set(lake, a_set(lake, name="clips-0000aaaa.00000001", made_at="2026-01-03T00:00:00+00:00"))
    write_sample_set(lake, a_set(lake, name="clips-0000aaaa.00000002", made_at="2026-01-02T00:00:00+00:00"))
    write_sample_set(lake, a_set(lake, name="clips-0000bbbb.00000001", made_at="2026-01-04T00:00:00+00:00"))
    assert read_sample_set(lake, "clips-0000aaaa").name == "clips-0000aaaa.00000001"
    assert read_sample_set(lake, "clips").name == "clips-0000bbbb.00000001"
    with pytest.raises(UserError, match="there are no samples 'clisp'; did you mean clips"):
        read_sample_set(lake, "clisp")


def test_without_samples_it_says_what_makes_some(lake):
    with pytest.raises(UserError, match="run the step encoding"):
        read_sample_set(lake, "clips")


def test_a_set_in_which_nothing_changed_keeps_its_version_and_one_that_did_takes_its_place(lake):
    first = write_sample_set(lake, a_set(lake, version=0))
    assert write_sample_set(lake, a_set(lake, made_at="2027-01-01T00:00:00+00:00")) == first
    more = write_sample_set(lake, a_set(lake, samples=4))
    assert read_sample_set(lake, "clips") == more != first


def test_a_version_that_has_vanished_is_a_sentence_and_the_next_encoding_pins_a_new_one(lake):
    gone = write_sample_set(lake, a_set(lake, version=99))
    with pytest.raises(
        UserError, match=r"pins version 99 of the table samples, which cannot be read any more \(the newest is 2\)"
    ):
        read_samples(lake, gone)
    write_dataset(lake, dataset(name="clips-0000bbbb", versions={"selections": 77}))
    with pytest.raises(UserError, match="pins version 77 of the table selections"):
        read_samples(lake, a_set(lake, dataset="clips-0000bbbb"))
    again = write_sample_set(lake, a_set(lake))
    assert again.version == 2
    assert len(read_samples(lake, again)) == 3


def test_samples_that_are_no_longer_in_the_table_are_a_sentence(lake):
    with pytest.raises(UserError, match=r"pins 5 samples, and the tables below .* hold 3"):
        read_samples(lake, a_set(lake, samples=5))


def test_a_place_that_is_down_is_no_vanished_version(lake, monkeypatch):
    def down(*_, **__):
        raise TransientError("the tables can't be reached")

    monkeypatch.setattr(type(lake.tables), "_open", down)
    with pytest.raises(TransientError):
        read_samples(lake, replace(a_set_of(1), dataset="clips-0000aaaa"))


def a_set_of(version):
    return SampleSet(
        name="clips-0000aaaa.0123abcd", dataset="clips-0000aaaa", made_at="", made_by="m" * 16, version=version, validation_share=0.5,
        autoencoder="linear-0", basis=None, encoding={}, channels=16, text_width=384, statistics={}, samples=3, seconds=3.0,
    )  # fmt: skip


def test_a_file_that_is_no_sample_set_and_a_name_that_is_none_are_told(lake):
    lake.objects.put("samples/clips-0000aaaa.0123abcd.json", b'{"name": "clips"}')
    with pytest.raises(UserError, match="is no sample set of this version"):
        read_sample_set(lake, "clips-0000aaaa.0123abcd")
    with pytest.raises(UserError, match=r"expected something like clips-1a2b3c4d\.5e6f7a8b"):
        write_sample_set(lake, a_set(lake, name="../clips"))


def test_its_autoencoder_is_opened_again_and_another_in_its_place_is_refused(lake, tmp_path: Path):
    config = EncodingConfig(linear=LinearConfig(channels=4))
    autoencoder = fit_linear([drifting(0)], config.linear)
    autoencoder.save(tmp_path / "basis")
    lake.objects.upload("latents/linear-0.safetensors", tmp_path / "basis")
    fields = {"encoding": dump_config(config), "basis": "latents/linear-0.safetensors"}
    opened = open_autoencoder_of(lake, a_set(lake, autoencoder=autoencoder.name, **fields), tmp_path)
    assert (opened.encode(drifting(1)) == autoencoder.encode(drifting(1))).all()
    with pytest.raises(UserError, match="were made by the autoencoder linear-0, and what lies in its place is"):
        open_autoencoder_of(lake, a_set(lake, **fields), tmp_path)
    with pytest.raises(UserError, match=r"there is no basis latents/gone\.safetensors"):
        open_autoencoder_of(lake, a_set(lake, **fields | {"basis": "latents/gone.safetensors"}), tmp_path)


def test_its_text_encoder_is_opened_again_and_one_of_another_width_is_refused(lake, tmp_path):
    assert open_text_encoder_of(a_set(lake), tmp_path).encode(["a boat"])[0].shape == (4, 384)
    with pytest.raises(UserError, match="are 768 wide, and the encoder minilm gives 384"):
        open_text_encoder_of(a_set(lake, text_width=768), tmp_path)
