"""`longtake sample`: films from a trained model into a folder, with a contact sheet and a page; no lake is needed."""

import itertools
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longtake.config import dump_config, load_config
from longtake.dit.asking import say_metrics
from longtake.dit.devices import pick_device
from longtake.dit.film_size import FilmSize
from longtake.dit.films import Frames, encode_jpeg, encode_png, sample_films, stack, strip
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.trained import Card, load_trained, read_card
from longtake.files.given import uri_of
from longtake.files.wishes import Wish, check_wish, plan_films
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
    prompt: str
    metrics: Mapping[str, float]
    seed: int
    size: FilmSize
    fps: float
    strip_HW3: Frames = field(repr=False)
    """Its stills, as one picture."""

    def to_record(self) -> dict[str, Any]:
        asked = {"prompt": self.prompt, "conditions": dict(self.metrics), "seed": self.seed}
        size = {"frames": self.size.frames, "fps": self.fps, "width": self.size.width, "height": self.size.height}
        return {"uri": uri_of(self.path), **asked, **size}


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What came of a wish."""

    films: list[FilmFile]
    said: list[str]
    """What was asked for although the model was not trained for it."""
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
    `tell` of what the model was not trained for. Raises UserError for what it cannot be asked for, before it is asked for anything.
    """
    settings = load_config(SamplingConfig, config, where="sampling config")
    device = str(pick_device())
    with tempfile.TemporaryDirectory(prefix="longtake-weights-") as scratch:
        path = Path(fetch_weights(model, Path(scratch)))
        card = read_card(path)
        check_wish(wish, card, settings)
        plan = plan_films(wish, card, path, Path(scratch), device)
        trained = load_trained(path, device)
    for sentence in plan.said:
        tell(sentence)
    out.mkdir(parents=True, exist_ok=True)
    steps, total = itertools.count(1), settings.steps * len(plan.requests)
    drawn = sample_films(
        trained.model, card.objective, plan.autoencoder, plan.requests, settings, advance=lambda: show(next(steps), total)
    )  # fmt: skip
    films = []
    for number, frames_NHW3 in enumerate(drawn):
        request, file = plan.requests[number], out / f"{number:03}.mp4"
        write_film(file, frames_NHW3, plan.fps)
        films.append(
            FilmFile(
                path=file, prompt=plan.prompts[number], metrics=wish.metrics, seed=request.seed, size=plan.size, fps=plan.fps,
                strip_HW3=strip(frames_NHW3),
            )
        )  # fmt: skip
    return write_sheets(out, Path(model).name, card, settings, films, plan.said)


def write_sheets(
    out: Path, model: str, card: Card, config: SamplingConfig, films: list[FilmFile], said: list[str]
) -> Sampled:
    """The films as records, as a contact sheet, and as a page, beside their files."""
    (out / "films.json").write_text(json.dumps([film.to_record() for film in films], indent=2), encoding="utf-8")
    sheet, page = out / "sheet.png", out / "films.html"
    sheet.write_bytes(encode_png(stack({film.path.stem: film.strip_HW3 for film in films[:SHOWN]})))
    shown = [
        ShownFilm(
            name=film.path.name, prompt=film.prompt, seed=film.seed, asked=say_metrics(film.metrics), strip=encode_jpeg(film.strip_HW3),
            film=film.path.read_bytes(),
        )
        for film in films[:SHOWN]
    ]  # fmt: skip
    size = films[0].size
    figures = {
        "films": f"{len(films):,}",
        f"each, at {films[0].fps:g} frames/s": clock(size.frames / films[0].fps),
        "pixels": f"{size.width} × {size.height}",
        f"steps, {config.solver}": str(config.steps),
    }
    facts = {
        "asked of": f"{model}, step {card.step:,}, {card.tokens:,} tokens",
        "trained on": str(card.sample_set["name"]),
        "validation loss": "–" if card.loss is None else f"{card.loss:.4f}",
        "sampling": json.dumps(dump_config(config)),
        "objective": json.dumps(dump_config(card.objective)),
        "model": json.dumps(dump_config(card.config)),
    }
    page.write_text(sampling_sheet(shown, model=model, said=said, figures=figures, facts=facts), encoding="utf-8")
    return Sampled(films=films, said=said, sheet=sheet, page=page)
