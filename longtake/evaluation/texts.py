"""How varied the texts of films are: a model that says the same of every clip is no world model (the paper admits repetition)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextVariety:
    """Of the dynamics of some films."""

    texts: int
    distinct_share: float
    """Different texts by all texts, 0 to 1."""
    repetition_rate: float
    """Texts that say what one just before them in their film said, by all that have one before them, 0 to 1."""


def text_variety(films: Sequence[Sequence[str]], within: int = 1) -> TextVariety:
    """Of the films' texts in order; see `distinct_share` and `repetition_rate`, which raise ValueError."""
    return TextVariety(
        texts=sum(map(len, films)), distinct_share=distinct_share(films), repetition_rate=repetition_rate(films, within)
    )


def distinct_share(films: Sequence[Sequence[str]]) -> float:
    """Different texts by all texts of all films; 1: none is said twice. It falls with their number: compare equal numbers of texts.

    Raises ValueError where there is no text.
    """
    said = [_plain(text) for texts in films for text in texts]
    if not said:
        raise ValueError("no texts; expected films with one at least")
    return len(set(said)) / len(said)


def repetition_rate(films: Sequence[Sequence[str]], within: int = 1) -> float:
    """Share of texts that are word for word one of the `within` before them in their film; the first of a film has none before it.

    0 where no film has two texts. Raises ValueError where `within` is below 1.
    """
    if within < 1:
        raise ValueError(f"within is {within}; expected 1 or more: how many texts back count as a repetition")
    repeated = pairs = 0
    for texts in films:
        said = [_plain(text) for text in texts]
        pairs += max(len(said) - 1, 0)
        repeated += sum(said[at] in said[max(at - within, 0) : at] for at in range(1, len(said)))
    return repeated / pairs if pairs else 0.0


def _plain(text: str) -> str:
    """Without case, spare spaces and a last full stop."""
    return " ".join(text.lower().split()).rstrip(".")
