from longtake.report.pictures import FILM_BYTES
from longtake.report.sampling import ShownFilm, sampling_sheet


def page(*films, said=()):
    return sampling_sheet(
        films, model="dit-1.safetensors", said=said, figures={"films": str(len(films))}, facts={"step": "10"}
    )


def film(**change):
    return ShownFilm(
        **(
            {"name": "000.mp4", "prompt": "waves", "seed": 7, "asked": ["motion 20 px/s"], "strip": b"s", "film": b"f"}
            | change
        )
    )


def test_each_film_plays_with_what_was_asked_for():
    html = page(film(), film(name="001.mp4", prompt=""))
    assert html.count("<video") == 2
    assert "seed 7 · motion 20 px/s" in html
    assert "no text" in html
    assert "do not play" not in html


def test_a_film_that_is_too_large_for_a_page_is_named_instead():
    html = page(film(film=bytes(FILM_BYTES)), film())
    assert html.count("<video") == 1
    assert "1 film does not play here" in html


def test_prompts_and_warnings_are_escaped():
    html = page(film(prompt="<script>alert(1)</script>"), said=["motion <b>"])
    assert "<script>" not in html
    assert "motion &lt;b&gt;" in html
