"""Checkpoints of other libraries: safetensors alone, and whole; what is wrong with one is a sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from longtake.errors import UserError, first_line


def load_pretrained(load: Callable[..., Any], place: str | Path, kind: str, *, where: str = "", **how: Any) -> Any:
    """The model that a `from_pretrained` gives for the place. Raises UserError for weights of another format, or that lack some.

    `kind` is what it is to be ("a text encoder"), `where` the place in messages.
    """
    where = where or str(place)
    check_format(Path(place) / (how.get("subfolder") or ""))
    with told_of(where, kind):
        model, found = load(str(place), use_safetensors=True, output_loading_info=True, **how)
    if lacking := sorted(found["missing_keys"]):
        raise UserError(f"{where} lacks {len(lacking)} of its weights, {lacking[0]} for one; fetch it again, whole")
    return model


def check_format(folder: Path) -> None:
    """Raises UserError for a folder whose weights are in another format; what is no folder may be a name on the hub."""
    if folder.is_dir() and not any(folder.glob("*.safetensors")):
        raise UserError(
            f"{folder} has no *.safetensors; other weights are not loaded: save it with safe_serialization=True"
        )


@contextmanager
def told_of(where: str, kind: str) -> Iterator[None]:
    """What transformers, diffusers and safetensors raise of a damaged or foreign checkpoint, as a UserError."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{where} cannot be loaded as {kind}: {first_line(error)}") from None
