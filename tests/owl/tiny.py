"""Models of a few thousand weights, checkpoints like the large ones, and stories of a square that is drawn."""

import json

import numpy as np
import torch

from longtake.owl.config import DynamicsConfig, LMMConfig, LoRAConfig, OwlConfig, SmallConfig, StateConfig
from longtake.owl.story import Clip, Story
from longtake.owl.words import OwnWords

COLOURS = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0)}
SIDES = ("left", "right", "up", "down")
QUERIES = 3
SMALL = LMMConfig(small=SmallConfig(width=32, depth=2, heads=2, hidden=48), frame_px=16, patch_px=8)
CONFIG = OwlConfig(lmm=SMALL, state=StateConfig(queries=QUERIES, hidden=24), dynamics=DynamicsConfig(tokens=12))


def story(number=0, clips=3, frames=5, size=16):
    """A square of one colour goes about; the texts say where to. The second clip begins with a cut."""
    draw = np.random.default_rng(number)
    name, colour = list(COLOURS.items())[number % 3]
    ground, at = draw.integers(0, 120, 3), np.array([size // 3, size // 3])
    picture = _drawn(ground, colour, at, size)
    made = []
    for count in range(clips):
        side = SIDES[int(draw.integers(4))]
        step = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}[side]
        places = [(at + np.array(step) * frame) % (size - 3) for frame in range(frames)]
        shown = np.stack([_drawn(ground, colour, place, size) for place in places])
        made.append(Clip(frames_NHW3=shown, text=f"The {name} square goes {side}.", new_scene=count == 1))
        at = places[-1]
    return Story(story_id=f"square-{number}", image_HW3=picture, text=f"A {name} square.", clips=made)


def stories(count=3, **how):
    """With one clip more each, from one on."""
    return [story(number, clips=number + 1, **how) for number in range(count)]


def words(count=6):
    """What the texts of so many stories are made of."""
    told = [story(number) for number in range(count)]
    sides = [f"goes {side}" for side in SIDES]
    return OwnWords.of([*(each.text for each in told), *(clip.text for each in told for clip in each.clips), *sides])


def causal_config(folder, **how):
    """Of a language model of the folder that `save_causal` wrote."""
    return LMMConfig(kind="causal", model=str(folder), frame_px=16, patch_px=8, **{"lora": LoRAConfig(rank=2), **how})


def chameleon_config(folder, **how):
    """Of the folder that `save_chameleon` wrote: 2x2 tokens a frame, a begin and an end."""
    return LMMConfig(kind="chameleon", model=str(folder), frame_px=16, **{"lora": LoRAConfig(rank=2), **how})


def save_causal(folder, seed=0):
    """A folder like that of a pretrained Llama."""
    from transformers import LlamaConfig, LlamaForCausalLM

    vocabulary = _vocabulary()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(vocabulary) + 2, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    _save_tokenizer(folder, vocabulary)
    return folder


def save_chameleon(folder, seed=0):
    """A folder like that of Chameleon, with a codebook of 16."""
    from transformers import ChameleonConfig, ChameleonForConditionalGeneration, ChameleonVQVAEConfig

    codes = ["IMGIMG" + "".join("ABCDEFGHIJ"[int(digit)] for digit in str(code)) + "Z" for code in range(16)]
    names = ["<racm3:break>", "<eoss>", "<image>", "<reserved08706>", "<reserved08708>", "<reserved08709>", *codes]
    vocabulary = _vocabulary()
    vocabulary |= {name: len(vocabulary) + number for number, name in enumerate(names)}
    torch.manual_seed(seed)
    config = ChameleonConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=256, vocabulary_map=vocabulary, bos_token_id=None, eos_token_id=None,
        vq_config=ChameleonVQVAEConfig(
            embed_dim=8, num_embeddings=16, latent_channels=8, resolution=16, base_channels=32,
            channel_multiplier=[1, 1, 1, 1], num_res_blocks=1,
        ),
    )  # fmt: skip
    ChameleonForConditionalGeneration(config).save_pretrained(folder)
    _save_tokenizer(folder, vocabulary)
    return folder


def _vocabulary():
    said = json.loads(words().to_json())["model"]["vocab"]
    kept = sorted((name for name in said if "dynamics" not in name), key=lambda name: said[name])
    return {name: number for number, name in enumerate(kept)}


def _save_tokenizer(folder, vocabulary):
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer.from_str(words().to_json())
    said = Tokenizer(WordLevel(vocabulary, unk_token="<unknown>"))
    said.normalizer, said.pre_tokenizer, said.decoder = plain.normalizer, plain.pre_tokenizer, plain.decoder
    PreTrainedTokenizerFast(tokenizer_object=said, unk_token="<unknown>").save_pretrained(folder)


def _drawn(ground, colour, at, size):
    picture = np.empty((size, size, 3), np.uint8)
    picture[:] = ground
    picture[at[0] : at[0] + 3, at[1] : at[1] + 3] = colour
    return picture
