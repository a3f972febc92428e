"""Rows that summarise a document or a section: which there are, how they are stored, and summaries made of sentences.

A summary is stored as a chunk of the kind SUMMARY without text of its own. Its vector and words are those of the
summary, and it stands at the beginning of the first chunk of what it summarises, to which searches lead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lake.chunk.boundaries import sentence_starts
from lake.chunk.context import holds, meaningful_title
from lake.ids import text_digest
from lake.recipe.chunking import EXTRACT, SUMMARY
from lake.tables.analyzer import Analyzer
from lake.tables.words import algorithm_of, common_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.chunk.tokenizers import Tokenizer
    from lake.recipe.chunking import ChunkRecipe

Row = dict[str, Any]

#: Maximum number of sentences that a summary takes over, and of characters that are read for it.
_MOST_SENTENCES, _MOST_READ = 4, 60_000
#: A sentence of fewer words says too little, and one of more is hardly one.
_FEWEST_WORDS, _MOST_WORDS = 5, 80
#: A summary of fewer words says nothing.
_LEAST_WORDS = 3


class Summarised(NamedTuple):
    """What a summary is of: the whole document if ``parent`` is None, else a section."""

    parent: int | None
    start: int
    end: int
    first: int  # the number of its first chunk

    @property
    def key(self) -> str:
        return f"{self.start}-{self.end}"


def summarised(row: Mapping[str, Any]) -> list[Summarised]:
    """What of a CONTENTS row has summaries: a document of several sections, and sections of several chunks."""
    chunks = plain_chunks(row)
    of_parent: dict[int, list[int]] = {}
    for number, chunk in enumerate(chunks):
        of_parent.setdefault(chunk["parent"], []).append(number)
    found = []
    if len(of_parent) > 1:
        found.append(Summarised(None, chunks[0]["start"], chunks[-1]["end"], 0))
    for parent, numbers in of_parent.items():
        if len(numbers) > 1:
            span = row["parents"][parent]
            found.append(Summarised(parent, span["start"], span["end"], numbers[0]))
    return found


def plain_chunks(row: Mapping[str, Any]) -> list[Row]:
    """The chunks of a CONTENTS row that are text of the document."""
    return [chunk for chunk in row.get("chunks") or () if chunk["kind"] != SUMMARY]


def with_summaries(row: Row, lines: Mapping[Summarised, str], chunking: ChunkRecipe, tokenizer: Tokenizer) -> Row:
    """The CONTENTS row with these summaries, cut to what an embedder reads; empty ones are left out."""
    chunks = plain_chunks(row)
    made = (
        _summary(chunks[of.first], _above(row, chunks[of.first], of, chunking), line, chunking, tokenizer)
        for of, line in lines.items()
    )
    return row | {"chunks": [*chunks, *filter(None, made)]}


def _above(row: Mapping[str, Any], lead: Row, of: Summarised, chunking: ChunkRecipe) -> str:
    """Title and headings before a summary, as far as they are parts of the context."""
    heading = lead["heading"].partition(" > ")[0] if of.parent is None else lead["heading"]
    title = meaningful_title(row.get("title") or "") if "title" in chunking.parts else ""
    told = ("" if holds(heading, title) else title, heading if "headings" in chunking.parts else "")
    return "".join(f"{line}\n" for line in told if line)


def _summary(lead: Row, above: str, line: str, chunking: ChunkRecipe, tokenizer: Tokenizer) -> Row | None:
    words, room = line.split(), chunking.child_tokens + chunking.heading_tokens
    while len(words) >= _LEAST_WORDS:
        line = " ".join(words)
        n_tokens = tokenizer.count(above + line)
        if n_tokens <= room:
            place = {"start": lead["start"], "end": lead["start"], "kind": SUMMARY, "n_tokens": n_tokens}
            said = {"context": above + line, "situation": line, "text_digest": text_digest(above + line)}
            return lead | place | said
        words = words[: -max(1, (n_tokens - room) // 2)]
    return None


def with_extracts(row: Row, chunking: ChunkRecipe, tokenizer: Tokenizer) -> Row:
    """The CONTENTS row with summaries made of its own sentences, if its recipe has them."""
    if chunking.summaries != EXTRACT:
        return row
    return with_summaries(row, {of: extract(row, of) for of in summarised(row)}, chunking, tokenizer)


def extract(row: Mapping[str, Any], of: Summarised) -> str:
    """The sentences that say most of what is often said in this part, in their order; "" for code and tables.

    SumBasic (Nenkova and Vanderwende, 2005): the sentence whose words are most frequent on average, then the next one
    after the words taken count less.
    """
    if of.parent is not None and row["parents"][of.parent]["kind"] != "text":
        return ""
    sentences = list(_sentences(row["text"][of.start : min(of.end, of.start + _MOST_READ)]))
    said = [_telling(sentence, row.get("language")) for sentence in sentences]
    counts = Counter(word for words in said for word in words)
    share = {word: count / counts.total() for word, count in counts.items()}
    left = [n for n, words in enumerate(said) if _FEWEST_WORDS <= len(words) <= _MOST_WORDS]
    taken: list[int] = []
    while left and len(taken) < _MOST_SENTENCES:
        best = max(left, key=lambda n: (sum(share[word] for word in said[n]) / len(said[n]), -n))
        taken.append(best)
        left.remove(best)
        share |= {word: share[word] ** 2 for word in set(said[best])}
    return " ".join(sentences[n] for n in sorted(taken))


def _sentences(text: str) -> Iterator[str]:
    for block in text.split("\n\n"):
        starts = [0, *sentence_starts(block)]
        for start, end in zip(starts, [*starts[1:], len(block)], strict=True):
            if sentence := " ".join(block[start:end].split()):
                yield sentence


def _telling(sentence: str, language: str | None) -> Sequence[str]:
    algorithm = algorithm_of(language, "english")
    common = common_pieces(sentence, [algorithm])
    return Analyzer(algorithm).words_of(" ".join(piece for piece in sentence.split() if piece not in common)).words
