import json
import math
import shutil
from dataclasses import replace

import pytest
import torch

from longtake.datasets.stored import read_dataset, write_dataset
from longtake.engine import Lost
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.latents.sample import EncodedSample
from longtake.latents.shards import ShardFile, check_shard
from longtake.records import Caption, Sample, Selection, split_of
from longtake.stages import encoding
from longtake.stages.encoding_shards import ShardWriter
from longtake.stages.encoding_workers import Encoded, is_finite, of_bits, to_bits
from longtake.stages.samples import open_autoencoder_of, read_sample_set, read_samples
from tests.stages.encoded import CONFIG, fill, kept_clips


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with a lake whose dataset keeps five clips."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.fixture(scope="module")
def encoded(filled):
    """The same after an encoding, and its summary."""
    folder = filled.parent / "encoded"
    shutil.copytree(filled, folder)
    return folder, encoding.run(data_root=str(folder / "data"), config=CONFIG)


@pytest.fixture
def lake(filled, tmp_path):
    """A copy of the lake before anything was encoded, to be changed."""
    shutil.copytree(filled / "data", tmp_path / "data")
    return Lake(str(tmp_path / "data"))


@pytest.fixture
def done(encoded, tmp_path):
    """A copy of the lake after it, to be changed."""
    shutil.copytree(encoded[0] / "data", tmp_path / "data")
    return Lake(str(tmp_path / "data"))


@pytest.fixture
def here(monkeypatch):
    """Workers in this process, one after the other: nothing has to start."""

    def stream(items, pools, *, engine):
        workers = [pool.make() for pool in pools]
        try:
            for item in items:
                answers = [item]
                for worker in workers:
                    answers = worker(answers)
                yield item, answers[0]
        finally:
            for worker in workers:
                worker.close()

    monkeypatch.setattr("longtake.stages.encoding_shards.stream", stream)


def encode(lake, **changes):
    return encoding.run(data_root=lake.data_root, config=with_(**changes))


def with_(work=None, **changes):
    """The small config with other fields of its encoding."""
    return {"encoding": CONFIG["encoding"] | changes, "work": CONFIG["work"] | (work or {})}


def shards(lake):
    return sorted(
        item.key for item in lake.objects.walk("latents/") if "linear-" not in item.key and "strips" not in item.key
    )


def test_every_clip_that_is_kept_becomes_a_sample_in_a_shard(encoded, tmp_path):
    lake, summary = Lake(str(encoded[0] / "data")), encoded[1]
    assert (summary.items, summary.inputs, summary.skipped) == ({"kept": 5}, 5, 0)
    rows = read_samples(lake, read_sample_set(lake, summary.samples))
    assert [row.clip_id for row in rows] == [clip.clip_id for clip in kept_clips(lake)]
    (key,) = {row.shard for row in rows}
    lake.objects.fetch(key, tmp_path / "shard")
    check_shard(tmp_path / "shard", key)
    shard = ShardFile(tmp_path / "shard")
    for at, row in enumerate(rows):
        sample = shard.read(row.index)
        assert sample.sample_id == f"{row.clip_id}/0"
        assert tuple(sample.latents_Cthw.shape) == (8, row.latent_T, row.latent_H, row.latent_W) == (8, 3, 8, 12)
        assert tuple(sample.text_LD.shape) == (row.text_tokens, 384)
        assert sample.conditions == {"motion": at, "clarity": pytest.approx(0.1 * at)}
        assert json.loads(row.conditions) == {**sample.conditions, "aesthetic": None, "vtss": None}
        assert (row.caption, row.frames, row.height, row.width) == (f"Clip {at} drifts.", 9, 64, 96)
    assert torch.cat([shard.read(at).latents_Cthw for at in range(5)], 1).var().item() == pytest.approx(1, abs=0.3)


