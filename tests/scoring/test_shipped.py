"""The network that comes with longtake, on a drawn scene: nothing that it was trained on."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network extra is not installed")

from longtake.scoring.checkpoint import load_checkpoint  # noqa: E402
from longtake.scoring.config import ScoringConfig, Suitability  # noqa: E402
from longtake.scoring.scorer import measure_clip  # noqa: E402
from longtake.scoring.suitability import SHIPPED, open_predictor, place_of  # noqa: E402
from longtake.tsa_training.defects import KINDS, Scene  # noqa: E402
from longtake.tsa_training.drawn import draw_scene  # noqa: E402
from longtake.tsa_training.rendering import write_clip  # noqa: E402
from longtake.video.config import Limits  # noqa: E402
from longtake.video.guard import Guard  # noqa: E402
from tests.scoring.tiny_network import draw_inputs  # noqa: E402

CONFIG = ScoringConfig(text=False, suitability=Suitability())


def test_it_is_small_and_says_how_it_came_to_be():
    facts = load_checkpoint(SHIPPED).facts
    assert place_of("small") == str(SHIPPED)
    assert SHIPPED.stat().st_size < 9e6
    assert "mdn_elf" in facts["trained on"]
    assert "held-out sources" in facts
    assert '"seeds": [0, 1, 2]' in facts["config"]


@pytest.mark.slow
def test_a_batch_of_one_and_of_six_agree():
    checkpoint = load_checkpoint(SHIPPED)
    network, inputs = checkpoint.network, draw_inputs(6, architecture=checkpoint.network.architecture)
    with torch.inference_mode():
        together_B = network(*inputs)
        alone_B = torch.cat([network(*(part[[clip]] for part in inputs)) for clip in range(6)])
    assert together_B.std() > 0.01
    assert torch.allclose(together_B, alone_B, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "kind",
    [
        "compression",
        "dark",
        pytest.param("noise", marks=pytest.mark.slow),
        pytest.param("letterbox", marks=pytest.mark.slow),
    ],
)
def test_a_clip_with_a_defect_scores_lower_and_the_same_file_the_same_bits(kind, tmp_path):
    rng = np.random.default_rng(10**6)
    clean_NHW3 = draw_scene(1.6, 320, rng)
    scene = Scene(clean_NHW3, lambda: clean_NHW3, 25.0, np.random.default_rng(0))
    write_clip(tmp_path / "clean.mp4", clean_NHW3, 25.0, 18)
    write_clip(tmp_path / "bad.mp4", KINDS[kind].apply(scene, 0.9), 25.0, 45 if kind == "compression" else 18)
    predictor = open_predictor(SHIPPED)
    guard = Guard(Limits())
    try:
        inputs = [
            measure_clip(tmp_path / f"{name}.mp4", guard, CONFIG, None, predictor.architecture, 0).inputs
            for name in ("clean", "bad", "clean")
        ]
    finally:
        guard.close()
    clean, bad, again = predictor.predict(inputs)
    assert bad.vtss < clean.vtss - 0.2
    assert again == clean
