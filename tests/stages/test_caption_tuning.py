"""A tuning on the captions of a lake's dataset: an adapter in the lake, also when it was stopped on the way."""

import json
from dataclasses import asdict

import pytest

from longtake.config import load_config
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import Caption, Clip
from longtake.stages import caption_tuning
from longtake.stages.captioning import makers
from longtake.stages.config import CaptioningStageConfig
from longtake.tsa_training.rendering import write_clip
from tests.caption_tuning.drawn import frames, parts, seed
from tests.datasets.lakes import fill

CONFIG = {
    "asking": {"parts_tokens": 64, "text_tokens": 64},
    "rules": {"words_min": 5},
    "sampling": {"frames": 2, "size_px": 64},
    "optimisation": {"learning_rate": 0.003, "batch": 2, "accumulation": 1},
    "judging": {"held_out_share": 0.3, "every_steps": 2, "written": 1},
}


@pytest.fixture
def lake(tmp_path):
    """A lake with a dataset of six clips, one of which is gone, and captions of all of them, one of which failed."""
    lake = Lake(str(tmp_path / "data"))
    fill(lake, videos=7, clips=1, made_by={"slicing": "m", "scoring": "m", "selecting": "m"})
    write_clip(tmp_path / "clip.mp4", frames(0, 10), 25.0, 30)
    by = makers(load_config(CaptioningStageConfig, {}, where="test")).good
    rows = []
    for number, clip in enumerate(lake.tables.read(Clip)):
        failed = number == 0
        said = dict.fromkeys(asdict(parts())) if failed else asdict(parts())
        rows.append(
            Caption(
                clip_id=clip.clip_id, bucket=clip.bucket, video_id=clip.video_id, **said, text=None if failed else seed(0).text,
                words=None, captioner="measured 1", facts=None, flag=None, complaints=None, reason="refusal" if failed else None,
                detail=None, made_by=by,
            )
        )  # fmt: skip
        if number != 1:
            lake.objects.put(clip.uri, (tmp_path / "clip.mp4").read_bytes())
    lake.tables.merge(rows)
    return lake


def test_a_dataset_without_captions_by_this_config_is_a_sentence(lake):
    with pytest.raises(UserError, match="no clip of clips-0000aaaa has a caption by this captioning config"):
        caption_tuning.run(
            data_root=lake.data_root,
            captioning_config={"writing": {"facts": False, "rules": {"words_min": 5}}},
            config={"model": "m"},
        )
    with pytest.raises(UserError, match="nothing says which model is tuned"):
        caption_tuning.run(data_root=lake.data_root)


@pytest.mark.slow
def test_captions_become_an_adapter_in_the_lake_and_a_killed_run_goes_on_from_its_last_state(
    lake, tmp_path, monkeypatch
):
    from longtake.captioning.vlm.loading import load_vlm
    from longtake.lake.weights import fetch_weights
    from tests.captioning.vlm.tiny_models import make_tiny

    config = CONFIG | {"model": str(make_tiny("llava", tmp_path / "tiny"))}
    follow = caption_tuning._follow

    def killed(step, name, items, total):
        for number, item in enumerate(follow(step, name, items, total)):
            if name == "training" and number == 4:
                raise KeyboardInterrupt
            yield item

    monkeypatch.setattr(caption_tuning, "_follow", killed)
    with pytest.raises(KeyboardInterrupt):
        caption_tuning.run(data_root=lake.data_root, config=config)
    (state,) = (item.key for item in lake.objects.walk("caption_tuning/"))
    assert state.endswith("/000000002.state")
    monkeypatch.setattr(caption_tuning, "_follow", follow)
    summary = caption_tuning.run(data_root=lake.data_root, config=config)
    assert summary.items == {"kept": 5, "dropped:gone": 1}
    assert summary.loss_after < summary.loss_before
    assert json.loads(summary.to_json())["adapter"] == summary.adapter
    load_vlm(config["model"], adapter=fetch_weights(summary.adapter, tmp_path))
    assert not list(lake.objects.walk("caption_tuning/"))
    page = lake.objects.read("reports/by-hand/caption_tuning-1of1.html").decode()
    assert "Held-out captions" in page
    assert "clips-0000aaaa in " in page
