"""A film as it grows in the lake: each segment's clip and state as objects, then its row; and what goes on from them.

Legend: N frames, H W pixels, 3 channels: blue, green, red; S segments.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file

from longtake.config import dump_config
from longtake.evaluation.crossing import crossed
from longtake.evaluation.drift import DriftMeter
from longtake.evaluation.encoders import Encoder
from longtake.lake import Lake, ObjectChanged
from longtake.owl.config import ALGORITHM_VERSION
from longtake.owl.loop import Filmed
from longtake.owl.loop import Segment as Shot
from longtake.owl.story import key_frames
from longtake.records import Segment, bucket_of, made_by
from longtake.stages.config import GeneratingConfig
from longtake.stages.generating_orders import STAGE, Order
from longtake.video.film import write_film

_METER = "drift."


def read_rows(lake: Lake, order: Order) -> list[Segment]:
    """Those of the film that are done, without a gap."""
    rows = lake.tables.read(Segment, buckets=[bucket_of(order.rollout_id)], rollout_id=order.rollout_id)
    return [row for place, row in enumerate(rows) if row.index == place]


def is_over(order: Order, rows: Sequence[Segment]) -> bool:
    return len(rows) == order.plot.segments or bool(rows and rows[-1].verdict == "stop")


class Reel:
    """One film, as far as it is made."""

    def __init__(
        self, lake: Lake, order: Order, rows: list[Segment], config: GeneratingConfig, encoder: Encoder, fps: float, keys: int
    ) -> None:  # fmt: skip
        """`keys`: key frames of a segment."""
        self.order, self.rows = order, rows
        self.filmed: list[Filmed] = []
        """What the world model goes on from."""
        self._lake, self._config, self._fps, self._keys = lake, config, fps, keys
        self._meter = DriftMeter(encoder)
        changing = {name: value for name, value in dump_config(config).items() if name not in ("script", "batch")}
        self._made_by = made_by(STAGE, ALGORITHM_VERSION, changing)

    def resume(self) -> int:
        """Reads what is there. A segment whose object is gone or damaged is made again, with all behind it: so many are lost.

        The meter goes on from its memory: to measure what is there again would take all of its frames, without loss, and as long as the
        film is.
        """
        filmed, memory = self.filmed, {}
        for row in self.rows:
            try:
                memory = load(self._lake.objects.read(row.state_uri))
            except (ObjectChanged, SafetensorError):
                break
            keys_KHW3, words = memory["keys_KHW3"].numpy(), memory["words"].tolist()
            filmed.append(Filmed(keys_KHW3=keys_KHW3, words=words, verdict=row.verdict))
        lost = len(self.rows) - len(filmed)
        del self.rows[len(filmed) :]
        if filmed:
            numbers = {
                name.removeprefix(_METER): kept.numpy() for name, kept in memory.items() if name.startswith(_METER)
            }
            self._meter.recall(numbers, filmed[-1].keys_KHW3[-1])
        return lost

    def add(self, shot: Shot) -> Segment:
        """Measures the segment and puts its objects into the lake; the row is for the caller to commit."""
        drift = self._meter.add(shot.frames_NHW3, new_scene=shot.new_scene)
        scene = [row for row in self.rows if row.scene == drift.scene][:1]
        said = crossed([*scene, drift], self._config.drift)
        clip, state = (self.order.key(f"{shot.index:05}.{kind}") for kind in ("mp4", "safetensors"))
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch)
            write_film(path / "clip.mp4", shot.new_frames_NHW3, self._fps)
            save_file(self._tensors(shot), path / "state")
            self._lake.objects.put(clip, (path / "clip.mp4").read_bytes(), overwrite=True)
            self._lake.objects.put(state, (path / "state").read_bytes(), overwrite=True)
        row = Segment(
            rollout_id=self.order.rollout_id, bucket=bucket_of(self.order.rollout_id), dynamics=shot.dynamics,
            dynamics_given=shot.given, clip_uri=clip, state_uri=state, anchored=shot.anchored,
            seconds=drift.frames / self._fps, state_s=shot.state_s, film_s=shot.film_s, dynamics_s=shot.dynamics_s,
            encoder=self._meter.encoder.name, crossed=said, verdict=self._config.on_drift if said else "go_on", vtss=None,
            made_by=self._made_by, **asdict(drift),
        )  # fmt: skip
        self.rows.append(row)
        return row

    def _tensors(self, shot: Shot) -> dict[str, torch.Tensor]:
        keys_KHW3 = key_frames(shot.frames_NHW3, self._keys)
        return {
            "state_QD": shot.state_QD.contiguous(),
            "keys_KHW3": torch.from_numpy(keys_KHW3.copy()),
            "words": torch.tensor(list(shot.words), dtype=torch.int64),
            **{f"{_METER}{name}": torch.tensor(kept) for name, kept in self._meter.remember().items()},
        }
