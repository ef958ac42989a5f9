"""`longtake tune-captioner` on files: what it says of mistakes, and all of it on a tiny model."""

import json

import pytest
from click.testing import CliRunner

from longtake.cli.train import tune_captioner
from longtake.errors import UserError
from longtake.tsa_training.rendering import write_clip
from tests.caption_tuning.drawn import frames, parts, seed

CONFIG = """
caption_tuning_config:
  asking: {parts_tokens: 64, text_tokens: 64}
  rules: {words_min: 5}
  sampling: {frames: 2, size_px: 64}
  optimisation: {learning_rate: 0.003, batch: 2, accumulation: 2}
  judging: {held_out_share: 0.5, written: 1}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Six clips and their captions, and a line about a clip that is not there."""
    monkeypatch.chdir(tmp_path)
    lines = [{"media": "nowhere.mp4", "text": "A box stands on a field."}]
    for number in range(6):
        write_clip(tmp_path / f"clip{number}.mp4", frames(number, 10), 25.0, 30)
        line = {"media": f"clip{number}.mp4", "text": seed(number).text}
        lines.append(
            line | {name: getattr(parts(), name) for name in parts().__dataclass_fields__} if number % 2 else line
        )
    (tmp_path / "seeds.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "tune.yaml").write_text(CONFIG)
    (tmp_path / "few.yaml").write_text(CONFIG.replace("held_out_share: 0.5", "held_out_share: 0.1"))
    return tmp_path


def tune(*arguments):
    return CliRunner().invoke(tune_captioner, [str(argument) for argument in arguments], catch_exceptions=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give files of captions"),
        (("seeds.jsonl", "--data-root", "data"), "give files of captions"),
        (("seeds.jsonl",), "nothing says which model"),
        (("nowhere.jsonl", "--model", "m"), "there is no file nowhere.jsonl"),
        (("tune.yaml", "--model", "m"), "captions are read from .jsonl and from .csv"),
        (
            ("seeds.jsonl", "--model", "m"),
            r"no caption is left to learn from \(6 too_short, 1 no_media\).*held_to_rules",
        ),
        (
            ("seeds.jsonl", "--model", "m", "--config", "few.yaml"),
            r"none of the 6 .*held_out_share: 0\.49} holds one out",
        ),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_do(folder, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        raise tune(*arguments).exception


@pytest.mark.slow
def test_captions_of_files_become_an_adapter_with_a_page_that_captioning_takes(folder):
    from longtake.captioning.vlm.loading import load_vlm
    from tests.captioning.vlm.tiny_models import make_tiny

    with pytest.raises(UserError, match="nowhere is no folder"):
        raise tune("seeds.jsonl", "--model", "./nowhere", "--config", "tune.yaml").exception
    model = make_tiny("llava", folder / "tiny")
    result = tune("seeds.jsonl", "--model", model, "--config", "tune.yaml", "--out", "out", "--work", "work")
    assert result.exit_code == 0, result.output
    assert "captions to learn from: 6 of clips, 0 of images" in result.output
    assert "seeds.jsonl line 1: no_media, " in result.output
    assert f"model: {model}, adapter: {folder / 'out'}" in result.output
    assert "Held-out captions" in (folder / "out.html").read_text()
    load_vlm(model, adapter=folder / "out")
    kept = {path: path.stat().st_mtime_ns for path in (folder / "work").rglob("*") if path.is_file()}
    again = tune("seeds.jsonl", "--model", model, "--config", "tune.yaml", "--out", "again", "--work", "work")
    assert again.exit_code == 0, again.output
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    weights = [(folder / name / "adapter_model.safetensors").read_bytes() for name in ("out", "again")]
    assert weights[0] == weights[1]
