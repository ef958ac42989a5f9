import json
import math

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

import numpy as np  # noqa: E402
from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from longtake.config import dump_config  # noqa: E402
from longtake.errors import UserError  # noqa: E402
from longtake.records import METRICS  # noqa: E402
from longtake.scoring.checkpoint import METADATA, load_checkpoint, save_checkpoint  # noqa: E402
from longtake.scoring.inputs import Inputs  # noqa: E402
from longtake.scoring.tensors import MEAN_RGB, SD_RGB, to_tensors  # noqa: E402
from tests.scoring.tiny_network import CALIBRATION, TINY, build, draw_inputs  # noqa: E402


@pytest.fixture
def path(tmp_path):
    save_checkpoint(tmp_path / "tiny.safetensors", build(), CALIBRATION, {"command": "longtake train-tsa"})
    return tmp_path / "tiny.safetensors"


def rewrite(path, words):
    """The same weights with other words beside them."""
    with safe_open(path, framework="pt") as file:
        kept = json.loads(file.metadata()[METADATA])
    save_file(load_file(path), path, {METADATA: words if isinstance(words, str) else json.dumps(kept | words)})


def test_a_checkpoint_comes_back_as_it_was_stored_and_scores_alike_to_the_bit(path, tmp_path):
    generator_state = torch.get_rng_state()
    first = load_checkpoint(path)
    assert torch.equal(torch.get_rng_state(), generator_state)
    assert first.calibration == CALIBRATION
    assert first.facts == {"command": "longtake train-tsa"}
    assert first.network.architecture == build().architecture
    assert not first.network.training
    save_checkpoint(tmp_path / "again", first.network, first.calibration, first.facts)
    again = load_checkpoint(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    with torch.no_grad():
        assert torch.equal(first.network(*draw_inputs(2)), again.network(*draw_inputs(2)))
        assert torch.allclose(first.network(*draw_inputs(2)), build()(*draw_inputs(2)), atol=0.02)
    assert all(weights.dtype == torch.float32 and weights.requires_grad for weights in first.network.parameters())


def test_a_file_that_is_no_checkpoint_is_said_in_a_sentence(path, tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "nowhere")
    (tmp_path / "text").write_text("these are no weights")
    with pytest.raises(UserError, match="is not a safetensors file"):
        load_checkpoint(tmp_path / "text")
    path.with_suffix(".cut").write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="is not a safetensors file"):
        load_checkpoint(path.with_suffix(".cut"))
    save_file({"a": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(UserError, match="says nothing of its architecture"):
        load_checkpoint(tmp_path / "other")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("[1", "is damaged"),
        ("[1]", "nothing of its architecture"),
        ({"facts": 1}, "nothing of its facts"),
        ({"architecture": {"feature": 16}}, "did you mean 'features'"),
        ({"architecture": dump_config(TINY) | {"features": 32}}, "do not fit the architecture"),
        ({"calibration": {"score_mean": 3}}, "'score_sd' is missing"),
        ({"calibration": dump_config(CALIBRATION) | {"label_means_L": [0.0]}}, "has 1 numbers; expected 15"),
    ],
)
def test_a_checkpoint_whose_words_do_not_fit_is_refused(path, words, sentence):
    rewrite(path, words)
    with pytest.raises(UserError, match=sentence):
        load_checkpoint(path)


def test_a_network_that_went_wrong_in_training_is_not_stored(tmp_path):
    network = build()
    with torch.no_grad():
        network.head[0].bias[0] = math.nan
    with pytest.raises(ValueError, match=r"head\.0\.bias"):
        save_checkpoint(tmp_path / "broken", network, CALIBRATION, {})
    assert not (tmp_path / "broken").exists()


def draw_clip(labels_L, seed=0):
    draw = np.random.default_rng(seed).integers
    return Inputs(draw(0, 256, (2, 4, 32, 32, 3), np.uint8), draw(0, 256, (2, 32, 32, 3), np.uint8), labels_L)


def test_pixels_become_standardised_red_green_and_blue():
    clip = draw_clip(np.zeros(len(METRICS), np.float32))
    clip.fragments_STHW3[0, 1, 2, 3] = (10, 20, 30)  # blue, green, red
    tensors = to_tensors([clip, draw_clip(clip.labels_L, seed=1)], CALIBRATION)
    assert tensors.fragments_BST3HW.shape == (2, 2, 4, 3, 32, 32)
    assert tensors.images_BK3HW.shape == (2, 2, 3, 32, 32)
    expected = (np.array([30, 20, 10]) - MEAN_RGB) / SD_RGB
    assert tensors.fragments_BST3HW[0, 0, 1, :, 2, 3].numpy() == pytest.approx(expected, rel=1e-5)


def test_pixels_that_no_branch_asked_for_are_left_out():
    labels_L = np.zeros(len(METRICS), np.float32)
    blind = Inputs(np.zeros((0, 0, 1, 1, 3), np.uint8), np.zeros((0, 1, 1, 3), np.uint8), labels_L)
    tensors = to_tensors([blind], CALIBRATION)
    assert (tensors.fragments_BST3HW, tensors.images_BK3HW) == (None, None)


def test_a_sub_metric_is_standardised_and_one_that_was_not_measured_is_the_mean():
    labels_L = np.full(len(METRICS), 1.0, np.float32)
    labels_L[[0, 3, 4]] = (np.e - 1, np.nan, 1e9)  # the first gets the logarithm
    (labels_1L,) = to_tensors([draw_clip(labels_L)], CALIBRATION).labels_BL
    assert labels_1L[:5].tolist() == pytest.approx([0.5, 0.45, 0.4, 0.0, 5.0])
    unknown = draw_clip(np.full(len(METRICS), np.nan, np.float32))
    assert build()(*to_tensors([unknown], CALIBRATION)).isfinite().all()
