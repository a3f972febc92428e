"""Tokenizers by name, with exact counts and offsets and without network access."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lake.chunk.known_pieces import KnownPieces
from lake.errors import UsageError
from lake.patches.tiktoken_ranks import byte_pair_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import tokenizers

    Integers = np.ndarray[Any, np.dtype[np.integer[Any]]]

Span = tuple[int, int]
#: Bytes of each token of a text.
Sizes = tuple[int, ...]

TOKENIZERS = ("tiktoken:cl100k_base", "tiktoken:o200k_base", "words", "hf:<directory or tokenizer.json>")

#: White space that every word tokenizer treats as such; BERT drops the rarer control characters.
PLAIN_SPACE = frozenset(" \t\n\r")

# Byte pair encoding and its pattern take quadratic time, or give up, on endless runs.
_LONGEST_RUN = 1000
_ENDLESS_RUN = re.compile(rf"(?<!\S)\S{{{_LONGEST_RUN + 1},}}|(?<!\s)\s{{{_LONGEST_RUN + 1},}}")
_HALF_RUN = re.compile(rf"\S{{{_LONGEST_RUN // 2 + 1}}}|\s{{{_LONGEST_RUN // 2 + 1}}}")

# A Hugging Face tokenizer is fastest and frugal on pieces that stay in the processor's cache; so are lists.
_PIECE = 20_000

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Tokenizer(Protocol):
    """Counts tokens as a model does, special tokens left out.

    ``separators`` are characters that no token spans and that cost nothing: if one of them separates two texts,
    ``count`` of the whole is the sum of both. Empty if the tokenizer has none.
    """

    @property
    def name(self) -> str: ...

    @property
    def separators(self) -> frozenset[str]: ...

    def count(self, text: str) -> int:
        """Number of tokens of ``text``; always that of ``self.spans(text)``."""
        ...

    def spans(self, text: str) -> Iterator[Span]:
        """Offsets (code points) of each token in order; neither starts nor ends ever decrease.

        Tokens that share a character, as byte tokens do, each span the whole of it.
        """
        ...


@cache
def load_tokenizer(name: str) -> Tokenizer:
    """The tokenizer called ``name``, loaded once per process.

    >>> load_tokenizer("words").count("raglake, version 2")
    4
    """
    family, _, rest = name.partition(":")
    if name == "words":
        return WordTokenizer()
    if name in TOKENIZERS and family == "tiktoken":
        return BytePairTokenizer(name, rest)
    if family == "hf" and rest:
        return huggingface_tokenizer(name, Path(rest))
    raise UsageError(f"no tokenizer {name!r}; choose one of {', '.join(TOKENIZERS)}")


class WordTokenizer:
    """Needs no model: one token per eight characters of a word begun, and one per other sign.

    >>> list(WordTokenizer().spans("so beautifully!"))
    [(0, 2), (3, 11), (11, 14), (14, 15)]
    """

    name = "words"
    separators = PLAIN_SPACE
    _token = re.compile(r"\w{1,8}|[^\w\s]")

    def count(self, text: str) -> int:
        return len(self._token.findall(text))

    def spans(self, text: str) -> Iterator[Span]:
        return map(re.Match.span, self._token.finditer(text))


class BytePairTokenizer:
    """OpenAI's encodings; names of special tokens in a text, such as ``<|endoftext|>``, are plain text.

    A run of only white space, or of none, is encoded in pieces of 1000 characters.
    """

    separators: frozenset[str] = frozenset()

    def __init__(self, name: str, encoding: str) -> None:
        self.name = name
        self._encoding, self._n_bytes = byte_pair_encoding(encoding)
        sizes = KnownPieces(self._encoded)
        counts = KnownPieces(lambda piece: len(sizes[piece]))
        is_known = encoding == "cl100k_base"
        self._sizes_of = sizes.of if is_known else lambda text: iter((self._encoded(text),))
        self._counts_of = counts.of if is_known else lambda text: iter((len(self._encoded(text)),))

    def count(self, text: str) -> int:
        return sum(sum(self._counts_of(part)) for part in _without_endless_runs(_encodable(text)))

    def spans(self, text: str) -> Iterator[Span]:
        import numpy as np

        text = _encodable(text)
        parts = map(self._sizes_of, _without_endless_runs(text))
        sizes: Integers = np.fromiter(chain.from_iterable(chain.from_iterable(parts)), np.int64)
        ends: Integers = np.cumsum(sizes)
        starts: Integers = ends - sizes
        if not text.isascii():
            characters = _characters_of_bytes(text)
            starts, ends = characters[starts], characters[ends - 1] + 1
        for first in range(0, len(starts), _PIECE):
            some = slice(first, first + _PIECE)
            yield from zip(starts[some].tolist(), ends[some].tolist(), strict=True)

    def _encoded(self, text: str) -> Sizes:
        tokens = self._encoding.encode_to_numpy(text, disallowed_special=())
        return tuple(self._n_bytes[tokens].tolist())


def _without_endless_runs(text: str) -> list[str]:
    # An endless run holds two neighbours of these places and all between; most texts have none.
    if not any(_HALF_RUN.match(text, place) for place in range(0, len(text), _LONGEST_RUN // 2)):
        return [text]
    cuts = [0]
    for run in _ENDLESS_RUN.finditer(text):
        cuts.extend(range(run.start(), run.end(), _LONGEST_RUN))
        cuts.append(run.end())
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _encodable(text: str) -> str:
    """``text`` with lone surrogates, which no encoder takes, replaced by as many characters."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def _characters_of_bytes(text: str) -> Integers:
    """For each byte of ``text`` in UTF-8, the index of its character."""
    import numpy as np

    data = np.frombuffer(text.encode(), dtype=np.uint8)
    return np.cumsum((data & 0xC0) != 0x80) - 1


