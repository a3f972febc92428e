"""The parameters of an ingest and of an erasure."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from lake.errors import UsageError
from lake.ids.uris import spellings
from lake.options import RecipeOptions, RunOptions
from lake.sources.readers import PUSHED
from lake.sources.source import Source, parse_source
from lake.storage import secrets
from lake.storage.urls import without_credentials
from tasks.secret_blocks import from_block

secrets.block_loader = from_block


@dataclass(frozen=True, slots=True)
class Job(RunOptions):
    """What one run is to do; plain values, so that a deployment's parameters make one.

    ``documents``: those (source, uri) that are wanted, if not all are; for experiments, not for a deployment.
    """

    sources: tuple[str, ...]
    lake: str
    settings: RecipeOptions = field(default_factory=RecipeOptions)
    shard_bytes: int = 16 << 20
    documents: frozenset[tuple[str, str]] | None = None

    def __post_init__(self) -> None:
        RunOptions.__post_init__(self)
        for url in (*self.sources, self.lake):
            without_credentials(url)  # before anything logs or stores the job

    def open_sources(self) -> dict[str, Source]:
        """The sources by name. Raises UsageError if one does not exist."""
        found: dict[str, Source] = {}
        for text in of_lake(self.sources, self.lake):
            source = self._chosen(without_lake(parse_source(text, self.include, self.exclude), self.lake))
            if found.setdefault(source.name, source) != source:
                raise UsageError(f"two sources are called {source.name!r}; give each a name of its own: NAME=SOURCE")
        return found

    def _chosen(self, source: Source) -> Source:
        if self.documents is None:
            return source
        return replace(source, only=frozenset(uri for name, uri in self.documents if name == source.name))


def of_lake(sources: Iterable[str], lake: str) -> tuple[str, ...]:
    """The sources, in which ``NAME=pushed:`` names what the service of this lake was given.

    >>> of_lake(["docs=/srv/docs", "uploads=pushed:"], "s3://bucket/lake")
    ('docs=/srv/docs', 'uploads=pushed:s3://bucket/lake')
    """
    return tuple(f"{text}{quote(lake, safe=':/')}" if _OWN.fullmatch(text) else text for text in sources)


_OWN = re.compile(rf"(?:[A-Za-z][\w.-]*=)?{PUSHED}:")


def without_lake(source: Source, lake: str) -> Source:
    """The source less the lake, if that lies inside it: an index must not index itself."""
    if not source.is_local or "://" in lake:
        return source
    inside = os.path.relpath(os.path.realpath(os.path.expanduser(lake)), os.path.realpath(source.root))
    if inside == ".":
        raise UsageError(f"the lake can't be the source itself ({source.root}); choose another --lake")
    if inside.startswith(".."):
        return source
    return replace(source, exclude=(*source.exclude, f"/{glob.escape(inside)}/"))


_LITERAL = re.compile(r"'((?:[^']|'')*)'")
#: A shorter literal (``'%'``) names nobody, and is in too many words to be left out of them.
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Erasure:
    """Documents to be erased: those at ``uri``, or those that the SQL of ``where`` selects; one of them is None."""

    lake: str
    uri: str | None
    where: str | None
    source: str | None
    why: str

    @property
    def words(self) -> frozenset[str]:
        """The names of documents in the request itself."""
        spelled = (spelling for word in (self.uri, self.where) if word for spelling in spellings(word))
        return frozenset(spelled)

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
