import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.owl.prompts import LONGEST_WORDS, Prompt, check_prompt, parse_override, read_prompts


def written(tmp_path, found, name="prompts.json"):
    path = tmp_path / name
    path.write_text(found if isinstance(found, str) else json.dumps(found), encoding="utf-8")
    return path


def test_lines_are_prompts_and_vbenchs_lists_are_named_by_their_dimension(tmp_path):
    assert read_prompts(written(tmp_path, "a cat\n\n  a dog \r\n", "mine.txt")) == [
        Prompt(prompt_id="0", text="a cat"),
        Prompt(prompt_id="1", text="a dog"),
    ]
    assert read_prompts(written(tmp_path, "[close-up] a cat", "scene.txt"))[0].dimensions == ("scene",)


def test_vbenchs_json_has_dimensions(tmp_path):
    found = [
        {"prompt_en": "a bird and a cat", "dimension": ["multiple_objects"]},
        {"prompt_en": "a cat", "dimension": "scene"},
    ]
    assert [(one.text, one.dimensions, one.image) for one in read_prompts(written(tmp_path, found))] == [
        ("a bird and a cat", ("multiple_objects",), None),
        ("a cat", ("scene",), None),
    ]


def test_vbench_i2v_has_pictures_and_prompts_of_the_camera_share_them(tmp_path):
    (tmp_path / "smoke.jpg").touch()
    found = [
        {"prompt_en": "smoke", "dimension": ["i2v_background"], "image_type": "abstract", "image_name": "smoke.jpg"},
        {"prompt_en": "smoke, camera pans left", "dimension": ["camera_motion"], "image_type": "abstract"},
    ]
    path = written(tmp_path, found)
    assert [one.image for one in read_prompts(path, tmp_path)] == [tmp_path / "smoke.jpg"] * 2
    with pytest.raises(UserError, match=r"entry 0 has the picture 'smoke\.jpg'; say in which folder"):
        read_prompts(path)
    with pytest.raises(UserError, match=r"has no picture 'smoke\.jpg'"):
        read_prompts(path, tmp_path / "none")


def test_vbench_i2vs_list_of_pictures_is_read_too(tmp_path):
    (tmp_path / "b.jpg").touch()
    (prompt,) = read_prompts(written(tmp_path, [{"file_name": "b.jpg", "caption": "a beach"}]), tmp_path)
    assert (prompt.text, prompt.image) == ("a beach", tmp_path / "b.jpg")


@pytest.mark.parametrize("name", ["../b.jpg", "/etc/passwd", "..", "", 3])
def test_a_picture_is_named_by_a_plain_name(tmp_path, name):
    with pytest.raises(UserError, match="expected the name of a file"):
        read_prompts(written(tmp_path, [{"prompt_en": "a", "image_name": name}]), tmp_path)


def test_webvid_has_its_own_ids(tmp_path):
    text = 'videoid,contentUrl,duration,page_dir,name\n21179416,https://a/b.mp4,PT00H00M11S,006001_006050,"Aerial shot, winter forest"\n'
    expected = [Prompt(prompt_id="21179416", text="Aerial shot, winter forest")]
    assert read_prompts(written(tmp_path, text, "a.csv")) == read_prompts(written(tmp_path, text, "a")) == expected


def test_vript_has_a_prompt_for_each_scene_in_files_and_in_lines(tmp_path):
    one = {"clip_id": "bag-Scene-001", "caption": {"camera_movement": "Static.", "content": "A bag."}}
    expected = [Prompt(prompt_id="bag-Scene-001", text="Static. A bag.")]
    whole = written(tmp_path, {"meta": {}, "data": {"bag-Scene-001": one}})
    assert read_prompts(whole) == read_prompts(written(tmp_path, json.dumps(one) + "\n", "a.jsonl")) == expected
    two = json.dumps(one) + "\n" + json.dumps(one | {"clip_id": "bag-Scene-002"})
    assert len(read_prompts(written(tmp_path, two, "b.jsonl"))) == 2