@cache
def huggingface_tokenizer(name: str, path: Path) -> Tokenizer:
    """Load the tokenizer in ``path`` (a tokenizer.json or its directory) under a permanent name.

    ``name`` goes into the recipe, so it should not depend on the file's location.
    """
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"no tokenizer {name!r}: there is no file {file}; choose one of {', '.join(TOKENIZERS)}")
    return HuggingFaceTokenizer(name, file)


class HuggingFaceTokenizer:
    """A tokenizer.json, without the truncation and padding that many files specify.

    Models of the BERT family read a word of more than 100 characters as one ``[UNK]``. Because this would pass for
    a short text, an ``[UNK]`` counts as one token per four characters or part of four.
    """

    def __init__(self, name: str, file: Path) -> None:
        from tokenizers import Tokenizer as Encoder

        description = json.loads(file.read_text(encoding="utf-8"))
        self.name = name
        self.separators = PLAIN_SPACE if _splits_at_white_space(description) else frozenset()
        self._encoder = Encoder.from_file(str(file))
        self._encoder.no_truncation()
        self._encoder.no_padding()
        self._unknown = self._encoder.token_to_id(description["model"].get("unk_token") or "")

    def count(self, text: str) -> int:
        return sum(self._count(encoding) for _, encoding in self._encodings(text))

    def _count(self, encoding: tokenizers.Encoding) -> int:
        return len(encoding.ids) if self._unknown not in encoding.ids else len(self._spans(encoding))

    def spans(self, text: str) -> Iterator[Span]:
        for offset, encoding in self._encodings(text):
            yield from ((start + offset, end + offset) for start, end in self._spans(encoding))

    def _spans(self, encoding: tokenizers.Encoding) -> list[Span]:
        offsets = encoding.offsets
        if self._unknown not in encoding.ids:
            return offsets
        spans: list[Span] = []
        for token, (start, end) in zip(encoding.ids, offsets, strict=True):
            step = 4 if token == self._unknown else max(1, end - start)
            spans.extend((a, min(a + step, end)) for a in range(start, max(end, start + 1), step))
        return spans

    def _encodings(self, text: str) -> Iterator[tuple[int, tokenizers.Encoding]]:
        text, start = _encodable(text), 0
        while start < len(text):
            end = _piece_end(text, start)
            yield start, self._encoder.encode(text[start:end], add_special_tokens=False)
            start = end


def _piece_end(text: str, start: int) -> int:
    """End of a piece of text: after its last white space, if there is any."""
    end = start + _PIECE
    if end >= len(text):
        return len(text)
    space = max(text.rfind(space, start, end) for space in PLAIN_SPACE)
    return space + 1 if space >= 0 else end


def _splits_at_white_space(description: dict[str, Any]) -> bool:
    """Whether a tokenizer.json follows BERT: words first, then pieces inside each word."""
    parts = [(description.get(part) or {}).get("type") for part in ("normalizer", "pre_tokenizer", "model")]
    added = (token["content"] for token in description.get("added_tokens", ()))
    return parts == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and not any(" " in word for word in added)
