"""Models of each family with random weights, a few thousand numbers, saved as a checkpoint is: config, safetensors, tokenizer, template."""

import json
from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

Kind = Literal["llava", "llava_onevision", "qwen2_5_vl", "smolvlm"]
KINDS: tuple[Kind, ...] = ("llava", "llava_onevision", "qwen2_5_vl", "smolvlm")
SIZE_PX, PATCH_PX = 32, 8
PAD, END = "<|endoftext|>", "<|im_end|>"
SPECIAL = {
    "llava": ["<image>"],
    "llava_onevision": ["<image>", "<video>"],
    "qwen2_5_vl": ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"],
    "smolvlm": ["<image>", "<fake_token_around_image>", "<global-img>"],
}
SHOWS = {
    "llava": ("<image>\n", ""), "llava_onevision": ("<image>\n", "<video>\n"), "smolvlm": ("<image>", ""),
    "qwen2_5_vl": ("<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>"),
}  # fmt: skip
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for item in message.content %}"
    "{% if item.type == 'image' %}IMAGE{% elif item.type == 'video' %}VIDEO{% else %}{{ item.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LINES = [
    "A red car drives slowly from left to right through a narrow street, and the camera pans with it.",
    '{"subject": "a dog", "movement": "it runs", "environment": "a beach", "visual": "warm", "camera": "static", "overall": "play"}',
    "These are frames of one clip, in order. Write one flowing English description of what can be seen.",
]


def make_tiny(kind: Kind, folder: Path) -> Path:
    """The folder, with a model in it; the same one each time."""
    image, video = SHOWS[kind]
    tokenizer = _tokenizer(SPECIAL[kind])
    tokenizer.chat_template = TEMPLATE.replace("IMAGE", image).replace("VIDEO", video)
    torch.manual_seed(0)
    model = {"llava": _llava, "llava_onevision": _onevision, "qwen2_5_vl": _qwen, "smolvlm": _smolvlm}[kind](tokenizer)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    with torch.no_grad():  # else the output hardly depends on the input
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(6)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    sizes = {"shortest_edge": SIZE_PX}
    if kind == "qwen2_5_vl":
        sizes = {"shortest_edge": 16 * 16, "longest_edge": 48 * 48}
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": sizes, "resample": 3}))
    return folder


def _tokenizer(special: list[str]) -> PreTrainedTokenizerFast:
    """Of bytes, with some words put together."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[PAD, END, "<|im_start|>", *special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=PAD)


def _text(tokenizer: PreTrainedTokenizerFast, model_type: str) -> dict[str, object]:
    return {
        "model_type": model_type, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096,
        "vocab_size": len(tokenizer) + 5,  # some rows more than there are tokens, as in real checkpoints
        "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None,
    }  # fmt: skip


def _tower(model_type: str) -> dict[str, object]:
    return {
        "model_type": model_type, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "image_size": SIZE_PX, "patch_size": PATCH_PX, "projection_dim": 32,
    }  # fmt: skip


def _llava(tokenizer: PreTrainedTokenizerFast) -> LlavaForConditionalGeneration:
    image = tokenizer.convert_tokens_to_ids("<image>")
    return LlavaForConditionalGeneration(
        LlavaConfig(
            text_config=_text(tokenizer, "llama"), vision_config=_tower("clip_vision_model"), image_token_id=image
        )
    )


def _onevision(tokenizer: PreTrainedTokenizerFast) -> LlavaOnevisionForConditionalGeneration:
    image, video = tokenizer.convert_tokens_to_ids(["<image>", "<video>"])
    config = LlavaOnevisionConfig(
        text_config=_text(tokenizer, "qwen2"), vision_config=_tower("siglip_vision_model"), image_token_id=image,
        video_token_id=video, image_grid_pinpoints=[[SIZE_PX, SIZE_PX], [SIZE_PX, 2 * SIZE_PX]], vision_feature_layer=-1,
    )  # fmt: skip
    return LlavaOnevisionForConditionalGeneration(config)


def _qwen(tokenizer: PreTrainedTokenizerFast) -> Qwen2_5_VLForConditionalGeneration:
    image, video, start, end = tokenizer.convert_tokens_to_ids(SPECIAL["qwen2_5_vl"])
    text = _text(tokenizer, "qwen2_5_vl_text") | {
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}
    }
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32, "patch_size": PATCH_PX,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 32, "fullatt_block_indexes": [1],
    }  # fmt: skip
    config = Qwen2_5_VLConfig(
        text_config=text, vision_config=vision, image_token_id=image, video_token_id=video,
        vision_start_token_id=start, vision_end_token_id=end,
    )  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(config)


def _smolvlm(tokenizer: PreTrainedTokenizerFast) -> SmolVLMForConditionalGeneration:
    config = SmolVLMConfig(
        text_config=_text(tokenizer, "llama"), vision_config=_tower("smolvlm_vision"), scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"), pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return SmolVLMForConditionalGeneration(config)
