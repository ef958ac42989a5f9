import pytest

from longtake.dit.peaks import dense_flops


@pytest.mark.parametrize(
    ("name", "bfloat16"),
    [
        ("h100", 989.4e12), ("H100-PCIe", 756e12), ("h100_nvl", 835.5e12), ("NVIDIA A100-SXM4-80GB", 312e12), ("rtx-4090", 165.2e12),
        ("H100 80GB HBM3 MIG 1g.10gb", None), ("h10", None),
    ],
)  # fmt: skip
def test_a_gpu_is_known_however_its_name_is_written(name, bfloat16):
    assert dense_flops(name, "bfloat16") == bfloat16
