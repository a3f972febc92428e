"""MinHash signatures of canonical texts: near-copies are recognised by them, without their texts.

A signature is a pure function of the text, made once for each content and stored with it. rensa computes it: it has no
dependencies, loads in a millisecond and takes 1.5 ms for 100,000 words, while datasketch imports scipy for a second in
each child process. Both have changed their signatures between versions, so rensa is pinned, a test holds a signature,
and each one begins with the number of its scheme; those of different schemes are never compared.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: The number of this scheme. It changes with the shingles, the seed and the version of rensa's algorithm.
SCHEME = 1
#: Values of a signature, of 16 bits each: the estimate of a similarity of 0.8 has a standard error of 0.035.
N_VALUES = 128
_SEED, _SHINGLE = 20_261_129, 3
#: A word, or one character of a script without spaces.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+")
#: Each byte of ASCII in lower case; a space if it is no letter or digit.
_ASCII_WORDS = bytes(byte if bytes([byte]).isalnum() else 0x20 for byte in bytes(range(256)).lower())
#: Values of a band. Signatures that agree in no band are not compared: of pairs with a similarity of 0.8 one in 10^7.
_BAND = 4


def signature(text: str) -> bytes:
    """The signature of a canonical text, ignoring case, white space and punctuation; b"" if it has no word."""
    shingles = _shingles(text)
    if not shingles:
        return b""
    minhash = _rensa().RMinHash(num_perm=N_VALUES, seed=_SEED)
    minhash.update(shingles)
    values = np.array(minhash.digest(), np.uint64) & 0xFFFF
    return bytes([SCHEME]) + values.astype("<u2").tobytes()


@lru_cache(maxsize=1)
def _rensa() -> Any:
    import rensa

    return rensa


def _shingles(text: str) -> list[str]:
    words = _words(text)
    if len(words) < _SHINGLE:
        return [" ".join(words)] if words else []
    return list(set(map(" ".join, zip(words, words[1:], words[2:], strict=False))))


def _words(text: str) -> list[str]:
    if text.isascii():  # several times as fast as an expression
        return text.encode().translate(_ASCII_WORDS).decode().split()
    return _WORD.findall(text.casefold())


def stacked(signatures: Sequence[bytes | None]) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the signatures of this scheme, and their values [n, N_VALUES]."""
    whole = [at for at, one in enumerate(signatures) if one and one[0] == SCHEME and len(one) == 1 + 2 * N_VALUES]
    values = np.frombuffer(b"".join(signatures[at][1:] for at in whole), "<u2")  # type: ignore[index]
    return np.array(whole, np.int64), values.reshape(-1, N_VALUES)


def nearest_heads(values: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """The most similar earlier head of each signature [n, N_VALUES] if it is at least that similar, else itself.

    Returns positions and likenesses. A head is similar to no earlier head, so that no chain of small changes links
    distant texts; the first of several equally similar ones wins.
    """
    heads, likenesses = np.arange(len(values)), np.ones(len(values))
    known: dict[tuple[int, bytes], list[int]] = {}
    for position in _with_company(values):
        bands = list(_bands(values[position]))
        near = sorted({head for band in bands for head in known.get(band, ())})
        alike = (values[near] == values[position]).mean(axis=1) if near else np.empty(0)
        if len(alike) and alike.max() >= least:
            heads[position], likenesses[position] = near[int(alike.argmax())], alike.max()
            continue
        for band in bands:
            known.setdefault(band, []).append(int(position))
    return heads, likenesses


def _bands(values: np.ndarray) -> Iterator[tuple[int, bytes]]:
    yield from ((at, values[at : at + _BAND].tobytes()) for at in range(0, N_VALUES, _BAND))


def _with_company(values: np.ndarray) -> Iterable[int]:
    """Positions of the signatures that agree with another one in any band."""
    found = np.zeros(len(values), bool)
    for at in range(0, N_VALUES, _BAND):
        bands = np.ascontiguousarray(values[:, at : at + _BAND]).view(np.uint64).ravel()
        _, inverse, counts = np.unique(bands, return_inverse=True, return_counts=True)
        found |= counts[inverse] > 1
    positions: list[int] = np.flatnonzero(found).tolist()
    return positions
