import pytest

from longtake.doctor import report
from longtake.doctor.finding import bad, good, skipped, warn

FINDINGS = [
    good("python", "3.11.7"),
    skipped("extra ocr", "not installed", "pip install 'longtake[ocr]'"),
    warn("scratch", "/tmp has 1 GiB free", "free some"),
    bad("raw", f"s3://lake/{'long/' * 40}: there is no such bucket", "make it"),
]


def test_each_finding_has_its_line_and_each_problem_its_sentence_the_bad_ones_first():
    table, sentences = report(FINDINGS, width=90).split("\nWhat to do\n")
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["python", "extra", "scratch", "raw"]
    assert "pip install 'longtake[ocr]'" in table
    assert sentences.index("bad   raw") < sentences.index("warn  scratch: /tmp has 1 GiB free; free some.")
    assert "make it." in sentences


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_page_keeps_to_its_width_and_loses_no_word_of_a_problem(width):
    page = report(FINDINGS, width=width)
    assert max(map(len, page.splitlines())) <= width
    assert "".join(page.split()).count("long/" * 40) == 1


def test_brackets_are_no_markup_and_control_characters_do_not_come_through():
    page = report([warn("KFP", "says [bold]\x1b[31m\x07", "ask [it]")])
    assert "[bold]" in page
    assert "[it]" in page
    assert "\x1b" not in page
    assert "\x07" not in page


def test_where_nothing_is_wrong_the_page_says_so():
    assert report(FINDINGS[:2]).endswith("Nothing is wrong.\n")
