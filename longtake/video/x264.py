"""How x264 is told to give the same bytes for the same pictures: in every run, and on every processor with AVX2."""

from pathlib import Path

UP_TO_AVX2 = "MMX2,SSE2Fast,LZCNT,SSSE3,SSE4.2,AVX,FMA3,BMI2,AVX2"
"""Of x264's names for what a processor can do, those that give the same bytes as each other."""


def x264_options(*, crf: int, preset: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """What libx264 is opened with: one thread, and no AVX-512.

    In x264's core 165 what AVX-512 makes of macroblock trees depends on memory that nobody has written: the same pictures gave
    other bytes wherever malloc handed out used memory (seen with MALLOC_PERTURB_; without AVX-512, or without B frames or the tree, never).
    """
    options = {"crf": str(crf), "preset": preset, "threads": "1"}
    # Told what it may use, x264 uses it unasked, so it is told only where AVX-512 implies that the rest is there.
    if cpuinfo.exists() and " avx512f " in cpuinfo.read_text():
        options["x264-params"] = f"asm={UP_TO_AVX2}"
    return options
