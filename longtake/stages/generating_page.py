"""Films that are done: their pieces as one file, their pages, and the page of a run.

Legend: N frames, H W pixels, 3 channels: blue, green, red; S segments, Q state queries, D width of a state.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load

from longtake.config import dump_config
from longtake.dit.asking import say_metrics
from longtake.dit.films import Frames, encode_jpeg, strip
from longtake.evaluation.encoders import number_name
from longtake.evaluation.film_drift import FilmDrift, summarise
from longtake.lake import Lake
from longtake.records import Segment
from longtake.report.film_strip import FilmStrip, StripSegment, film_strip
from longtake.report.page import clock
from longtake.report.pictures import FILM_BYTES
from longtake.report.sampling import ShownFilm, sampling_sheet
from longtake.stages.generating_orders import Order, Studio, uris_of
from longtake.stages.generating_segments import is_over
from longtake.video.joining import join_films, read_film

STATES = 400
"""Segments up to which states are compared with each other."""
SEGMENT_STILLS, SEGMENT_PX = 5, 96
"""Of a segment on its film's page, and their height."""
STILLS, SHOWN = 6, 48
"""Stills of a film, and films, on the page of a run; the lake has all."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """One film that is over."""

    order: Order
    rows: Sequence[Segment]
    drift: FilmDrift

    @classmethod
    def of(cls, order: Order, rows: Sequence[Segment]) -> "Film":
        assert is_over(order, rows), "a film is shown when it is over"
        return cls(order=order, rows=rows, drift=summarise(rows))

    @property
    def seconds(self) -> float:
        return sum(row.seconds for row in self.rows)

    @property
    def stopped(self) -> str | None:
        """Why it ended before its time."""
        return self.rows[-1].crossed if len(self.rows) < self.order.plot.segments else None

    def to_record(self, lake: Lake) -> dict[str, Any]:
        drift = self.drift
        return {
            "rollout_id": self.order.rollout_id, "prompt": self.order.wanted.prompt, **uris_of(lake, self.order),
            "segments": len(self.rows), "scenes": drift.scenes, "seconds": self.seconds,
            "anchored": sum(row.anchored for row in self.rows), "crossed": sum(bool(row.crossed) for row in self.rows),
            "stopped": self.stopped, "encoder": self.rows[0].encoder,
            "similarity_to_first": self.rows[-1].similarity_to_first, "consistency": drift.consistency,
            "flow_px": drift.flow_px, "seam_pixel_ratio": drift.seams.pixel_ratio,
        }  # fmt: skip


def finish(lake: Lake, film: Film, studio: Studio) -> None:
    """Puts the whole film and its page beside its segments, where they are not there already."""
    mp4, html = film.order.key("film.mp4"), film.order.key("film.html")
    if lake.objects.exists(mp4) and lake.objects.exists(html):
        return
    with tempfile.TemporaryDirectory() as scratch:
        pieces = list(_fetch(lake, film.rows, Path(scratch)))
        whole = Path(scratch) / "film.mp4"
        join_films(pieces, whole)
        lake.objects.upload(mp4, whole)
        data = whole.read_bytes() if whole.stat().st_size < FILM_BYTES else b""
        page = film_strip(
            FilmStrip(
                name=film.order.rollout_id, prompt=film.order.wanted.prompt, facts=_facts(film, studio),
                segments=list(_segments(film, pieces, studio)), drift=film.drift, duration_s=film.seconds,
                similarity_name=number_name(film.rows[0].encoder), states=_states(lake, film.rows), film=data,
                width_px=studio.card.film.width,
            )
        )  # fmt: skip
    lake.objects.put(html, page.encode(), overwrite=True)


def _fetch(lake: Lake, rows: Sequence[Segment], folder: Path) -> Iterator[Path]:
    """The rows' clips."""
    for row in rows:
        path = folder / Path(row.clip_uri).name
        lake.objects.fetch(row.clip_uri, path)
        yield path


def _facts(film: Film, studio: Studio) -> dict[str, str]:
    plot, rows = film.order.plot, film.rows
    parts = (("state", "state_s"), ("film", "film_s"), ("dynamics", "dynamics_s"))
    spent = ", ".join(f"{part} {clock(sum(getattr(row, name) for row in rows))}" for part, name in parts)
    asked = say_metrics(plot.conditions)
    return {
        **_facts_of(studio),
        "seed": str(plot.seed),
        **({"asked for": ", ".join(asked)} if asked else {}),
        "time spent": spent,
    }