def test_the_sample_set_says_all_that_a_training_needs(encoded):
    lake, summary = Lake(str(encoded[0] / "data")), encoded[1]
    found = read_sample_set(lake, "clips")
    assert (found.name, found.dataset) == (summary.samples, "clips-0000aaaa")
    assert (found.samples, found.channels, found.text_width, found.validation_share) == (5, 8, 384, 0.0)
    assert found.version == lake.tables.version(Sample)
    assert found.seconds == pytest.approx(5 * 9 / 8)
    assert found.encoding["windows"]["sizes"] == CONFIG["encoding"]["windows"]["sizes"]
    assert summary.basis.endswith(found.basis)
    logarithms = [math.log1p(at) for at in range(5)]
    assert found.statistics["motion"][0] == pytest.approx(sum(logarithms) / 5)
    assert found.statistics["clarity"] == (pytest.approx(0.2), pytest.approx(0.02**0.5))
    assert set(found.statistics) == {"motion", "clarity"}


def test_the_psnr_of_a_row_is_that_of_what_the_set_s_autoencoder_decodes(encoded, tmp_path):
    lake, summary = Lake(str(encoded[0] / "data")), encoded[1]
    autoencoder = open_autoencoder_of(lake, read_sample_set(lake, "clips"), tmp_path)
    assert autoencoder.name == summary.autoencoder
    rows = read_samples(lake, read_sample_set(lake, "clips"))
    assert all(15 < row.psnr < 60 for row in rows)
    assert summary.psnr == pytest.approx(sum(row.psnr for row in rows) / 5, abs=0.06)
    assert summary.psnr == pytest.approx(autoencoder.psnr, abs=3)


def test_again_does_nothing_and_elsewhere_gives_the_same(encoded, filled, tmp_path):
    lake, summary = Lake(str(encoded[0] / "data")), encoded[1]
    version = lake.tables.version(Sample)
    again = encode(lake)
    assert (again.skipped, again.samples, lake.tables.version(Sample)) == (5, summary.samples, version)
    assert again.psnr == summary.psnr
    shutil.copytree(filled / "data", tmp_path / "elsewhere")
    elsewhere = Lake(str(tmp_path / "elsewhere"))
    assert encode(elsewhere, work={"readers": 2, "models": 2}).samples == summary.samples
    assert elsewhere.tables.read(Sample) == lake.tables.read(Sample)
    assert shards(elsewhere) == shards(lake)


def test_the_page_shows_clips_above_what_is_left_of_them(encoded):
    lake = Lake(str(encoded[0] / "data"))
    page = lake.objects.read("reports/by-hand/encoding-1of1.html").decode()
    assert page.count("data:image/jpeg;base64,") == 5
    assert "9 × 64 × 96" in page
    assert "Clip 0 drifts." in page


def test_windows_of_one_clip_are_samples_of_their_own(lake, here):
    windows = {"sizes": [{"frames": 5, "height": 64, "width": 96}], "each": 2, "fps": 8.0}
    summary = encode(lake, windows=windows)
    rows = lake.tables.read(Sample)
    assert summary.items == {"kept": len(rows)}
    assert [row.window for row in rows] == [0, 1] * 5
    assert all(one.start_s < other.start_s for one, other in zip(rows[::2], rows[1::2], strict=True))


def test_a_shard_that_is_full_goes_out_before_the_next_clip(lake, tmp_path):
    clips = kept_clips(lake)
    bits = to_bits(torch.ones(4, 1, 8, 8))
    with ShardWriter(lake, tmp_path, shard_bytes=1000) as writer:
        for clip in clips:
            writer.add(*rows_and_samples(clip, bits))
    rows = lake.tables.read(Sample)
    assert [row.index for row in rows] == [0, 1, 0, 1, 0]
    assert len({row.shard for row in rows}) == 3 == len(shards(lake))


def rows_and_samples(clip, bits):
    row = Sample(
        clip_id=clip.clip_id, window=0, bucket=clip.bucket, video_id=clip.video_id, shard=None, index=None, start_s=0.0, frames=1,
        height=64, width=64, latent_T=1, latent_H=8, latent_W=8, text_tokens=1, psnr=None, conditions="{}", caption="", reason=None,
        detail=None, made_by="m",
    )  # fmt: skip
    return [row], [
        EncodedSample(sample_id=clip.clip_id, latents_Cthw=of_bits(bits), text_LD=torch.zeros(1, 1), conditions={})
    ]


