"""Captions a second by `transformers`, continuous batching against plain `generate`, and what our code costs besides the model.

`python -m benchmarks.captioning` builds two LLaVA-OneVisions with random weights: a tiny one, and one of the 0.5B class (its language
model is shaped as Qwen2-0.5B, its tower small). A caption is two answers: the parts, with frames, and the merge, without. Both ways get the
same prompts and limits of tokens, drawn from a seed, and give the same tokens; the peer is transformers' `generate` on one prompt after
the other. The overhead is that of the whole captioner, everything around the model's forward passes: preprocessing, prompts, drawing
tokens under a grammar, reading and judging both answers. A GPU is used where there is one.
"""

import argparse
import random
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from benchmarks.measure import machine, median, print_table
from longtake.captioning.captioner import Written
from longtake.captioning.checking import check_parts, check_text
from longtake.captioning.config import Asking, CaptioningConfig, Transformers
from longtake.captioning.dialogue import Dialogue, merge_ask, parts_ask
from longtake.captioning.faults import Rejected
from longtake.captioning.reading import read_parts, read_text
from longtake.captioning.schema import NAMES, Parts
from longtake.captioning.seen import Seen
from longtake.captioning.vlm.captioner import TransformersCaptioner
from longtake.captioning.vlm.decoding import Decoder, Sequence
from longtake.captioning.vlm.families import LlavaOnevision
from longtake.captioning.vlm.grammar import Grammars
from longtake.captioning.vlm.loading import VLM
from longtake.captioning.vlm.prompting import collate, encode

TARGET_MS = 20
NOTES = Parts(
    **{name: f"The {name} is a brown fox that jumps over a lazy dog, slowly and to the left. " * 2 for name in NAMES}
)
TEXTS = {
    "tiny": {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 1024,
    },
    "0.5B": {
        "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
        "num_key_value_heads": 2, "vocab_size": 151_936,
    },
}  # fmt: skip
"""Qwen2-0.5B's own shape, and a toy's."""
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for item in message.content %}"
    "{% if item.type == 'text' %}{{ item.text }}{% else %}<{{ item.type }}>\n{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
Prompt = tuple[str, np.ndarray | None, int]
"""Text, frames, tokens of the answer."""


