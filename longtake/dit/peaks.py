"""How many operations a second GPUs have at most, by their names. It imports no torch."""

import re
from typing import Literal

DENSE_FLOPS: tuple[tuple[str, float, float], ...] = (
    (r"\bB200\b", 2250e12, 75e12),
    (r"\bGH200\b", 990e12, 67e12),
    (r"\bH200 NVL\b", 835.5e12, 60e12),
    (r"\bH[28]00\b", 989.4e12, 66.9e12),
    (r"\bH100 NVL\b", 835.5e12, 60e12),
    (r"\bH100 PCIe\b", 756e12, 51.2e12),
    (r"\bH100\b", 989.4e12, 66.9e12),
    (r"\bA[18]00\b", 312e12, 19.5e12),
    (r"\bA40\b", 149.7e12, 37.4e12),
    (r"\bA30\b", 165e12, 10.3e12),
    (r"\bL40S\b", 362e12, 91.6e12),
    (r"\bL40\b", 181e12, 90.5e12),
    (r"\bL4\b", 121e12, 30.3e12),
    (r"\bRTX 4090\b", 165.2e12, 82.6e12),
    (r"\bRTX 3090\b", 71.2e12, 35.6e12),
    (r"\bMI300X\b", 1307.4e12, 163.4e12),
)
"""Name, peak of bfloat16 products and of float32 ones without TF32: makers' data sheets, never the figure with sparsity."""


def dense_flops(name: str, precision: Literal["bfloat16", "float32"]) -> float | None:
    """Of a GPU of this name, in any case and with dashes or spaces; None where it is not in the table, and of a part of one."""
    plain = re.sub(r"[-_]", " ", name)
    if re.search(r"\bMIG\b", plain, re.IGNORECASE):
        return None
    for pattern, bfloat16, float32 in DENSE_FLOPS:
        if re.search(pattern, plain, re.IGNORECASE):
            return bfloat16 if precision == "bfloat16" else float32
    return None
