from html import unescape

import pytest

from longtake.annotating.page import BACK, GUIDANCE, render_page
from longtake.annotating.queue import Candidate
from longtake.stages.annotating import open_desk
from longtake.stages.labels import read_labels
from tests.annotating.browser import Browser
from tests.annotating.lakes import fill
from tests.drawing import draw_film
from tests.rows import clip, video


def page(clips, scores, annotator="Ann"):
    candidates = [Candidate(of, 2.3456) for of in clips]
    return render_page(annotator, candidates, scores, more=0, place="file:///data", nonce="n")


def test_the_page_stands_alone_says_the_guidance_and_not_what_the_network_thinks():
    html = unescape(page([clip(1, video(1))], {}))
    assert "http" not in html
    assert "2.3456" not in html
    for title, lines in GUIDANCE:
        assert title in html
        assert all(line in html for line in lines)


def test_a_name_is_text_on_the_page():
    assert "<script>alert" not in page([clip(1, video(1))], {}, annotator="</title><script>alert(1)</script>")


def test_of_many_marked_clips_the_last_ones_are_there_to_go_back_to():
    clips = [clip(n, video(1)) for n in range(BACK + 10)]
    html = page(clips, {of.clip_id: 3.0 for of in clips[:-1]})
    assert html.count('"score"') == BACK + 1
    assert '"earlier": 9' in html


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.mark.slow
def test_keys_alone_mark_change_pause_skip_and_finish_in_a_browser(browser, tmp_path):
    film = draw_film(tmp_path / "film.mp4", (1, 10)).read_bytes()
    lake, clips, places = fill(tmp_path, [2.5, 2.6, 2.8], film)
    if not browser.run("document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.64001e\"')"):
        pytest.skip("this browser plays no H.264")

    def shows(number):
        browser.wait(f"document.getElementById('facts').textContent.startsWith('clip {number} of 3') && seen")

    with open_desk(**places, annotator="Ann") as (_, url):
        browser.open(url)
        browser.wait(
            "document.readyState === 'complete' && document.getElementById('count')?.textContent === '0 of 3 marked'"
        )
        shows(1)
        browser.press("4")
        shows(2)
        browser.press("Backspace")
        shows(1)
        assert browser.run("document.querySelector('[aria-pressed=true]').dataset.mark") == "4"
        browser.press("5")
        shows(2)
        browser.press(" ")
        assert browser.run("film.paused && !document.getElementById('paused').hidden")
        browser.press(" ", "s")
        shows(3)
        browser.run("document.querySelector('[data-mark=\"1\"]').click()")
        browser.wait("document.activeElement.id === 'again'")  # the end, with one that was skipped
        browser.run("document.activeElement.click()")
        shows(2)
        browser.press("3")
        browser.wait("document.getElementById('notice').textContent.includes('longtake train-tsa')")
        browser.wait("document.getElementById('saved').textContent === 'all saved'")
        assert len(read_labels(lake)) == 3
    marks = {row.clip_id: row.score for row in read_labels(lake)}
    assert [marks[of.clip_id] for of in clips] == [5, 3, 1]
    assert browser.faults == []
