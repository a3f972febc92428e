"""Proves that documents are erased: decodes every file of a lake and finds no trace of them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from lake.erasure.decode import Piece, blocks, pieces
from lake.erasure.patterns import ANCHOR, Patterns
from lake.errors import LakeError, TransientError
from lake.reporting import Progress, silent
from lake.storage.pushed import FOLDER
from lake.tables.lance_files import OWN_TOKENIZER, rows_by_index, tokenizer_of, tokens_of
from lake.tables.words import WORD_COLUMNS

if TYPE_CHECKING:
    from lake.storage.protocol import Store, Stored

Kind = Literal["id", "text", "word", "vector", "entry"]

_WORD = re.compile(r"[^\W_]+")
_SHORTEST_WORD = 4
#: Texts up to this many bytes are searched in raw bytes, too; longer ones only in decoded strings.
_RAW_TEXT_BYTES = 1024
_INDEX_FILE = re.compile(r"(?P<folder>(?P<table>tables/[^/]+/[^/]+\.lance)/_indices/(?P<uuid>[^/]+))/(?P<name>[^/]+)")
_DATA_FILE = re.compile(r"tables/[^/]+/[^/]+\.lance/data/")
_OWN_WORDS = (
    *("kind", "media_type", "parser", "language", "error_class", "set", "origin", "status", "level", "measure"),
    "omitted",
    # Names that operators and providers gave, in the query log.
    *("api_key", "chat_model", "outcome", "error", "degraded", "cached"),
    # Findings of audits are raglake's own sentences; ids and texts are still searched for in them.
    *("suite", "expectation", "column", "severity", "observed", "message"),
)
#: Errors of decoders for a file that is not what it seems.
_UNDECODABLE = (LakeError, ValueError, OSError, RuntimeError, IndexError, KeyError, TypeError, struct.error)


@dataclass(frozen=True)
class Terms:
    """What must not be found anywhere: everything that belongs only to erased documents.

    Terms that kept documents hold as well would be found in them; ``occurring`` finds these. Words are searched only
    in rows and dictionaries, and not in columns of raglake's own words, such as ``kind``.
    """

    ids: frozenset[str] = frozenset()  # hex: of documents, contents, spans, bytes, texts; found inside any string
    texts: frozenset[str] = frozenset()  # canonical texts, spans, uris, titles; found between word borders
    words: frozenset[str] = frozenset()  # of ``words_of``, in erased texts and in no other
    #: Little-endian float32 or float16, or packed, as stored; of token vectors an excerpt.
    vectors: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Remnant:
    """The place of a remaining trace of an erased document; it never contains the trace itself.

    An ``entry`` is an index entry for a row that no version of its table has.
    """

    path: str
    where: str  # a column, or "raw bytes", "path", "dictionary", ...
    what: Kind


@dataclass(frozen=True, slots=True)
class Proof:
    """What was searched, and what was found."""

    n_files: int
    n_bytes: int
    n_rows: int
    n_strings: int
    n_vectors: int
    undecoded: tuple[str, ...]  # paths
    traces: tuple[Remnant, ...]

    @property
    def holds(self) -> bool:
        return not self.traces and not self.undecoded

    @property
    def counts(self) -> dict[str, int]:
        """How much was searched; names nothing."""
        return {name: getattr(self, name) for name in ("n_files", "n_bytes", "n_rows", "n_strings", "n_vectors")}


def words_of(text: str) -> set[str]:
    """Lower-case runs of at least four letters and digits.

    >>> sorted(words_of("The Zürich_boat's 1912 log"))
    ['1912', 'boat', 'zürich']
    """
    return {word for word in _WORD.findall(text.lower()) if len(word) >= _SHORTEST_WORD}


def find_traces(
    store: Store,
    terms: Terms,
    progress: Progress = silent,
) -> Proof:
    """Search the whole lake, including file contents that no release shows any more.

    Parquet, Arrow, JSON and Lance's data files, manifests and transactions are decoded completely. In indices, BTree
    pages and full-text dictionaries are decoded. Postings and quantised vectors do not name their origin; they are
    proven by their row ids, each of which must be a row of a version that uses the index. No search can rule out two
    things: the influence of an erased vector on IVF centroids and the SQ range, and Bloom filters of inserted keys in
    transactions of remaining versions.
    """
    walk = _LakeWalk(store, terms)
    files = sorted(store.walk(), key=lambda file: file.path)
    progress("files", 0, len(files))
    for file in files:
        walk.visit(file)
        progress("files", 1, None)
    return walk.proof()


def occurring(terms: Terms, strings: Iterable[str]) -> Terms:
    """The ids, texts and words that ``find_traces`` would find in a file with these strings."""
    search, kept = _Search(terms), list(strings)
    found = {*search.in_strings(kept), *(("word", word) for word in terms.words & _words(kept))}
    named = {kind: frozenset(value for k, value in found if k == kind) for kind in ("id", "text", "word")}
    return Terms(named["id"], named["text"], named["word"])


class _Search:
    """Terms, prepared for searching."""

    def __init__(self, terms: Terms) -> None:
        self.words, self._vectors = terms.words, terms.vectors
        kinds: dict[bytes, tuple[Kind, str]] = {_utf8(text): ("text", text) for text in terms.texts if text}
        kinds |= {_utf8(value): ("id", value) for value in terms.ids}
        self._kinds = {pattern: kind for pattern, kind in kinds.items() if len(pattern) >= ANCHOR}
        self._short = {kind[1]: kind[0] for pattern, kind in kinds.items() if len(pattern) < ANCHOR}
        self._patterns = Patterns(self._kinds)
        short_enough = [p for p, (kind, _) in self._kinds.items() if kind == "id" or len(p) <= _RAW_TEXT_BYTES]
        self._raw = Patterns([*short_enough, *(v for v in terms.vectors if len(v) >= ANCHOR)])

    @property
    def overlap(self) -> int:
        return self._raw.longest + 4  # and a character on either side

    def in_strings(self, strings: list[str]) -> Iterator[tuple[Kind, str]]:
        """Kind and value of each id and text found; terms shorter than 8 bytes must equal a whole string."""
        yield from ((self._short[value], value) for value in self._short.keys() & set(strings))
        data = _utf8("\0".join(strings))
        for start, pattern in self._patterns.find(data):
            kind, value = self._kinds[pattern]
            if kind == "id" or _stands_alone(data, start, value, pattern):
                yield kind, value

    def in_bytes(self, data: bytes) -> Iterator[Kind]:
        for start, pattern in self._raw.find(data):
            kind, value = self._kinds.get(pattern, ("vector", ""))
            if kind != "text" or _stands_alone(data, start, value, pattern):
                yield kind

    def has_vector(self, vectors: np.ndarray) -> bool:
        return bool(self._vectors) and any(row.tobytes() in self._vectors for row in vectors)


def _words(strings: list[str]) -> set[str]:
    return set(_WORD.findall("\0".join(strings).lower()))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _stands_alone(data: bytes, start: int, text: str, pattern: bytes) -> bool:
    """Whether the text is not part of a longer word on either side."""
    before = data[max(start - 4, 0) : start].decode("utf-8", "ignore")[-1:]
    end = start + len(pattern)
    after = data[end : end + 4].decode("utf-8", "ignore")[:1]
    return not (_WORD.match(before) and _WORD.match(text[0])) and not (_WORD.match(after) and _WORD.match(text[-1]))


class _LakeWalk:
    """Visits the lake's files and collects traces."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store, self._search, self._dictionaries = store, _Search(terms), _Dictionaries(terms.words)
        self._n_files = self._n_bytes = self._n_rows = self._n_strings = self._n_vectors = 0
        self._undecoded: list[str] = []
        self._traces: set[Remnant] = set()
        self._rows_by_index = lru_cache(maxsize=1)(lambda table: rows_by_index(f"{store.url}/{table}"))

    def visit(self, file: Stored) -> None:
        self._add(file.path, "path", (kind for kind, _ in self._search.in_strings([file.path])))
        if file.path.startswith(f"{FOLDER}/"):  # a source, whose paths have the ids and digests of what it holds
            return
        try:
            for block in blocks(self._store, file, self._search.overlap):
                self._add(file.path, "raw bytes", self._search.in_bytes(block))
            for piece in pieces(self._store, file):
                self._look_through(file.path, piece)
                self._look_through_index(file.path, piece)
        except FileNotFoundError:  # gone since it was listed
            return
        except TransientError:  # says nothing about the file
            raise
        except _UNDECODABLE:
            self._undecoded.append(file.path)
        self._n_files, self._n_bytes = self._n_files + 1, self._n_bytes + file.size

    def _add(self, path: str, where: str, kinds: Iterable[Kind]) -> None:
        self._traces |= {Remnant(path, where, kind) for kind in kinds}

    def _look_through(self, path: str, piece: Piece) -> None:
        self._n_rows += piece.n_rows
        for where, strings in piece.strings.items():
            self._n_strings += len(strings)
            if where in WORD_COLUMNS:
                self._dictionaries.suspect(path, OWN_TOKENIZER, " ".join(strings).split())
                continue
            self._add(path, where, (kind for kind, _ in self._search.in_strings(strings)))
            if piece.n_rows and where.rsplit(".", 1)[-1] not in _OWN_WORDS:
                self._look_at_words(path, where, _words(strings))
        for where, vectors in piece.vectors.items():
            self._n_vectors += len(vectors)
            self._add(path, where, ["vector"] if self._search.has_vector(vectors) else [])
        for where, binaries in piece.binaries.items():
            self._add(path, where, self._search.in_bytes(b"\0".join(binaries)))

    def _look_at_words(self, path: str, where: str, words: set[str]) -> None:
        self._add(path, where, ["word"] if words & self._search.words else [])
        if _DATA_FILE.match(path):
            self._dictionaries.learn(words)

    def _look_through_index(self, path: str, piece: Piece) -> None:
        index = _INDEX_FILE.fullmatch(path)
        if index is None:
            return
        for where, row_ids in piece.row_ids.items():
            known = self._rows_by_index(index["table"]).get(index["uuid"], row_ids[:0])
            self._add(path, where, [] if np.isin(row_ids, known).all() else ["entry"])
        if piece.tokens:
            self._n_strings += len(piece.tokens)
            self._dictionaries.suspect(path, tokenizer_of(f"{self._store.url}/{index['folder']}"), piece.tokens)

    def proof(self) -> Proof:
        for path in self._dictionaries.unexplained():
            self._add(path, "dictionary", ["word"])
        traces = sorted(self._traces, key=lambda trace: (trace.path, trace.where, trace.what))
        counts = (self._n_files, self._n_bytes, self._n_rows, self._n_strings, self._n_vectors)
        return Proof(*counts, undecoded=tuple(self._undecoded), traces=tuple(traces))


class _Dictionaries:
    """Finds erased words in full-text dictionaries and columns, which hold folded and stemmed tokens. A kept word may
    share the token of an erased one, so a token is a trace only if, once all rows are read, no kept word has it.
    """

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words
        self._others: set[str] = set()
        self._suspects: dict[tuple[str, str], set[str]] = {}  # by path and tokenizer
        self._tokens_of_words = lru_cache(maxsize=4)(lambda tokenizer: tokens_of(words, tokenizer))

    def learn(self, words: set[str]) -> None:
        self._others |= words

    def suspect(self, path: str, tokenizer: str, tokens: list[str]) -> None:
        distinct = set(tokens)
        words = _words(list(distinct))
        found = (self._tokens_of_words(tokenizer) & (distinct | words)) | (self._words & words)
        if found:
            self._suspects[path, tokenizer] = self._suspects.get((path, tokenizer), set()) | found

    def unexplained(self) -> Iterator[str]:
        """Paths of dictionaries that have a token which only erased words have."""
        others = self._others - self._words
        kept = {tokenizer: tokens_of(others, tokenizer) for tokenizer in {tokenizer for _, tokenizer in self._suspects}}
        yield from (path for (path, tokenizer), found in self._suspects.items() if found - kept[tokenizer])
