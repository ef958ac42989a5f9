"""The page of films that a model has made: each plays, with its stills and what was asked for."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from longtake.report.page import render_page
from longtake.report.pictures import FILM_BYTES, FILMS_BYTES

SMALL_PX = 320
"""The least width that a film is shown with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ShownFilm:
    """One film of the page."""

    name: str
    """Of its file."""
    prompt: str
    """Empty where it was asked for nothing."""
    seed: int
    asked: Sequence[str]
    """Each metric that it was to have, in words."""
    strip: bytes
    """JPEG: its stills side by side."""
    film: bytes
    """MP4."""
    width_px: int
    """Small ones are shown larger, each pixel a square."""


def sampling_sheet(
    films: Sequence[ShownFilm],
    *,
    model: str,
    said: Sequence[str],
    figures: Mapping[str, str],
    facts: Mapping[str, str],
    begins_with: bytes = b"",
) -> str:
    """The page, which stands alone. `said`: what the model was warned to be bad at; `figures`: by name, for the top of the page;
    `begins_with`: JPEG of the picture that the films were to go on from."""
    room = FILMS_BYTES
    cards: list[dict[str, Any]] = []
    for one in films:
        film = base64.b64encode(one.film).decode()
        if len(one.film) >= FILM_BYTES or len(film) > room:
            film = ""
        room -= len(film)
        cards.append(
            {
                "name": one.name,
                "prompt": one.prompt,
                "asked": " · ".join([f"seed {one.seed}", *one.asked]),
                "strip": base64.b64encode(one.strip).decode(),
                "film": film,
                "small": one.width_px < SMALL_PX,
            }
        )
    return render_page(
        "sampling.html", title="Films", place=model, facts=facts, figures=figures, said=said, films=cards,
        left_out=sum(not card["film"] for card in cards), begins_with=base64.b64encode(begins_with).decode(),
    )  # fmt: skip
