"""Laws that were fitted on drawn runs, for tests of what is done with them."""

from functools import cache

from longtake.dit.config import DiTConfig
from longtake.scaling.family import Family
from longtake.scaling.fit import fit_laws
from longtake.scaling.stored import StoredLaws
from tests.scaling.test_fit import runs

FAMILY = Family(model=DiTConfig(width_per_layer=64), shapes={(5, 32, 32): 0.9, (1, 32, 32): 0.1}, text_tokens=32)


@cache
def drawn_laws(noise: float = 1e-3, bootstraps: int = 200) -> StoredLaws:
    fitted = fit_laws(runs(noise=noise), bootstraps=bootstraps)
    return StoredLaws(laws=fitted.laws, fitted=fitted, family=FAMILY, facts={"autoencoder": "linear-1"})
