"""Trained models that lie in a lake, whether or not anything was decided about them."""

from dataclasses import dataclass
from pathlib import Path

from longtake.errors import UserError
from longtake.lake import Lake, join_uri
from longtake.records import Run

PREFIX, SUFFIX = "models/dit-", ".safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A trained model, and what the row of its training says."""

    uri: str
    written_s: float
    """Seconds since the epoch."""
    loss: float | None
    """On held-out samples; none where there were none, or the training is not of this lake."""
    steps: int | None

    @property
    def name(self) -> str:
        """What `find_model` finds it by."""
        return short_name(self.uri)


def list_models(lake: Lake) -> list[ModelFile]:
    """All of them, the newest first."""
    items = [item for item in lake.objects.walk(PREFIX) if item.key.endswith(SUFFIX)]
    runs = {run.checkpoint: run for run in lake.tables.read(Run)} if items else {}
    found = []
    for item in items:
        uri = join_uri(lake.data_root, item.key)
        run = runs.get(uri)
        found.append(
            ModelFile(uri=uri, written_s=item.written_s, loss=run.loss if run else None, steps=run.steps if run else None)
        )  # fmt: skip
    return sorted(found, key=lambda model: (model.written_s, model.uri), reverse=True)


def find_model(lake: Lake, model: str) -> str:
    """The URI of the model in the lake of this bare name; anything else, a path or a URI, as it was given.

    Raises UserError for a name that neither the lake nor the folder at hand has.
    """
    if "/" in model or Path(model).exists():
        return model
    models = list_models(lake)
    for one in models:
        if one.name == short_name(model):
            return one.uri
    known = ", ".join(one.name for one in models[:3]) or "none"
    raise UserError(
        f"there is no model {model!r}, neither here nor in {lake.data_root}/models; the newest there: {known}"
    )


def short_name(uri: str) -> str:
    """A model's name without place and ending."""
    return uri.rpartition("/")[2].removesuffix(SUFFIX)