def build(size: str, tower_px: int, device: torch.device) -> VLM:
    """A random model on the device; bfloat16 on a GPU."""
    from transformers import LlavaOnevisionConfig, LlavaOnevisionForConditionalGeneration

    tokenizer = build_tokenizer()
    image, video, end = tokenizer.convert_tokens_to_ids(["<image>", "<video>", "<|im_end|>"])
    tower = {
        "model_type": "siglip_vision_model", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "image_size": tower_px, "patch_size": 14,
    }  # fmt: skip
    text = TEXTS[size] | {
        "model_type": "qwen2",
        "max_position_embeddings": 8192,
        "eos_token_id": end,
        "pad_token_id": end,
    }
    config = LlavaOnevisionConfig(
        text_config=text,
        vision_config=tower,
        image_token_index=image,
        video_token_index=video,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    with torch.device(device):
        model: Any = LlavaOnevisionForConditionalGeneration(config)
    model = model.to(dtype).eval()
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = end
    return VLM(model=model, tokenizer=tokenizer, family=LlavaOnevision(config, {}, 1, device), device=device, name=size)


def build_tokenizer() -> Any:
    """Of bytes and the words of our own prompts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1000, special_tokens=["<|im_end|>", "<|im_start|>", "<image>", "<video>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator([parts_ask(Asking()).prompt, Asking().merge, *NAMES], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", chat_template=TEMPLATE)


def make_clips(count: int, frames: int) -> list[Seen]:
    """Noise of 448 x 252 pixels: what a 16:9 clip is scaled to."""
    dice = np.random.default_rng(0)
    return [
        Seen(
            duration_s=8, width=1280, height=720, times_s=np.linspace(0.5, 7.5, frames),
            frames_NHW3=dice.integers(0, 256, (frames, 252, 448, 3), np.uint8),
        )
        for _ in range(count)
    ]  # fmt: skip


def make_prompts(clips: list[Seen], tokens: int) -> list[Prompt]:
    """Two a clip, short ones, so that a CPU gets through; answers of half of `tokens` to `tokens`."""
    dice = random.Random(0)
    notes = "The quick brown fox jumps over the lazy dog in a narrow street, and the camera pans. " * 2
    texts = f"Write six notes about it. {Asking().shape}", f"Write one flowing English description. {notes}"
    limits = [dice.randint(tokens // 2, tokens) for _ in range(2 * len(clips))]
    frames = [given for clip in clips for given in (clip.frames_NHW3, None)]
    return list(zip(texts * len(clips), frames, limits, strict=True))


def run_generate(vlm: VLM, prompts: list[Prompt]) -> list[list[int]]:
    """The peer: one after the other."""
    answers = []
    for prompt, frames_NHW3, tokens in prompts:
        example = encode(vlm, prompt, frames_NHW3)
        with torch.inference_mode():
            told = vlm.model.generate(**collate(vlm, [example], "left"), max_new_tokens=tokens, do_sample=False)
        answers.append([token for token in told[0, len(example.input_ids_T) :].tolist() if token not in vlm.end_ids])
    return answers


def run_batches(vlm: VLM, prompts: list[Prompt], slots: int) -> list[list[int]]:
    """Ours."""
    decoder, sequences = Decoder(vlm, slots), [Sequence(tokens=tokens) for *_, tokens in prompts]
    waiting = deque(zip(prompts, sequences, strict=True))
    while waiting or decoder.running:
        while waiting and decoder.free:
            (prompt, frames_NHW3, _), sequence = waiting.popleft()
            decoder.add(encode(vlm, prompt, frames_NHW3), sequence)
        if decoder.running:
            decoder.step()
    return [sequence.ids for sequence in sequences]


def compare(vlm: VLM, prompts: list[Prompt], slots: list[int], rounds: int) -> list[tuple[object, ...]]:
    """Rows of the table: medians of interleaved rounds, the ratio within rounds."""
    run_batches(vlm, [(*prompts[0][:2], 2)], 1)  # warm
    seconds: dict[int, list[float]] = {count: [] for count in (0, *slots)}
    answers = {}
    for _ in range(rounds):
        for count, taken in seconds.items():
            began_s = time.perf_counter()
            answers[count] = run_batches(vlm, prompts, count) if count else run_generate(vlm, prompts)
            taken.append(time.perf_counter() - began_s)
    rows: list[tuple[object, ...]] = []
    for count, taken in seconds.items():
        ratio = median([plain / ours for plain, ours in zip(seconds[0], taken, strict=True)])
        tokens, same = sum(map(len, answers[count])), sum(map(list.__eq__, answers[0], answers[count]))
        way = f"{count} side by side" if count else "`generate`, one by one"
        wall_s = median(taken)
        rows.append((vlm.name, way, len(prompts) // 2 / wall_s, tokens / wall_s, ratio, f"{same} of {len(prompts)}"))
    return rows


class Clock:
    """Seconds within the model's forward passes."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.inside_s = 0.0
        self._began_s = 0.0
        model.register_forward_pre_hook(self._begin)
        model.register_forward_hook(self._end)

    @staticmethod
    def now_s() -> float:
        """Of the processor, with one thread, since others use this machine too; of the wall with a GPU, once it is done."""
        if not torch.cuda.is_available():
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()

    def _begin(self, *_: object) -> None:
        self._began_s = self.now_s()

    def _end(self, *_: object) -> None:
        self.inside_s += self.now_s() - self._began_s


class Overheard(TransformersCaptioner):
    """The captioner with a random model, whose nonsense the dialogue takes for six parts: each clip is asked for both answers."""

    def __init__(self, vlm: VLM, config: CaptioningConfig) -> None:
        assert config.transformers is not None
        self._config, self._settings, self._slots = config, config.transformers, config.transformers.slots
        self._vlm, self._grammars, self.name = vlm, Grammars(vlm), "random"

    def _converse(self) -> Dialogue:
        asking, rules = self._config.asking, self._config.rules
        said = [(yield parts_ask(asking))]
        for judge in (lambda: read_parts(said[0].text), lambda: check_parts(NOTES, rules)):
            with suppress(Rejected):
                judge()
        said.append((yield merge_ask(asking, rules, NOTES)))
        with suppress(Rejected):
            check_text(read_text(said[1].text), rules)
        return Written(reason="empty", answer_tokens=sum(answer.answer_tokens for answer in said))


def measure_overhead(vlm: VLM, clips: list[Seen], slots: int, tokens: int, rounds: int) -> tuple[object, ...]:
    """A row of the table: milliseconds a clip of preparing frames, and of all that is not the model."""
    config = CaptioningConfig(
        captioner="transformers",
        transformers=Transformers(model="random", slots=slots),
        asking=Asking(parts_tokens=tokens, text_tokens=tokens),
    )
    captioner, clock = Overheard(vlm, config), Clock(vlm.model)
    captioner(clips[:1])  # warm
    shown_ms, besides_ms, written = [], [], list[Written]()
    for _ in range(rounds):
        clock.inside_s, began_s = 0.0, clock.now_s()
        written = captioner(clips)
        besides_ms.append((clock.now_s() - began_s - clock.inside_s) / len(clips) * 1000)
        began_s = clock.now_s()
        for clip in clips:
            assert clip.frames_NHW3 is not None
            vlm.family.show(clip.frames_NHW3, clip.times_s)
        shown_ms.append((clock.now_s() - began_s) / len(clips) * 1000)
    said = sum(one.answer_tokens for one in written) / len(written)
    return slots, len(clips), said, median(shown_ms), median(besides_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["tiny", "0.5B"], choices=list(TEXTS))
    parser.add_argument("--clips", type=int, help="default: 16 of the tiny model, 4 of the other (64 on a GPU)")
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument(
        "--tokens",
        type=int,
        help="of an answer at most; default: 64 of the tiny model, 24 of the other (256 on a GPU)",
    )
    parser.add_argument("--slots", type=int, nargs="+", default=[8])
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "no GPU"
    print(f"{machine()}, {name}, {torch.get_num_threads()} threads\n")
    rows: list[tuple[object, ...]] = []
    for size in given.sizes:
        small = size == "tiny"
        clips = make_clips(given.clips or (64 if device.type == "cuda" else 16 if small else 4), given.frames)
        tokens = given.tokens or (256 if device.type == "cuda" else 64 if small else 24)
        vlm = build(size, 112, device)
        rows += compare(vlm, make_prompts(clips, tokens), given.slots, max(given.rounds, 3) if small else given.rounds)
    print_table(("model", "way", "captions/s", "tokens/s", "times `generate`", "same answers"), rows)
    if "tiny" not in given.sizes:
        return
    torch.set_num_threads(1)
    vlm = replace(build("tiny", 384, device), name="tiny, frames of 384 px")
    overhead = [
        measure_overhead(vlm, make_clips(2 * slots, 8), slots, 64, max(given.rounds, 3)) for slots in given.slots
    ]
    print(
        f"Besides the model, with 8 frames scaled to 384 px, one thread; what is asked is under {TARGET_MS} ms a clip.\n"
    )
    print_table(
        ("slots", "clips", "tokens a clip", "ms to prepare the frames", "ms of all besides the model"), overhead
    )


if __name__ == "__main__":
    main()
