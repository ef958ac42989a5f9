"""a world model, pictures and prompts -> films: rows of `segments` and objects below `<data_root>/rollouts/`, segment by segment."""

import logging
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.config import load_config
from longtake.errors import UserError
from longtake.lake import Lake, join_uri
from longtake.lake.weights import fetch_weights
from longtake.records import Segment
from longtake.shards import WHOLE
from longtake.stages.config import GeneratingConfig
from longtake.stages.step import Step, Summary, count_outcomes, open_lake, open_step
from longtake.telemetry import GeneratingMetrics

if TYPE_CHECKING:
    from longtake.owl.trained_world import TrainedWorld
    from longtake.stages.generating_orders import Order, Studio
    from longtake.stages.generating_segments import Reel

STAGE = "generating"

FOLLOWS = {
    "go_on": "it goes on",
    "anchor": "the next begins from the first picture again",
    "stop": "the film ends with it",
}
"""What is said of a segment that crosses a line."""
PAPERS_SEGMENT_S = 2.0
"""What the lengths 2s, 8s and 24s are named by."""
MOST_SAID = 8
"""Unknown words that are named."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class GeneratingSummary(Summary):
    """What was filmed."""

    film: str = ""
    """URI of the MP4; of several films, the first."""
    films: list[dict[str, Any]] = field(default_factory=list)
    """Each with its id, prompt, film, page, length and drift."""


def run(
    *,
    data_root: str,
    model: str,
    prompt: str = "",
    image: str = "",
    prompts: str = "",
    images: str = "",
    start_model: str = "",
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> GeneratingSummary:
    """Films a prompt, or each of a file of `prompts` (whose pictures lie in the folder `images`), from the picture `image`, or from one
    that `start_model`, a DiT, makes of the text.

    Each segment is in the lake when it is made; a film that was stopped goes on behind its last one, and one that is there is left.
    Raises UserError for a wrong place, model, picture, prompt or config.
    """
    return follow(
        data_root=data_root, model=model, prompt=prompt, image=image, prompts=prompts, images=images, start_model=start_model,
        config=config or {}, run=run,
    )  # fmt: skip


def follow(
    *,
    data_root: str,
    model: str,
    prompt: str = "",
    image: str = "",
    prompts: str = "",
    images: str = "",
    start_model: str = "",
    config: Mapping[str, Any],
    run: str = "",
    show: Callable[[int, int], None] = lambda done, total: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> GeneratingSummary:
    """`run`, which calls `show` with the segments that are done and all of them, and `tell` with what else is to be known."""
    from longtake.owl.trained_world import read_world_card
    from longtake.stages.generating_orders import Studio, read_wanted

    settings = load_config(GeneratingConfig, config, where="generating config")
    if not model:
        raise UserError("no model is given; give the world model that the step owl_training made (model)")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="longtake-generating-") as scratch:
        folder = Path(scratch)
        wanted = read_wanted(prompt, prompts, image, images, folder)
        path = Path(fetch_weights(model, folder))
        studio = Studio(model=path, card=read_world_card(path), config=settings, start_model=start_model)
        orders = studio.order(wanted)
        lake = open_lake(data_root)
        with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step:
            summary = _Shooting(lake, studio, step, folder, show, tell).work(orders)
    summary.seconds = time.monotonic() - began
    log.info("films", extra={"films": len(summary.films), "first": summary.film})
    return summary


@dataclass
class _Shooting:
    """One run of the step."""

    lake: Lake
    studio: "Studio"
    step: Step
    folder: Path
    show: Callable[[int, int], None]
    tell: Callable[[str], None]
    world: "TrainedWorld | None" = None
    new: list[Segment] = field(default_factory=list)

    def work(self, orders: "Sequence[Order]") -> GeneratingSummary:
        from longtake.stages.generating_page import Film, finish, run_page
        from longtake.stages.generating_segments import read_rows

        self.metrics = GeneratingMetrics(self.step.metrics)
        made = {order.rollout_id: read_rows(self.lake, order) for order in orders}
        self.total = sum(order.plot.segments for order in orders)
        self.done = skipped = sum(len(rows) for rows in made.values())
        self.step.begin(inputs=self.total, skipped=skipped)
        self.show(self.done, self.total)
        self._warn(orders)
        self._say_done(orders, made)
        for reels in self._batches(orders, made):
            self._film(reels)
        films = [Film.of(order, made[order.rollout_id]) for order in orders]
        for film in films:
            finish(self.lake, film, self.studio)
        rows = [row for film in films for row in film.rows]
        page = run_page(self.lake, films, self.studio, self.step.facts())
        summary = self.step.finish(
            count_outcomes(rows), new=count_outcomes(self.new), report=page,
            shown=count_outcomes(row for film in films for row in film.rows[: film.drift.segments]),
        )  # fmt: skip
        records = [film.to_record(self.lake) for film in films]
        return GeneratingSummary(**vars(summary), film=records[0]["film"], films=records)

    def _warn(self, orders: "Sequence[Order]") -> None:
        plot, card = orders[0].plot, self.studio.card
        if unknown := unknown_words(card.words, [*plot.dynamics.values(), *(order.wanted.prompt for order in orders)]):
            named = ", ".join(map(repr, unknown[:MOST_SAID]))
            self.tell(f"the model does not know {named}: no text that it learned from has it, and it steers nothing")
        if card.stage == "alignment":
            self.tell(
                "the model comes from stage alignment: its film decoder has not learned to follow states yet; train the stages "
                "generative and world first"
            )
        segment_s = (card.film.frames - 1) / card.film.fps
        if self.studio.config.script.segments is None and segment_s != PAPERS_SEGMENT_S:
            self.tell(
                f"segments of this model are of {segment_s:g} s, not {PAPERS_SEGMENT_S:g}: film "
                f"{self.studio.config.script.film!r} comes to {plot.segments * segment_s:g} s; for another length say how many segments"
            )
        if plot.segments - 1 in plot.dynamics and card.config.dynamics.reading == "anticipate":
            self.tell(
                f"dynamics of segment {plot.segments - 1}, the last, steer nothing: a text steers the segment after the one it is given for"
            )

    def _say_done(self, orders: "Sequence[Order]", made: Mapping[str, list[Segment]]) -> None:
        from longtake.stages.generating_segments import is_over

        over = sum(is_over(order, made[order.rollout_id]) for order in orders)
        if over:
            what = "the film is" if len(orders) == 1 else f"{over} of {len(orders)} films are"
            self.tell(f"{what} there already: the same model, script and config make the same film")
        for order in orders:
            rows = made[order.rollout_id]
            if rows and not is_over(order, rows):
                self.tell(
                    f"film {order.rollout_id}: {len(rows)} of {order.plot.segments} segments are there; it goes on behind them"
                )

    def _batches(self, orders: "Sequence[Order]", made: Mapping[str, list[Segment]]) -> "Iterator[list[Reel]]":
        """Films that are made together: the same ones whatever was there before, so that they come out the same, and of those that are
        as far."""
        from longtake.dit.devices import pick_device
        from longtake.evaluation.opening import open_encoder
        from longtake.owl.trained_world import load_world
        from longtake.stages.generating_segments import Reel, is_over
        from longtake.stages.owl_models import fetch_parts

        left = {order.rollout_id for order in orders if not is_over(order, made[order.rollout_id])}
        if not left:
            return
        _hold_threads()
        device = pick_device()
        self.world = load_world(self.studio.model, device, partial(fetch_parts, folder=self.folder / "parts"))
        encoder = open_encoder(self.studio.config.encoder, str(device))
        size, keys = self.studio.config.batch, self.world.card.config.key_frames
        for begin in range(0, len(orders), size):
            by_length: dict[int, list[Reel]] = defaultdict(list)
            for order in orders[begin : begin + size]:
                if order.rollout_id in left:
                    rows = made[order.rollout_id]
                    reel = Reel(self.lake, order, rows, self.studio.config, encoder, self.world.model.film.fps, keys)
                    if lost := reel.resume():
                        log.warning("segments are made again", extra={"rollout_id": order.rollout_id, "segments": lost})
                        self.step.expect(lost)
                        self.done -= lost
                        self.tell(
                            f"the states of {lost} segments of film {order.rollout_id} are gone or damaged; they are made again"
                        )
                    by_length[len(reel.filmed)].append(reel)
            yield from by_length.values()

    def _film(self, reels: "Sequence[Reel]") -> None:
        from longtake.owl.loop import roll_out

        assert self.world is not None, "the batches opened it"
        model = self.world.model
        device = str(model.film.device)
        scripts = [self.studio.begin(self.lake, reel.order, self.folder, device) for reel in reels]
        turns = roll_out(
            model.owl, model.film, scripts, self.studio.config.sampling, filmed=[reel.filmed for reel in reels],
            judge=lambda number, _: reels[number].rows[-1].verdict,
        )  # fmt: skip
        for shots in turns:
            added = [(reels[number], reels[number].add(shot)) for number, shot in shots.items()]
            self.lake.tables.merge([row for _, row in added])
            for reel, row in added:
                self._count(reel, row)

    def _count(self, reel: "Reel", row: Segment) -> None:
        spent_s = row.state_s + row.film_s + row.dynamics_s
        self.new.append(row)
        self.metrics.show_segment(row)
        self.step.count(join_uri(self.lake.data_root, row.clip_uri), [row], seconds=spent_s, read_bytes=0)
        log.info(
            "segment",
            extra={
                "rollout_id": row.rollout_id, "index": row.index, "state_s": row.state_s, "film_s": row.film_s,
                "dynamics_s": row.dynamics_s, "dynamics": row.dynamics, "similarity_to_first": row.similarity_to_first,
                "seam_pixel_ratio": row.seam_pixel_ratio,
            },
        )  # fmt: skip
        if row.crossed:
            log.warning("drift", extra={"rollout_id": row.rollout_id, "crossed": row.crossed, "verdict": row.verdict})
            self.tell(f"{row.crossed}; {FOLLOWS[row.verdict]}")
        self.done += 1
        self.show(self.done, self.total)


def unknown_words(words: str | None, texts: "Sequence[str]") -> list[str]:
    """Those that a small language model does not know; a pretrained one knows all."""
    from longtake.owl.words import OwnWords

    return OwnWords.from_json(words).unknown(" ".join(texts)) if words else []


def _hold_threads() -> None:
    """No more than this process may have."""
    import torch

    from longtake.engine.threads import cores

    torch.set_num_threads(min(torch.get_num_threads(), cores()))
