import json
import shutil
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")
pytest.importorskip("transformers", reason="the torch extra is not installed")
pytest.importorskip("peft", reason="the torch extra is not installed")

from longtake.errors import UserError  # noqa: E402
from longtake.owl.chameleon import BEGIN, END, Chameleon, marks  # noqa: E402
from tests.owl.tiny import chameleon_config, save_chameleon  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_chameleon(tmp_path_factory.mktemp("chameleon"))


@pytest.fixture(scope="module")
def chameleon(folder):
    return Chameleon(chameleon_config(folder))


def frames(count=2, side=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, side, side, 3), generator=generator, dtype=torch.uint8)


def test_a_frame_is_its_codes_between_a_begin_and_an_end(chameleon):
    known = chameleon.model.config.vocabulary_map
    ids_NF = chameleon.tokenize(frames())
    assert ids_NF.shape == (2, chameleon.frame_tokens) == (2, 2 * 2 + 2)
    assert set(ids_NF[:, 0].tolist()) == {known[BEGIN]}
    assert set(ids_NF[:, -1].tolist()) == {known[END]}
    names = {number: name for name, number in known.items()}
    assert all(names[number].startswith("IMGIMG") for number in ids_NF[:, 1:-1].flatten().tolist())


def test_codes_are_those_that_transformers_makes_of_the_same_pixels(chameleon):
    given = frames()
    red_first = given.flip(3).permute(0, 3, 1, 2).float() * 0.0078 - 1
    with torch.no_grad():
        expected = chameleon.model.model.get_image_tokens(red_first)
    assert torch.equal(chameleon.tokenize(given)[:, 1:-1], expected.long())


def test_frames_are_embedded_as_the_words_that_their_codes_are(chameleon):
    given = frames()
    ids_NF = chameleon.tokenize(given)
    table_Vd = chameleon.model.get_input_embeddings().weight
    assert torch.equal(chameleon.embed_frames(given), table_Vd[ids_NF])


def test_the_marks_are_the_first_two_in_reserve_and_not_the_separator(chameleon):
    known = chameleon.model.config.vocabulary_map
    assert (chameleon.words.open_id, chameleon.words.close_id) == (known["<reserved08708>"], known["<reserved08709>"])
    assert chameleon.words.size == chameleon.model.config.vocab_size


def test_codes_of_pictures_are_never_the_likeliest_word(chameleon):
    logits_XV = chameleon.score(torch.randn(50, chameleon.width, generator=torch.Generator().manual_seed(1)) * 10)
    assert not set(logits_XV.argmax(1).tolist()) & set(chameleon.model.model.vocabulary_mapping.image_tokens)


@torch.no_grad()
def test_a_new_model_scores_as_its_checkpoint_but_for_the_marks(chameleon):
    ids_X = torch.tensor(chameleon.words.encode("the red square goes left."))
    logits_XV = chameleon.score(chameleon(chameleon.embed_words(ids_X)[None])[0])
    expected_XV = chameleon.model(ids_X[None]).logits[0]
    own = [chameleon.words.open_id, chameleon.words.close_id]
    others = [number for number in range(chameleon.words.size) if number not in own]
    assert torch.allclose(logits_XV[:, others], expected_XV[:, others], atol=1e-4)


def test_a_frame_that_its_tokens_do_not_fill_is_refused(folder):
    with pytest.raises(UserError, match="no multiple of 8"):
        Chameleon(replace(chameleon_config(folder), frame_px=20))


def test_a_vocabulary_without_reserve_is_refused():
    with pytest.raises(UserError, match="lacks"):
        marks({BEGIN: 0, END: 1, "<reserved08706>": 2, "<reserved08708>": 3}, "here")
    with pytest.raises(UserError, match="lacks"):
        marks({"<reserved08708>": 3, "<reserved08709>": 4}, "here")


def test_a_checkpoint_without_its_vocabulary_is_refused(folder, tmp_path):
    copied = tmp_path / "plain"
    shutil.copytree(folder, copied)
    said = json.loads((copied / "config.json").read_text())
    said["vocabulary_map"] = {"<image>": 1}
    (copied / "config.json").write_text(json.dumps(said))
    with pytest.raises(UserError, match="vocabulary_map"):
        Chameleon(chameleon_config(copied))
