import json
from datetime import UTC, datetime

import pytest

from longtake.annotating.label_studio import read_export
from longtake.errors import UserError

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ID = "0123456789abcdef" * 2


def item(kind="rating", value=4, name="suitability"):
    return {"id": "x", "from_name": name, "to_name": "video", "type": kind, "value": {kind: value}}


def annotation(*items, **more):
    return {
        "id": 1,
        "completed_by": 7,
        "was_cancelled": False,
        "updated_at": "2026-01-01T10:00:00.5+02:00",
        "result": list(items),
    } | more


def task(*annotations, data=None):
    return {
        "id": 12,
        "data": data or {"video": f"s3://lake/clips/01/{ID}.mp4"},
        "annotations": list(annotations),
        "predictions": [annotation(item(value=1))],
    }


def read(*tasks, **more):
    return read_export(json.dumps(tasks), where="export.json", now=NOW, **more)


def test_ratings_numbers_and_numeric_choices_are_marks():
    export = read(task(*(annotation(item(*said)) for said in (("rating", 4), ("number", 3.5), ("choices", ["2"])))))
    assert [rating.score for rating in export.ratings] == [4, 3.5, 2]
    assert export.ratings[0].annotator == "label-studio-7"
    assert export.ratings[0].marked_at == "2026-01-01T08:00:00+00:00"
    assert export.ratings[0].clip_ids == (ID,)


def test_predictions_cancelled_annotations_and_other_questions_are_no_marks():
    export = read(task(annotation(item(), was_cancelled=True), annotation(item("choices", ["city"])), annotation()))
    assert (export.ratings, export.cancelled, export.unrated) == ([], 1, 2)


@pytest.mark.parametrize(
    "data",
    [
        {"clip_id": ID, "video": "/data/upload/1/film.mp4"},
        {"film": f"/data/upload/1/8f2a11bc-{ID}.mp4"},
        {"video": f"/data/local-files/?d=clips%2F01%2F{ID}.mp4"},
        {"video": f"https://host/{ID}.mp4?X-Amz-Signature={'a' * 64}", "weight": 3},
    ],
)
def test_the_clip_s_id_is_found_in_the_task_s_data(data):
    (rating,) = read(task(annotation(item()), data=data)).ratings
    assert rating.clip_ids == (ID,)


def test_people_are_known_by_their_e_mail_where_the_export_has_it():
    (rating,) = read(task(annotation(item(), completed_by={"id": 7, "email": "ann@example.org"}))).ratings
    assert rating.annotator == "ann@example.org"


def test_of_several_ratings_the_one_that_is_named_counts():
    three = task(annotation(item(value=1, name="dynamic"), item(value=2, name="static"), item(value=5, name="overall")))
    with pytest.raises(UserError, match=r"dynamic, static, overall.*--control"):
        read(three)
    assert [rating.score for rating in read(three, control="overall").ratings] == [5]


@pytest.mark.parametrize("score", [0, 6, 10, float("nan")])
def test_marks_of_another_scale_are_refused(score):
    with pytest.raises(UserError, match=r"task 12 is marked .* expected 1 to 5"):
        read(task(annotation(item("number", score))))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[[", "{}", '[{"video": "a.mp4", "rating": 4}]', '[{"data": {}, "annotations": [3]}]', "[" * 100_000],
)
def test_what_is_no_export_is_one_sentence(text):
    with pytest.raises(UserError, match=r"export\.json.*(JSON|object)"):
        read_export(text, where="export.json", now=NOW)
