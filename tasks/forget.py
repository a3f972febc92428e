"""The task that erases documents, and lets their names into no message that Prefect keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake import operate
from lake.errors import LakeError
from tasks.artifacts import ProgressArtifacts
from tasks.policy import step

if TYPE_CHECKING:
    from lake.erasure.forget import Forgotten

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
#: A shorter literal (``'%'``) names nobody, and is in too many words to be left out of them.
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Erasure:
    """Documents to be erased: those at ``uri``, or those that ``where`` chooses; one of them is None."""

    lake: str
    uri: str | None
    where: str | None
    source: str | None
    why: str

    @property
    def words(self) -> frozenset[str]:
        """What the request itself says of the documents."""
        return frozenset(word for word in (self.uri, self.where) if word)

    def without_names(self, message: str) -> str:
        """The message with an ellipsis for whatever it quotes of the request.

        >>> Erasure("index", None, "author = 'Ann'", None, "").without_names("no match: (author = 'Ann')")
        'no match: (...)'
        """
        literals = [found for found in _LITERAL.findall(self.where or "") if len(found) >= _SHORTEST_NAME]
        for word in (*self.words, *literals):
            for form in (word, word.replace("'", "''"), repr(word)[1:-1]):
                message = message.replace(form, "...")
        return message


@step("forget")
def forget(erasure: Erasure, *, dry_run: bool) -> Forgotten:
    """Erase the documents everywhere in the lake and prove it, or only choose them; a retry goes on from there."""
    asked = {"uri": erasure.uri, "where": erasure.where, "source": erasure.source}
    try:
        return operate.forget(
            erasure.lake, **asked, why=erasure.why, dry_run=dry_run, progress=ProgressArtifacts(erasure.lake)
        )
    except LakeError as error:
        raise type(error)(erasure.without_names(str(error))) from None