def test_what_a_killed_run_has_encoded_is_kept_and_the_next_one_does_the_rest(lake, monkeypatch, here):
    count = encoding.Step.count

    def killed(step, uri, rows, **fields):
        count(step, uri, rows, **fields)
        if step.summary.bytes_read and step.metrics.items()["kept", ""] == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(encoding.Step, "count", killed)
    with pytest.raises(KeyboardInterrupt):
        encode(lake)
    assert len(lake.tables.read(Sample)) == 3
    monkeypatch.undo()
    summary = encode(lake)
    assert (summary.skipped, summary.items) == (3, {"kept": 5})
    assert len(shards(lake)) == 2


def test_clips_without_a_caption_wait_for_one_or_are_encoded_without(lake, here):
    rows = {row.clip_id: row for row in lake.tables.read(Caption)}
    one, other = list(rows.values())[:2]
    lake.tables.merge([replace(one, text=None, reason="refusal"), replace(other, text=None, reason="refusal")])
    summary = encode(lake)
    assert (summary.items, summary.exit_code) == ({"kept": 3, "quarantined:no_caption": 2}, 10)
    assert encode(lake).skipped == 5
    lake.tables.merge([one])
    later = encode(lake)
    assert (later.skipped, later.items) == (4, {"kept": 4, "quarantined:no_caption": 1})
    empty = encode(lake, uncaptioned="empty")
    assert empty.items == {"kept": 5}
    texts = {
        row.clip_id: row.caption
        for row in lake.tables.read(Sample, made_by=read_sample_set(lake, empty.samples).made_by)
    }
    assert (texts[other.clip_id], texts[one.clip_id]) == ("", one.text)


def test_a_caption_that_was_written_anew_is_encoded_anew(done, here):
    row = done.tables.read(Caption)[0]
    done.tables.merge([replace(row, text="Another one.")])
    summary = encode(done)
    assert (summary.skipped, summary.items) == (4, {"kept": 5})
    assert {sample.caption for sample in done.tables.read(Sample)} >= {"Another one.", "Clip 4 drifts."}


def test_clips_that_are_too_short_unreadable_or_gone_are_told_apart(lake, here):
    clips = sorted(kept_clips(lake), key=lambda clip: clip.end_s - clip.start_s)
    (broken, *others, gone), longest_s = clips, clips[-1].end_s - clips[-1].start_s
    short = [clip.clip_id for clip in others if clip.end_s - clip.start_s < longest_s - 0.1]
    lake.objects.put(broken.uri, b"nothing" * 100, overwrite=True)
    lake.objects.delete(gone.uri)
    summary = encode(lake, windows=CONFIG["encoding"]["windows"] | {"fps": 8 / (longest_s - 0.1)})
    assert summary.items == {"kept": 3 - len(short), "quarantined:unreadable": 1, "quarantined:too_short": len(short)}
    assert (summary.gone, summary.exit_code) == (1, 10)
    rows = {row.clip_id: row for row in lake.tables.read(Sample)}
    assert all(rows[clip_id].reason == "too_short" for clip_id in short)
    assert rows[broken.clip_id].shard is None
    assert gone.clip_id not in rows
    assert len(read_samples(lake, read_sample_set(lake, summary.samples))) == 3 - len(short)


def test_no_source_is_on_both_sides_and_only_the_train_side_counts(lake, here):
    plain = read_dataset(lake, "clips")
    videos = sorted({clip.video_id for clip in kept_clips(lake)}, key=lambda video: split_of(video, 0.0001))
    share = next(
        share / 100
        for share in range(100)
        if 0 < sum(split_of(v, share / 100) == "train" for v in videos) < len(videos)
    )
    write_dataset(lake, replace(plain, name="halves-0000bbbb", validation_share=share))
    chosen = [replace(row, dataset="halves-0000bbbb") for row in lake.tables.read(Selection)]
    lake.tables.merge(chosen)
    summary = encoding.run(data_root=lake.data_root, dataset="halves", config=CONFIG)
    found = read_sample_set(lake, summary.samples)
    rows = read_samples(lake, found)
    motions = [
        math.log1p(json.loads(row.conditions)["motion"]) for row in rows if split_of(row.video_id, share) == "train"
    ]
    assert 0 < len(motions) < 5
    assert found.statistics["motion"][0] == pytest.approx(sum(motions) / len(motions))


