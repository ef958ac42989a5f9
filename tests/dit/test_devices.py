import pytest
import torch

from longtake.dit.devices import choose_precision, known_flops, measured_flops, peak_flops
from longtake.dit.recipe import TrainingConfig

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "bfloat16", "float32"),
    [
        ("NVIDIA H100 80GB HBM3", 989.4e12, 66.9e12), ("NVIDIA H100 PCIe", 756e12, 51.2e12), ("NVIDIA H100 NVL", 835.5e12, 60e12),
        ("NVIDIA H200", 989.4e12, 66.9e12), ("NVIDIA A100-SXM4-80GB", 312e12, 19.5e12), ("NVIDIA L4", 121e12, 30.3e12),
        ("NVIDIA L40S", 362e12, 91.6e12), ("NVIDIA GeForce RTX 4090", 165.2e12, 82.6e12), ("AMD Instinct MI300X", 1307.4e12, 163.4e12),
    ],
)  # fmt: skip
def test_a_gpu_is_measured_by_its_dense_peak(name, bfloat16, float32):
    assert known_flops(name, torch.bfloat16) == bfloat16
    assert known_flops(name, torch.float32) == float32


@pytest.mark.parametrize("name", ["NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA T1000", "Some new card"])
def test_of_a_part_of_a_gpu_or_an_unknown_one_no_peak_is_made_up(name):
    assert known_flops(name, torch.bfloat16) is None


def test_a_processor_is_measured_by_a_product():
    assert peak_flops(CPU, torch.float32) > 1e8
    assert measured_flops(CPU, torch.float32, 1) > 1e8


def test_a_processor_computes_in_float32_unless_told_otherwise():
    assert choose_precision(TrainingConfig(), CPU) == torch.float32
    assert choose_precision(TrainingConfig(precision="bfloat16"), CPU) == torch.bfloat16