@pytest.mark.parametrize(
    ("found", "name", "message"),
    [
        ("", "a.txt", "holds no prompt"),
        ("\n \n", "a.txt", "holds no prompt"),
        ("", "a.json", "is no JSON"),
        ("{", "a.json", "is no JSON"),
        ('{"prompt_en": "a"}\n{', "a.jsonl", "line 2 is no JSON"),
        ("[" * 100_000, "a.json", "too deep"),
        ("[]", "a.json", "no list or map of prompts"),
        ("[1]", "a.json", "no list or map of prompts"),
        ('[{"text": "a"}]', "a.json", "entries with text"),
        ('[{"prompt_en": "a"}, {"prompt": "b"}]', "a.json", "entry 1 has no prompt_en"),
        ('[{"prompt_en": " "}]', "a.json", "entry 0: prompt_en is empty"),
        ('[{"prompt_en": null}]', "a.json", "entry 0: prompt_en is None; expected a text"),
        ('[{"prompt_en": "\\ud800"}]', "a.json", "half a character"),
        ('[{"prompt_en": "a", "dimension": 3}]', "a.json", "dimension is 3"),
        ('[{"caption": {"content": "a"}}, 3]', "a.json", "entry 0: clip_id is None"),
        ('[{"clip_id": "a", "caption": {"content": "a"}}, 3]', "a.json", "entry 1 has no caption"),
        ("id,text\n1,a\n", "a.csv", "no column videoid and no name"),
        ("videoid,name\n1,\n", "a.csv", "line 2: name is empty"),
        ("videoid,name\n1\n", "a.csv", "line 2: name is None"),
        ("videoid,name\n1,a\n1,b\n", "a.csv", "the id '1' twice"),
        ('videoid,name\n1,"a\n', "a.csv", "is no CSV"),
        ('"', "a.csv", "line 1 is no CSV"),
        ("a\0b", "a.txt", "zero bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(tmp_path, found, name, message):
    with pytest.raises(UserError, match=message):
        read_prompts(written(tmp_path, found, name))


def test_a_file_that_is_no_text_is_the_users_mistake(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(UserError, match="no text in UTF-8"):
        read_prompts(tmp_path / "a.txt")


def test_a_prompt_has_10_000_words_at_most_and_the_error_tells_how_many_were_given():
    assert check_prompt("a " * LONGEST_WORDS).count("a") == LONGEST_WORDS
    with pytest.raises(UserError, match="the prompt has 10,001 words; at most 10,000"):
        check_prompt("a " * 10_001)
    with pytest.raises(UserError, match="the prompt is empty"):
        check_prompt(" \0\n")


def test_dynamics_are_a_text_and_the_number_of_their_segment():
    given = ["the square leaves@4", '"a dog joins, at a@b.c" @ 0', "“it rains”@2"]
    assert parse_override(given, 5) == {4: "the square leaves", 0: "a dog joins, at a@b.c", 2: "it rains"}
    assert parse_override([], 5) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["the square leaves"], "expected the text, @ and the segment's number"),
        (["the square leaves@"], "expected the text"),
        (["leaves@-1"], "expected the text"),
        (["leaves@5"], "for segment 5; the film has segments 0 to 4"),
        (["a@1", "b@1"], "segment 1 are given twice: 'a' and 'b'"),
        (["@1"], "is empty"),
        (['""@1'], "is empty"),
        (["a " * 10_001 + "@1"], "10,001 words"),
    ],
)
def test_what_is_wrong_with_dynamics_is_said(given, message):
    with pytest.raises(UserError, match=message):
        parse_override(given, 5)


@given(st.dictionaries(st.integers(0, 9), st.from_regex(r"[a-z][a-z @]{0,20}[a-z]", fullmatch=True), max_size=5))
def test_dynamics_come_back_as_they_were_written(found):
    expected = {number: " ".join(text.split()) for number, text in found.items()}
    assert parse_override([f"{text}@{number}" for number, text in found.items()], 10) == expected


@given(
    data=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    name=st.sampled_from(["a.txt", "a.json", "a.csv", "a"]),
)
def test_any_file_gives_prompts_or_a_clear_error(tmp_path_factory, data, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        prompts = read_prompts(path)
    except UserError:
        return
    assert prompts
    assert all(prompt.text and prompt.prompt_id for prompt in prompts)