def test_only_what_changes_samples_makes_others(done, encoded, here):
    name = encoded[1].samples
    assert encode(done, shard_bytes=1 << 21, work={"judged": 0.5}).samples == name
    other = encode(done, text={"encoder": "none"})
    assert (other.samples != name, other.skipped) == (True, 0)
    assert other.basis.rpartition("/")[2] == encoded[1].basis.rpartition("/")[2]
    assert read_sample_set(done, other.samples).text_width == 1


def test_a_basis_that_was_fitted_elsewhere_is_brought_along(done, filled, tmp_path, here):
    basis = encode(done).basis
    shutil.copytree(filled / "data", tmp_path / "elsewhere")
    elsewhere = Lake(str(tmp_path / "elsewhere"))
    linear = CONFIG["encoding"]["linear"]
    summary = encode(elsewhere, linear=linear | {"basis": basis})
    assert summary.autoencoder == read_sample_set(done, "clips").autoencoder
    assert [row.psnr for row in elsewhere.tables.read(Sample)] == [row.psnr for row in done.tables.read(Sample)]
    assert elsewhere.objects.exists(read_sample_set(elsewhere, "clips").basis)
    with pytest.raises(UserError, match="blocks of 4 x 8 x 8 and 8 channels, and the config says"):
        encode(elsewhere, linear={"basis": basis})


def test_without_judging_nothing_is_said_of_the_psnr(lake, here):
    summary = encode(lake, work={"judged": 0.0}, text={"encoder": "none"})
    judged = [row.psnr for row in lake.tables.read(Sample) if row.psnr is not None]
    assert len(judged) == 5  # those that the page shows are judged all the same
    assert summary.psnr is not None


def test_what_can_t_be_encoded_at_all_is_a_sentence(lake, here):
    with pytest.raises(UserError, match=r"frames are 1 \+ a multiple of 4"):
        encode(lake, windows={"sizes": [{"frames": 10, "height": 64, "width": 96}]})
    with pytest.raises(UserError, match="no clip of clips-0000aaaa has a caption by this captioning config"):
        encoding.run(
            data_root=lake.data_root, config=CONFIG, captioning_config={"writing": {"measured": {"text": False}}}
        )
    with pytest.raises(UserError, match="did you mean 'linear'"):
        encode(lake, linaer={})
    with pytest.raises(UserError, match="needs diffusers"):
        encode(lake, autoencoder="diffusers")
    with pytest.raises(UserError, match="not one of 5 clips gives a sample"):
        encode(
            lake,
            windows={"sizes": [{"frames": 33, "height": 64, "width": 96}]},
            linear={"basis": encode(lake).basis, "channels": 8},
        )


def test_a_clip_that_no_worker_survives_and_numbers_that_are_none_have_a_reason():
    assert Encoded.of(Lost("encoding", "killed by signal 9")).reason == "worker_lost"
    assert is_finite(to_bits(torch.tensor([1.0, -3e38])))
    assert not is_finite(to_bits(torch.tensor([1.0, math.inf])))
    assert not is_finite(to_bits(torch.tensor([math.nan])))
    given = torch.randn(3, 4).bfloat16()
    assert torch.equal(of_bits(to_bits(given)), given)


@pytest.mark.slow
def test_on_ray_the_samples_are_those_of_this_machine(lake, encoded, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    assert encode(lake, work={"engine": "ray"}).samples == encoded[1].samples
    assert lake.tables.read(Sample) == Lake(str(encoded[0] / "data")).tables.read(Sample)
