import json
import shutil

import pytest
import torch

from longtake.captioning.vlm.loading import load_vlm
from longtake.captioning.vlm.prompting import collate, encode
from longtake.errors import UserError


@pytest.fixture
def folder(folders, tmp_path):
    """A tiny LLaVA to break."""
    return shutil.copytree(folders("llava"), tmp_path / "model")


def test_what_is_no_model_is_refused_in_plain_words(folder, tmp_path):
    with pytest.raises(UserError, match="no folder"):
        load_vlm(tmp_path / "nothing")
    with pytest.raises(UserError, match=r"no config\.json"):
        load_vlm(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config["text_config"]))
    with pytest.raises(UserError, match="of the type llama; captions are written by llava, llava_onevision"):
        load_vlm(folder)


def test_weights_that_are_pickled_are_refused(folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"no \*\.safetensors"):
        load_vlm(folder)


def test_weights_that_are_cut_short_or_lack_some_are_refused(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if "q_proj" in name)
    save_file(
        {key: value for key, value in weights.items() if key != name}, folder / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(UserError, match="lacks 1 of its weights"):
        load_vlm(folder)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be loaded"):
        load_vlm(folder)


def test_the_template_of_an_older_processor_is_found_and_none_is_refused(folder):
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(UserError, match="no chat template"):
        load_vlm(folder)
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    assert load_vlm(folder).tokenizer.chat_template == template


def test_an_adapter_is_merged_and_writes_what_it_wrote_before(folder, tmp_path, frames):
    from peft import LoraConfig, get_peft_model

    vlm = load_vlm(folder)
    batch = collate(vlm, [encode(vlm, "Describe it.", frames(2))], "left")
    plain = vlm.model(**batch).logits
    torch.manual_seed(0)
    adapted = get_peft_model(vlm.model, LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)).eval()
    wanted = adapted(**batch).logits
    adapted.save_pretrained(tmp_path / "adapter")
    again = load_vlm(folder, adapter=tmp_path / "adapter")
    assert again.name == "model + adapter"
    assert torch.allclose(again.model(**batch).logits, wanted, atol=1e-4)
    assert not torch.allclose(plain, wanted, atol=1e-2)
    with pytest.raises(UserError, match=r"adapter_model\.safetensors"):
        load_vlm(folder, adapter=folder)
