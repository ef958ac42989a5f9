from longtake.report.pictures import FILM_BYTES
from longtake.report.sampling import ShownFilm, sampling_sheet


def page(*films, said=(), **more):
    return sampling_sheet(
        films, model="dit-1.safetensors", said=said, figures={"films": str(len(films))}, facts={"step": "10"}, **more
    )


def film(**change):
    return ShownFilm(
        **(
            {
                "name": "000.mp4",
                "prompt": "waves",
                "seed": 7,
                "asked": ["motion 20 px/s"],
                "strip": b"s",
                "film": b"f",
                "width_px": 80,
            }
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


def test_small_films_are_enlarged_with_their_pixels_as_squares():
    assert page(film(), film(width_px=640)).count('class="small"') == 1


def test_the_picture_that_films_begin_with_is_shown():
    assert 'alt="first image"' in page(film(), begins_with=b"jpeg")
    assert 'alt="first image"' not in page(film())


def test_prompts_and_warnings_are_escaped():
    html = page(film(prompt="<script>alert(1)</script>"), said=["motion <b>"])
    assert "<script>" not in html
    assert "motion &lt;b&gt;" in html
