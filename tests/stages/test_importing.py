import csv
import json
from dataclasses import replace

import pytest

from longtake.datasets.koala import COLUMNS, write_rows, write_time
from longtake.datasets.members import read_buckets, read_members
from longtake.datasets.stored import read_dataset, write_dataset
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.lake.tables import Tables
from longtake.records import Caption, Clip, Score, Selection, Video
from longtake.report import counts_in
from longtake.stages import importing, listing, slicing
from tests.drawing import draw_film, draw_raw
from tests.rows import dataset, selection


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return draw_raw(tmp_path_factory.mktemp("raw"))


@pytest.fixture
def places(raw, tmp_path):
    """The raw folder and a data root in which it is listed."""
    found = {"raw": str(raw), "data_root": str(tmp_path / "lake")}
    listing.run(**found)
    return found


def write_csv(path, *rows):
    """A CSV of (videoID, url, start_s, end_s, scores...) rows."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for name, url, start_s, end_s, *scores in rows:
            times = str([write_time(start_s), write_time(end_s)])
            writer.writerow([name, url, times, "a caption, of words", *(scores or [0.9, 5.3, 22.03, 4.48])])
    return path


@pytest.fixture
def table(tmp_path):
    """Two clips of one film, overlapping; one of another; one outside; one of a film that nobody has."""
    return write_csv(
        tmp_path / "koala.csv",
        ("two-shots_0", "", 0.0, 2.0),
        ("two-shots_1", "", 1.0, 2.72, 0.5, "", 1.0, 3.0),
        ("one-shot_0", "https://youtube.com/watch?v=one-shot", 0.2, 3.2),
        ("two-shots_2", "", 5.0, 9.0),
        ("unknown_0", "", 0.0, 1.0),
    )


def run(places, table, **kwargs):
    return importing.run(csv=str(table), **places, family="koala", **kwargs)


def rows(places, record, **equal):
    return Lake(places["data_root"]).tables.read(record, **equal)


def test_rows_become_clips_scores_selections_and_a_dataset(places, table):
    summary = run(places, table)
    lake = Lake(places["data_root"])
    made = read_dataset(lake, "koala")
    assert summary.dataset == made.name
    assert summary.rows == {"imported": 3, "not_listed": 1, "outside_video": 1}
    members = list(read_members(lake, made))
    assert len(members) == made.clips == summary.items["kept"]
    assert made.seconds == pytest.approx(sum(m.clip.end_s - m.clip.start_s for m in members))
    for member in members:
        assert lake.objects.exists(member.clip.uri)
        assert lake.objects.exists(member.clip.poster_uri)
        assert member.score.scorer == "koala-36m"
        assert member.score.noise is None


def test_a_clip_has_the_frames_and_the_published_scores_of_its_row(places, table):
    run(places, table)
    found = {(c.start_frame, c.frames): c for c in rows(places, Clip) if c.reason is None}
    assert set(found) == {(0, 50), (25, 43), (5, 75)}
    score = next(s for s in rows(places, Score) if s.clip_id == found[25, 43].clip_id)
    assert (score.clarity, score.aesthetic, score.motion, score.vtss) == (0.5, None, 1.0, 3.0)


def test_what_is_outside_the_video_is_a_row_with_its_reason_and_no_film(places, table):
    summary = run(places, table)
    (row,) = [c for c in rows(places, Clip) if c.reason]
    assert (row.reason, row.uri, row.outcome[0]) == ("outside_video", None, "dropped")
    assert "line 5" in row.detail
    assert summary.items == {"kept": 3, "dropped:outside_video": 1}
    assert summary.examples == {"not_listed": "line 6: unknown"}
    assert summary.exit_code == 0


def test_again_does_no_work_and_gives_the_same_dataset(places, table):
    first = run(places, table)
    versions = [Lake(places["data_root"]).tables.version(record) for record in (Clip, Score, Selection)]
    second = run(places, table)
    assert (second.dataset, second.rows, second.items) == (first.dataset, first.rows, first.items)
    assert (second.skipped, second.bytes_read) == (2, 0)
    assert [Lake(places["data_root"]).tables.version(record) for record in (Clip, Score, Selection)] == versions


class Killed(BaseException):
    pass


@pytest.mark.parametrize(
    "record", [Score, *(pytest.param(one, marks=pytest.mark.slow) for one in (Clip, Selection, None))]
)
def test_killed_before_any_commit_it_ends_the_same_the_next_time(places, table, monkeypatch, record, tmp_path):
    merge, put = Tables.merge, importing.write_dataset

    def die_at(tables, given):
        if record is not None and given and isinstance(given[0], record):
            raise Killed
        merge(tables, given)

    def die(lake, made):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Tables, "merge", die_at)
        patch.setattr(importing, "write_dataset", put if record else die)
        with pytest.raises(Killed):
            run(places, table)
    after = run(places, table)
    other = {"raw": places["raw"], "data_root": str(tmp_path / "other")}
    listing.run(**other)
    unharmed = run(other, table)
    assert (after.dataset, after.rows) == (unharmed.dataset, unharmed.rows)
    for of in (Clip, Score, Selection):
        assert rows(places, of) == rows(other, of)


def test_what_slicing_cut_comes_back_through_the_csv_with_the_same_spans_and_ids(places, tmp_path):
    slicing.run(**places)
    lake = Lake(places["data_root"])
    cut = [row for row in rows(places, Clip) if row.reason is None]
    lake.tables.merge([selection(row) for row in cut])
    made = dataset(made_by={"slicing": cut[0].made_by, "scoring": "none", "selecting": "m"}, clips=len(cut))
    write_dataset(lake, made)
    with (tmp_path / "out.csv").open("w", newline="") as file:
        assert sum(write_rows(read_buckets(lake, made), file)) == 3

    other = {"raw": places["raw"], "data_root": str(tmp_path / "other")}
    listing.run(**other)
    summary = importing.run(csv=str(tmp_path / "out.csv"), **other, family="back")
    assert summary.rows == {"imported": 3}
    back = [replace(row, made_by="") for row in rows(other, Clip)]
    assert [(c.clip_id, c.start_frame, c.frames, c.start_s, c.end_s, c.fps) for c in back] == [
        (c.clip_id, c.start_frame, c.frames, c.start_s, c.end_s, c.fps) for c in cut
    ]
    films = {item.key: lake.objects.read(item.key) for item in lake.objects.walk("clips/")}
    assert films == {
        item.key: Lake(other["data_root"]).objects.read(item.key)
        for item in Lake(other["data_root"]).objects.walk("clips/")
    }


def test_a_video_that_can_t_be_read_is_quarantined_and_its_rows_are_counted(tmp_path):
    raw = tmp_path / "raw"
    film = bytearray(draw_film(raw / "torn.mp4", (1, 70)).read_bytes())
    start = film.index(b"mdat") + 2000
    film[start:] = bytes(len(film) - start)
    (raw / "torn.mp4").write_bytes(film)
    draw_film(raw / "whole.mp4", (2, 70))
    places = {"raw": str(raw), "data_root": str(tmp_path / "lake")}
    listing.run(**places)
    table = write_csv(tmp_path / "k.csv", ("torn_0", "", 0, 1), ("torn_1", "", 1, 2), ("whole_0", "", 0, 1))
    summary = run(places, table)
    assert summary.rows == {"imported": 1, "video_failed": 2}
    assert summary.exit_code == 10
    assert read_dataset(Lake(places["data_root"]), "koala").clips == 1


def test_captions_come_with_the_clips_as_what_they_are(places, table):
    summary = run(places, table)
    rows_ = rows(places, Caption)
    assert len(rows_) == summary.rows["imported"]
    assert {(row.text, row.words, row.captioner, row.subject) for row in rows_} == {
        ("a caption, of words", 4, "koala-36m", None)
    }


def test_repeated_and_unreadable_rows_are_counted(places, tmp_path):
    table = write_csv(
        tmp_path / "k.csv", ("one-shot_0", "", 0, 1), ("one-shot_1", "", 0.001, 1.001), ("one-shot_2", "", 2, 1)
    )
    summary = run(places, table)
    assert summary.rows == {"imported": 1, "repeated": 1, "unreadable_row": 1}
    assert "line 4: timestamp" in summary.examples["unreadable_row"]
    assert summary.exit_code == 10


def test_a_video_overwritten_since_it_was_listed_is_left_for_the_next_time(tmp_path):
    draw_film(tmp_path / "raw" / "film.mp4", (1, 70))
    draw_film(tmp_path / "raw" / "other.mp4", (3, 70))
    places = {"raw": str(tmp_path / "raw"), "data_root": str(tmp_path / "lake")}
    listing.run(**places)
    draw_film(tmp_path / "raw" / "film.mp4", (2, 75))
    table = write_csv(tmp_path / "k.csv", ("film_0", "", 0, 1), ("other_0", "", 0, 1))
    gone = run(places, table)
    assert (gone.gone, gone.rows) == (1, {"imported": 1, "video_gone": 1})
    listing.run(**places)
    again = run(places, table)
    assert again.rows == {"imported": 2}
    assert again.dataset != gone.dataset


def test_another_file_makes_other_rows_and_another_dataset(places, table, tmp_path):
    first = run(places, table)
    other = write_csv(tmp_path / "other.csv", ("one-shot_0", "", 0.2, 3.2, 0.1, 0.1, 0.1, 2.6))
    second = run(places, other)
    assert second.dataset != first.dataset
    lake = Lake(places["data_root"])
    old, new = (list(read_members(lake, read_dataset(lake, made.dataset))) for made in (first, second))
    assert {m.score.vtss for m in old} == {4.48, 3.0}
    assert {m.score.vtss for m in new} == {2.6}


def test_a_file_that_means_no_listed_video_is_the_user_s_mistake(places, tmp_path):
    with pytest.raises(UserError, match=r"no row .* means one of the 3 listed videos .*unknown"):
        run(places, write_csv(tmp_path / "k.csv", ("unknown_0", "", 0, 1)))
    with pytest.raises(UserError, match="it has no rows"):
        run(places, write_csv(tmp_path / "k.csv"))
    with pytest.raises(UserError, match="listing"):
        run(places | {"data_root": str(tmp_path / "empty")}, write_csv(tmp_path / "k.csv"))
    with pytest.raises(UserError, match="crf"):
        run(places, tmp_path / "k.csv", config={"encoding": {"crf": -1}})
    with pytest.raises(UserError, match="no file"):
        run(places, tmp_path / "absent.csv")


def test_the_report_and_the_summary_show_the_same_counts(places, table):
    seen = []
    summary = run(places, table, advance=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    lake = Lake(places["data_root"])
    page = lake.objects.read(summary.report_uri.removeprefix(f"{lake.data_root}/")).decode()
    assert counts_in(page) == {("kept", ""): 3, ("dropped", "outside_video"): 1}
    assert json.loads(summary.to_json())["rows"] == summary.rows
    assert {video.reason for video in rows(places, Video)} == {None, "unreadable"}
