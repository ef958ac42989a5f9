import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from safetensors.torch import save_file  # noqa: E402

from longtake.errors import UserError  # noqa: E402
from longtake.scoring.efficientnet import EfficientNetLite  # noqa: E402
from longtake.tsa_training.eyes import PREFIX, read_eyes  # noqa: E402


def test_eyes_come_from_a_file_with_as_many_stages_or_more(tmp_path):
    weights = EfficientNetLite(2).state_dict()
    path = tmp_path / "eyes.safetensors"
    save_file({PREFIX + name: one.half() for name, one in weights.items()}, path)
    found = read_eyes(str(path), 1)
    assert list(found) == list(EfficientNetLite(1).state_dict())
    assert torch.allclose(found["stem.weight"], weights["stem.weight"], atol=1e-3)
    with pytest.raises(UserError, match=r"lacks .* of .* weights of pretrained eyes, as eyes\.stages\.2"):
        read_eyes(str(path), 3)


def test_a_file_that_is_not_there_or_is_none_is_named(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_eyes(str(tmp_path / "none.safetensors"), 1)
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(UserError, match="cannot be read"):
        read_eyes(str(tmp_path / "text.safetensors"), 1)