def _facts_of(studio: Studio) -> dict[str, str]:
    card = studio.card
    how = {name: value for name, value in dump_config(studio.config).items() if name != "script"}
    return {
        "model": f"{studio.model.name}, {card.stage or 'untrained'}, step {card.step:,}",
        "trained on": card.trained_on,
        "clips": f"{card.film.frames} frames at {card.film.fps:g} frames/s, {card.film.width} × {card.film.height}",
        "generating": json.dumps(how),
    }


def _segments(film: Film, pieces: Sequence[Path], studio: Studio) -> Iterator[StripSegment]:
    size_px, before_HW3 = (studio.card.film.height, studio.card.film.width), None
    starts = accumulate((row.seconds for row in film.rows), initial=0.0)
    own = studio.card.config.dynamics.reading == "describe"
    for row, piece, start_s in zip(film.rows, pieces, starts, strict=False):
        frames_NHW3 = read_film(piece, size_px)
        steered_by = row if own else film.rows[row.index - 1] if row.index else None
        yield StripSegment(
            row=row, start_s=start_s, text=steered_by.dynamics if steered_by else film.order.wanted.prompt,
            text_from="prompt" if steered_by is None else "user's text" if steered_by.dynamics_given else "", strip=_strip(frames_NHW3),
            seam=b"" if before_HW3 is None else _strip(np.stack([before_HW3, frames_NHW3[0]])), note=_note(row),
        )  # fmt: skip
        before_HW3 = frames_NHW3[-1]


def _strip(frames_NHW3: Frames) -> bytes:
    return encode_jpeg(strip(frames_NHW3, stills=SEGMENT_STILLS, height=SEGMENT_PX))


def _note(row: Segment) -> str:
    began = "begins from the first picture again" if row.anchored else ""
    done = {"go_on": "", "anchor": " (anchored behind it)", "stop": " (stopped)"}[row.verdict]
    return "; ".join(part for part in (began, f"{row.crossed}{done}" if row.crossed else "") if part)


def _states(lake: Lake, rows: Sequence[Segment]) -> list[list[float]]:
    """Cosine of every segment's state with every other's; none of a very long film."""
    if len(rows) > STATES:
        return []
    states = [load(lake.objects.read(row.state_uri))["state_QD"].flatten() for row in rows]
    unit_SX = torch.nn.functional.normalize(torch.stack(states), dim=1)
    similar: list[list[float]] = (unit_SX @ unit_SX.T).clamp(-1, 1).tolist()
    return similar


def run_page(lake: Lake, films: Sequence[Film], studio: Studio, facts: Mapping[str, str]) -> str:
    """Of one film its own; of several what each looks like and came to."""
    if len(films) == 1:
        return lake.objects.read(films[0].order.key("film.html")).decode()
    total = sum(film.seconds for film in films)
    figures = {
        "films": f"{len(films):,}",
        "of all": clock(total),
        "segments": f"{sum(len(film.rows) for film in films):,}",
        "stopped": f"{sum(film.stopped is not None for film in films):,}",
    }
    said = [] if len(films) <= SHOWN else [f"{SHOWN} of {len(films):,} films are shown; the lake has all."]
    shown = [_shown(lake, film, studio) for film in films[:SHOWN]]
    return sampling_sheet(
        shown, model=studio.model.name, said=said, figures=figures, facts={**facts, **_facts_of(studio)}
    )


def _shown(lake: Lake, film: Film, studio: Studio) -> ShownFilm:
    card = studio.card.film
    places = np.linspace(0, len(film.rows) - 1, min(STILLS, len(film.rows))).round().astype(int)
    with tempfile.TemporaryDirectory() as scratch:
        pieces = _fetch(lake, [film.rows[place] for place in places], Path(scratch))
        stills = [_middle(read_film(piece, (card.height, card.width))) for piece in pieces]
    similar = (
        f"similarity of the last segment to the first {film.rows[-1].similarity_to_first:.3f} ({film.rows[0].encoder})"
    )
    motion = [] if film.drift.flow_px is None else [f"motion {film.drift.flow_px:.3g} px"]
    return ShownFilm(
        name=film.order.key("film.mp4"), prompt=film.order.wanted.prompt, seed=film.order.plot.seed,
        asked=[*say_metrics(film.order.plot.conditions), f"{len(film.rows)} segments", clock(film.seconds), similar, *motion,
               *([f"stopped: {film.stopped}"] if film.stopped else [])],
        strip=encode_jpeg(strip(np.stack(stills))), film=lake.objects.read(film.order.key("film.mp4")), width_px=card.width,
    )  # fmt: skip


def _middle(frames_NHW3: Frames) -> Frames:
    return frames_NHW3[len(frames_NHW3) // 2]
