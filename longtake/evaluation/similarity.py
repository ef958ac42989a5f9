"""How alike vectors are. Legend: N vectors, E their width."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Features = NDArray[np.float64]
"""NE, or E of one."""


def unit(vectors: ArrayLike) -> Features:
    """Vectors [..., E] of length 1; one without length stays as it is."""
    given = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(given, axis=-1, keepdims=True)
    scaled: Features = given / np.where(lengths > 0, lengths, 1.0)
    return scaled


def cosine(one: ArrayLike, other: ArrayLike) -> Features:
    """Of vectors [..., E], -1 to 1; 0 where one has no length."""
    return np.clip((unit(one) * unit(other)).sum(-1), -1.0, 1.0)


def similarity_matrix(states: ArrayLike) -> list[list[float]]:
    """Cosines [N, N] of N states of any shape, each taken as one vector."""
    rows = np.asarray(states, np.float64)
    rows_NE = unit(rows.reshape(len(rows), -1))
    matrix: list[list[float]] = np.clip(rows_NE @ rows_NE.T, -1.0, 1.0).tolist()
    return matrix
