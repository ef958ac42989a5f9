"""The whole chain on one laptop, on real footage with known transitions. `footage` gets it, `reels` joins it, `demo` runs."""

from longtake.demo.demo import run_demo

__all__ = ["run_demo"]
