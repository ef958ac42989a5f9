"""`longtake sample`: films from a trained model into a folder, with a contact sheet and a page; no lake is needed."""

import itertools
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtake.config import dump_config, load_config
from longtake.dit.asking import say_metrics
from longtake.dit.devices import pick_device
from longtake.dit.film_size import FilmSize
from longtake.dit.films import Frames, encode_jpeg, encode_png, fit_picture, sample_films, stack, strip
from longtake.dit.guidance import guidance_weights
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.trained import Card, load_trained, read_card
from longtake.errors import UserError
from longtake.files.given import uri_of
from longtake.files.wishes import Wish, check_wish, plan_films, read_picture
from longtake.lake.weights import fetch_weights
from longtake.report.page import clock
from longtake.report.sampling import ShownFilm, sampling_sheet
from longtake.video.film import write_film

SHOWN = 48
"""Films on the sheet and on the page at most; the folder has all."""


@dataclass(frozen=True, kw_only=True)
class FilmFile:
    """One film that was written."""

    path: Path
    model: str
    """Name of its file."""
    prompt: str
    metrics: Mapping[str, float]
    image: Path | None
    seed: int
    size: FilmSize
    fps: float
    steps: int
    solver: str
    guidance: Mapping[str, float]
    """Weights of the text and of metrics."""

    def to_record(self) -> dict[str, Any]:
        image = uri_of(self.image) if self.image else None
        asked = {
            "model": self.model,
            "prompt": self.prompt,
            "conditions": dict(self.metrics),
            "image": image,
            "seed": self.seed,
        }
        drawn = {"steps": self.steps, "solver": self.solver, "guidance": dict(self.guidance)}
        size = {"frames": self.size.frames, "fps": self.fps, "width": self.size.width, "height": self.size.height}
        return {"uri": uri_of(self.path), **asked, **size, **drawn}


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What came of a wish."""

    films: list[FilmFile]
    said: list[str]
    """What was asked for although the model was not trained for it, and what was not asked for."""
    sheet: Path
    page: Path


def sample_to_folder(
    model: str,
    wish: Wish,
    *,
    out: Path,
    config: Mapping[str, Any],
    show: Callable[[int, int], None] = lambda done, total: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Sampled:
    """Writes `<out>/000.mp4` and on, `films.json`, `sheet.png` and `films.html`; the same wish gives the same films.

    `model`: path or URI of what a training wrote; `config`: a SamplingConfig; `show` is told of the steps done and of all there are,
    `tell` of what the model was not trained for. Raises UserError for what it cannot be asked for, before it is asked for anything,
    and for a folder with films of another request.
    """
    settings = load_config(SamplingConfig, config, where="sampling config")
    device = str(pick_device())
    with tempfile.TemporaryDirectory(prefix="longtake-weights-") as scratch:
        path = Path(fetch_weights(model, Path(scratch)))
        card = read_card(path)
        check_wish(wish, card, settings)
        settings = wish.guided(settings)
        plan = plan_films(wish, card, path, Path(scratch), device)
        films = [
            FilmFile(
                path=out / f"{number:03}.mp4", model=Path(model).name, prompt=prompt, metrics=wish.metrics, image=wish.image,
                seed=request.seed, size=plan.size, fps=plan.fps, steps=settings.steps, solver=settings.solver,
                guidance=guidance_weights(settings, card.objective, wish.asks_for),
            )
            for number, (prompt, request) in enumerate(zip(plan.prompts, plan.requests, strict=True))
        ]  # fmt: skip
        claim(out, films)
        trained = load_trained(path, device)
    for sentence in plan.said:
        tell(sentence)
    steps, total = itertools.count(1), settings.steps * len(plan.requests)
    drawn = sample_films(
        trained.model, card.objective, plan.autoencoder, plan.requests, settings, advance=lambda: show(next(steps), total)
    )  # fmt: skip
    strips = []
    for film, frames_NHW3 in zip(films, drawn, strict=True):
        write_film(film.path, frames_NHW3, film.fps)
        strips.append(strip(frames_NHW3))
    return write_sheets(out, card, settings, wish, films, strips, plan.said)


def claim(out: Path, films: list[FilmFile]) -> None:
    """Writes into the folder which films it is for, before they are made. Raises UserError where it has films of another request."""
    listing, records = out / "films.json", json.dumps([film.to_record() for film in films], indent=2)
    if any(out.glob("*.mp4")) and not (listing.is_file() and listing.read_text(encoding="utf-8") == records):
        raise UserError(f"{out} has films of another request already; give another folder as --out")
    out.mkdir(parents=True, exist_ok=True)
    listing.write_text(records, encoding="utf-8")


def write_sheets(
    out: Path,
    card: Card,
    config: SamplingConfig,
    wish: Wish,
    films: list[FilmFile],
    strips: list[Frames],
    said: list[str],
) -> Sampled:
    """The films as a contact sheet and as a page, beside their files; `strips`: the stills of each, as one picture."""
    sheet, page = out / "sheet.png", out / "films.html"
    shown_films = list(zip(films, strips, strict=True))[:SHOWN]
    sheet.write_bytes(encode_png(stack({film.path.stem: strip_HW3 for film, strip_HW3 in shown_films})))
    shown = [
        ShownFilm(
            name=film.path.name, prompt=film.prompt, seed=film.seed, asked=say_metrics(film.metrics), strip=encode_jpeg(strip_HW3),
            film=film.path.read_bytes(), width_px=film.size.width,
        )
        for film, strip_HW3 in shown_films
    ]  # fmt: skip
    size = films[0].size
    figures = {
        "films": f"{len(films):,}",
        f"each, at {films[0].fps:g} frames/s": clock(size.frames / films[0].fps),
        "pixels": f"{size.width} × {size.height}",
        f"steps, {config.solver}": str(config.steps),
    }
    figures |= {f"guidance, {name}": f"{weight:g}" for name, weight in films[0].guidance.items()}
    first = b"" if wish.image is None else encode_jpeg(fit_picture(read_picture(wish.image), size.height, size.width))
    facts = {
        "learned for": f"{card.step:,} steps, {card.tokens:,} tokens",
        "trained on": str(card.sample_set["name"]),
        "validation loss": "–" if card.loss is None else f"{card.loss:.4f}",
        "sampling": json.dumps(dump_config(config)),
        "objective": json.dumps(dump_config(card.objective)),
        "model": json.dumps(dump_config(card.config)),
    }
    html = sampling_sheet(shown, model=films[0].model, said=said, figures=figures, facts=facts, begins_with=first)
    page.write_text(html, encoding="utf-8")
    return Sampled(films=films, said=said, sheet=sheet, page=page)
