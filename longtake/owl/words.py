"""Words: how texts become numbers that a language model reads, and the two marks around the dynamics (B.3).

A small model has words of its own, made of the texts that it learns from; a pretrained one has those of its tokenizer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordLevel

from longtake.errors import UserError, first_line

UNKNOWN, OPEN, CLOSE = "<unknown>", "<dynamics>", "</dynamics>"
"""Of a small model, with the ids 0, 1 and 2: no text becomes one of the marks, since punctuation is split off."""
MOST = 32_768
"""Words of a small model: the rarest of more are unknown to it."""


class Words(Protocol):
    """Texts to numbers and back."""

    @property
    def size(self) -> int:
        """V: ids are below it."""

    @property
    def begin_ids(self) -> Sequence[int]:
        """What every sequence begins with: a pretrained model's own first token, which much of its attention rests on; or nothing."""

    @property
    def open_id(self) -> int:
        """Of "<", before the dynamics: fed, never predicted."""

    @property
    def close_id(self) -> int:
        """Of ">", behind them: predicted."""

    def encode(self, text: str) -> list[int]:
        """No special tokens, no marks."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text; marks say nothing."""


class OwnWords:
    """Whole words in lower case, and punctuation; a word that no training text has is unknown."""

    open_id, close_id = 1, 2
    begin_ids: Sequence[int] = ()

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.size: int = tokenizer.get_vocab_size()

    @classmethod
    def of(cls, texts: Iterable[str], most: int = MOST) -> "OwnWords":
        """Made of training texts: the same for the same texts in any order; frequent words have small ids."""
        split, normal = _splitter(), _normalizer()
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(piece for piece, _ in split.pre_tokenize_str(normal.normalize_str(text)))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))[:most]
        tokenizer = Tokenizer(
            WordLevel({word: number for number, word in enumerate((UNKNOWN, OPEN, CLOSE, *ranked))}, unk_token=UNKNOWN)
        )
        tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normal, split, decoders.Metaspace()
        return cls(tokenizer)

    @classmethod
    def from_json(cls, said: str) -> "OwnWords":
        """What `to_json` gave. Raises UserError for what is something else."""
        try:
            tokenizer = Tokenizer.from_str(said)
        except Exception as error:  # tokenizers raises nothing narrower
            raise UserError(f"these are no words of a small language model: {first_line(error)}") from None
        if [tokenizer.id_to_token(number) for number in range(3)] != [UNKNOWN, OPEN, CLOSE]:
            raise UserError("these are words of another kind of model; give those that were saved with this one")
        return cls(tokenizer)

    def to_json(self) -> str:
        said: str = self._tokenizer.to_str()
        return said

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def unknown(self, text: str) -> list[str]:
        """The words of a text that it does not know, in order, each once."""
        found = self._tokenizer.encode(text, add_special_tokens=False)
        return list(
            dict.fromkeys(
                text[a:b].strip() for number, (a, b) in zip(found.ids, found.offsets, strict=True) if number == 0
            )
        )

    def decode(self, ids: Sequence[int]) -> str:
        said: str = self._tokenizer.decode([number for number in ids if number > self.close_id])
        return said.strip()


class TokenizerWords:
    """Those of a pretrained model's tokenizer."""

    def __init__(self, tokenizer: Any, *, size: int, open_id: int, close_id: int) -> None:
        """`tokenizer`: transformers' own; the marks are ids beyond its words, or ones that it keeps in reserve."""
        self._tokenizer = tokenizer
        self.size, self.open_id, self.close_id = size, open_id, close_id
        first = tokenizer.bos_token_id
        self.begin_ids: Sequence[int] = () if first is None else (int(first),)

    def encode(self, text: str) -> list[int]:
        return [int(number) for number in self._tokenizer.encode(text, add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        said = [number for number in ids if number not in (self.open_id, self.close_id)]
        return str(self._tokenizer.decode(said, skip_special_tokens=True)).strip()


def _normalizer() -> normalizers.Normalizer:
    return normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])


def _splitter() -> pre_tokenizers.PreTokenizer:
    """Spaces stay with the word behind them, so that a text is put together again as it was."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(prepend_scheme="always"),
            pre_tokenizers.Punctuation("isolated"),
        ]
    )
