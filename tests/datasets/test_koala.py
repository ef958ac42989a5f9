import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.datasets.koala import COLUMNS, BadRow, KoalaRow, read_rows, read_time_ms, stem_of, write_rows, write_time
from longtake.datasets.members import read_buckets
from longtake.errors import UserError
from longtake.lake import Lake
from tests.datasets.lakes import fill

HEADER = ",".join(COLUMNS)
GOOD = """-0aB_c1_7,https://youtube.com/watch?v=-0aB_c1,"['0:00:01.320', '0:00:05.440']","A dog, ""alone"".",0.9,5.3,22.03,4.48"""


def read(tmp_path, *lines, header=HEADER):
    path = tmp_path / "koala.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return list(read_rows(path))


def test_a_row_of_the_release_is_read(tmp_path):
    (row,) = read(tmp_path, GOOD)
    scores = {"clarity": 0.9, "aesthetic": 5.3, "motion": 22.03, "vtss": 4.48}
    assert row == KoalaRow(
        2, "-0aB_c1", "7", "https://youtube.com/watch?v=-0aB_c1", 1320, 5440, scores, 'A dog, "alone".'
    )


def test_columns_may_come_in_any_order_with_others_and_without_scores(tmp_path):
    (row,) = read(tmp_path, "x,\"['0:00:01', '1:00:00.5']\",a_0", header="\ufeffmore,timestamp,videoID")
    assert (row.video_id, row.start_ms, row.end_ms, set(row.scores.values())) == ("a", 1000, 3_600_500, {None})


def test_a_score_may_be_empty_or_nan(tmp_path):
    (row,) = read(tmp_path, "a_0,,\"['0:00:01', '0:00:02']\",,,nan,1e1,")
    assert row.scores == {"clarity": None, "aesthetic": None, "motion": 10.0, "vtss": None}


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("a,,\"['0:00:01', '0:00:02']\",,,,,", "videoID"),
        ("_1,,\"['0:00:01', '0:00:02']\",,,,,", "videoID"),
        ("a_0,,0:00:01,,,,,", "timestamp"),
        ("a_0,,\"['0:00:02', '0:00:02']\",,,,,", "after the start"),
        ("a_0,,\"['0:00:01', '0:61:02']\",,,,,", "H:MM:SS"),
        ('a_0,,"[1, 2]",,,,,', "timestamp"),
        ("a_0,,\"__import__('os')\",,,,,", "timestamp"),
        ("a_0,,\"['0:00:01', '0:00:02']\",,good,,,", "clarity_score is 'good'"),
        ("a_0,,\"['0:00:01', '0:00:02']\",,inf,,,", "finite"),
        ("a_0,,", "fewer cells"),
        ("a_0,,\"['0:00:01', '0:00:02']\",,,,,,,,", "more cells"),
        ('a_0,"x"y,,,,,,', "expected after"),
    ],
)
def test_a_bad_row_says_its_line_and_takes_no_other_along(tmp_path, line, word):
    before, bad, after = read(tmp_path, GOOD, line, GOOD)
    assert isinstance(before, KoalaRow)
    assert isinstance(after, KoalaRow)
    assert isinstance(bad, BadRow)
    assert bad.line == 3
    assert word in bad.sentence


def test_lines_are_counted_in_the_file_not_in_rows(tmp_path):
    first = GOOD.replace("A dog", "A\ndog")
    assert [row.line for row in read(tmp_path, first, "a_0")] == [3, 4]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "videoID,url\n", "\x00\xff"])
def test_a_file_without_the_columns_is_the_user_s_mistake(tmp_path, text):
    path = tmp_path / "no.csv"
    path.write_text(text)
    with pytest.raises(UserError, match="line 1"):
        list(read_rows(path))


@given(st.integers(0, 400 * 3_600_000))
def test_a_time_comes_back_to_the_millisecond(ms):
    assert read_time_ms(write_time(ms / 1000)) == ms


@pytest.mark.parametrize(
    ("uri", "stem"),
    [
        ("s3://b/a/-x_1.mp4", "-x_1"),
        ("file:///a%20b/c%20d.web.m", "c d.web"),
        ("s3://b/a%20b.mp4", "a%20b"),
        ("/x/y.mp4", "y"),
    ],
)
def test_the_stem_is_the_file_s_name_without_its_suffix(uri, stem):
    assert stem_of(uri) == stem


def test_what_is_written_has_the_release_s_columns_and_reads_back(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    made = fill(lake, dropped={1: "clarity"})
    text = io.StringIO()
    assert sum(write_rows(read_buckets(lake, made), text)) == 23
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert tuple(rows[0]) == COLUMNS
    first = [row for row in rows if row["url"] == "s3://raw/0.mp4"]
    assert [row["videoID"] for row in first] == ["0_0", "0_1", "0_2"]
    assert [row["timestamp"] for row in first][:2] == [
        "['0:00:00.000', '0:00:02.000']",
        "['0:00:04.000', '0:00:06.000']",
    ]
    assert {row["caption"] for row in rows} == {""}
    (tmp_path / "out.csv").write_text(text.getvalue())
    back = list(read_rows(tmp_path / "out.csv"))
    assert not [row for row in back if isinstance(row, BadRow)]
    assert sorted(row.scores["motion"] for row in back) == [float(n) for n in range(24) if n != 1]
