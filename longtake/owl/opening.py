"""Opens the language model that a config names."""

from longtake.errors import UserError
from longtake.owl.chameleon import Chameleon
from longtake.owl.config import LMMConfig
from longtake.owl.lmm import LMM, Causal, Small
from longtake.owl.words import Words


def open_lmm(config: LMMConfig, words: Words | None = None, seed: int = 0) -> LMM:
    """The language model that the config names; `words` for a small one. The seed draws what is new in it.

    Raises UserError for a checkpoint that is none of the kind asked for.
    """
    match config.kind:
        case "small":
            if words is None:
                raise UserError("a small language model has no words of its own; give those made of its training texts")
            return Small(config, words, seed)
        case "causal":
            return Causal(config, seed)
        case "chameleon":
            return Chameleon(config, seed)
