"""Samples in files: safetensors with `<index>.latents` and `<index>.text` in bfloat16, ids and conditions in the metadata.

A shard's key is the digest of its bytes; each sample has a checksum beside its id, so that damage shows soon and cheaply.

Legend: C channels, t, h, w latent frames, rows and columns; L text tokens, D their width.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from longtake.errors import first_line
from longtake.latents.sample import EncodedSample

FOLDER = "latents/"
DIGEST_CHARS = 32
_KEY = re.compile(rf"{FOLDER}([0-9a-f]{{{DIGEST_CHARS}}})\.safetensors")


class DamagedShard(Exception):
    """The file is not the shard that was written; the message says what is wrong with it."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    conditions: dict[str, float]
    crc32: int
    """Of the latents' bytes and then the text's: a tenth of what a digest costs whoever reads 200 MB/s of them."""


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    samples: list[_Entry]


def write_shard(path: Path, samples: Sequence[EncodedSample]) -> None:
    """Writes the samples in their order; the same samples give the same bytes."""
    tensors, entries = {}, []
    for index, sample in enumerate(samples):
        latents = tensors[f"{index}.latents"] = sample.latents_Cthw.to(torch.bfloat16).contiguous()
        text = tensors[f"{index}.text"] = sample.text_LD.to(torch.bfloat16).contiguous()
        entries.append({"id": sample.sample_id, "conditions": dict(sample.conditions), "crc32": _crc32(latents, text)})
    path.write_bytes(save(tensors, {"longtake": json.dumps({"samples": entries}, sort_keys=True)}))


def shard_key(path: Path) -> str:
    """The key that belongs to the file's content: `latents/<digest>.safetensors`."""
    return f"{FOLDER}{_digest(path)}.safetensors"


def check_shard(path: Path, key: str) -> None:
    """Raises DamagedShard unless the file's content is the one that its key names."""
    named = _KEY.fullmatch(key)
    if named is None:
        raise DamagedShard(f"{key} is no key of a shard")
    if (found := _digest(path)) != named[1]:
        raise DamagedShard(f"{key}: the content has the digest {found}")


class ShardFile:
    """A shard on this machine, mapped into memory: a sample is read when it is asked for, from any thread."""

    def __init__(self, path: Path) -> None:
        """Raises DamagedShard for a file that is none, or is cut off; flipped bits `check` sees."""
        self.path = path
        try:
            self._file: Any = safe_open(path, "pt")
            header = _Header.model_validate_json((self._file.metadata() or {}).get("longtake", ""))
        except (SafetensorError, OSError, ValidationError) as error:
            raise DamagedShard(f"{path.name}: {first_line(error)}") from None
        self.entries = header.samples
        lacking = {f"{n}.{kind}" for n in range(len(self.entries)) for kind in ("latents", "text")}.difference(
            self._file.keys()
        )
        if lacking:
            raise DamagedShard(f"{path.name}: {min(lacking)} is missing")

    def __len__(self) -> int:
        return len(self.entries)

    def check(self) -> None:
        """Raises DamagedShard unless all samples are as they were written."""
        for index, entry in enumerate(self.entries):
            latents, text = (self._file.get_tensor(f"{index}.{kind}") for kind in ("latents", "text"))
            if _crc32(latents, text) != entry.crc32:
                raise DamagedShard(f"{self.path.name}: the sample {entry.id} has another checksum")

    def read(self, index: int, latents: int | None = None) -> EncodedSample:
        """The sample at this place, or of its latents so many at its beginning. Raises DamagedShard where there is none."""
        if not 0 <= index < len(self.entries):
            raise DamagedShard(f"{self.path.name}: there is no sample {index} among {len(self.entries)}")
        entry = self.entries[index]
        return EncodedSample(
            sample_id=entry.id, latents_Cthw=self._file.get_slice(f"{index}.latents")[:, :latents].float(),
            text_LD=self._file.get_tensor(f"{index}.text").float(), conditions=entry.conditions,
        )  # fmt: skip


def sample_bytes(sample: EncodedSample) -> int:
    """What the sample takes in a shard, about."""
    return 2 * (sample.latents_Cthw.numel() + sample.text_LD.numel())


def _crc32(*tensors: torch.Tensor) -> int:
    crc = 0
    for tensor in tensors:
        crc = zlib.crc32(tensor.view(torch.uint8).numpy().data, crc)
    return crc


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGEST_CHARS]
