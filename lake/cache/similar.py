"""Finds the cached answer to a question that means the same, by the vectors of both questions."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lake.cache.scope import EntryPlace

#: A word with a digit, with all signs in it: a model, a version, an amount. Vectors hardly tell two of them apart.
#: Chinese and Japanese have no blanks between words.
_UNSPACED = r"\u3000-\u30ff\u3400-\u9fff"
_NUMBERED = re.compile(rf"[^\s{_UNSPACED}]*\d[^\s{_UNSPACED}]*")
#: What may stand around a word without being part of it.
_BEFORE, _AFTER = "([{\"'\u00ab\u201c\u201e\u2018\u00bf", ")]}\"'\u00bb\u201c\u201d\u2019.,:;!?-/"
_OVERHEAD = 400


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """An answered question, its unit vector, and the place of its answer."""

    text: str
    vector: np.ndarray
    place: EntryPlace

    @property
    def n_bytes(self) -> int:
        return self.vector.nbytes + 4 * len(self.text) + _OVERHEAD


class SimilarQuestions:
    """Questions by everything else that decides their answers; bounded by bytes, the oldest go first.

    ``group`` is that everything else; only its digest is held.
    """

    def __init__(self, least: float, most_bytes: int) -> None:
        self._least, self._most_bytes = least, most_bytes
        self._known: OrderedDict[tuple[bytes, str], KnownQuestion] = OrderedDict()
        self._n_bytes = 0
        self._lock = Lock()

    def add(self, group: bytes, question: KnownQuestion) -> None:
        group = sha256(group).digest()
        with self._lock:
            self._remove((group, question.text))
            self._known[group, question.text] = question
            self._n_bytes += question.n_bytes
            while self._n_bytes > self._most_bytes:
                self._remove(next(iter(self._known)))

    def nearest(self, group: bytes, text: str, vector: np.ndarray) -> KnownQuestion | None:
        """The closest question of the group that agrees closely enough, and in every number and name with a digit."""
        group, numbers = sha256(group).digest(), _numbered(text)
        with self._lock:
            of_group = [one for (name, _), one in self._known.items() if name == group]
        alike = [one for one in of_group if one.vector.shape == vector.shape and _numbered(one.text) == numbers]
        if not alike:
            return None
        cosines = np.stack([one.vector for one in alike]) @ vector
        best = int(cosines.argmax())
        return alike[best] if cosines[best] >= self._least else None

    def keep(self, tags: Collection[str]) -> None:
        """Drops questions whose answers belong to none of these scopes."""
        with self._lock:
            for key in [key for key, one in self._known.items() if one.place.tag not in tags]:
                self._remove(key)

    def _remove(self, key: tuple[bytes, str]) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._n_bytes -= known.n_bytes


def _numbered(text: str) -> list[str]:
    """Words with digits, in their order, since "from 3 to 5" is not "from 5 to 3".

    >>> _numbered("Which oil for the PX-200, and for pump (7) at -5\u00b0?")
    ['px-200', '7', '-5\u00b0']
    """
    return [word.lstrip(_BEFORE).rstrip(_AFTER).casefold() for word in _NUMBERED.findall(text)]
