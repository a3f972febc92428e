"""Words held in memory find what Lance finds, with the same scores to the last bit."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.recipe import TextIndex
from lake.tables.full_text_legs import Leg
from lake.tables.held_column import ColumnBuilder
from lake.tables.held_words import HeldWords, read_held_words
from lake.tables.reader import Passing, TableReader
from lake.tables.text_query import Clause, TextQuery
from lake.tables.words import WORD_COLUMNS
from lake.tables.writer import Tables

TABLE = "chunks__test"
SCHEMA = pa.schema(
    [pa.field("chunk_id", pa.string(), nullable=False)]
    + [pa.field(name, pa.string()) for name in ("doc_id", *WORD_COLUMNS)]
)
N_ROWS = 4000
WORDS = st.lists(st.integers(0, 60).map(lambda number: f"w{number}"), min_size=1, max_size=6)


def texts(seed: int) -> Iterator[str | None]:
    """Many share words and length, and so their score; some are empty or missing."""
    draw = random.Random(seed)
    while True:
        chosen = [f"w{min(int(draw.expovariate(0.08)), 59)}" for _ in range(draw.choice([1, 2, 2, 3, 5, 8]))]
        yield draw.choice([" ".join(chosen)] * 8 + ["", None])


def commit(tables: Tables, numbers: range, deleted: list[str]) -> TableReader:
    words, headings = texts(numbers.start), texts(numbers.start + 1)
    rows = [(f"{number:05}", f"{number // 4:05}", next(words), next(headings)) for number in numbers]
    arrays = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    index = TextIndex("words", "English")
    tables.apply(TABLE, iter([pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)]), SCHEMA, deleted)
    tables.index(TABLE, index)
    tables.maintain(TABLE, text_index=index)
    return tables.at(TABLE, tables.seal(TABLE, f"from-{numbers.start}"))


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> tuple[TableReader, TableReader]:
    """A table as it was made, and after a commit that deleted rows and added others."""
    tables = Tables(str(tmp_path_factory.mktemp("held")))
    tables.reset(TABLE, SCHEMA, None)
    first = commit(tables, range(N_ROWS), [])
    return first, commit(tables, range(N_ROWS, N_ROWS + 400), [f"{number:05}" for number in range(0, N_ROWS // 4, 9)])


@pytest.fixture(scope="module")
def held(readers: tuple[TableReader, TableReader]) -> list[tuple[TableReader, HeldWords]]:
    each = [(reader, read_held_words(reader, WORD_COLUMNS)) for reader in readers]
    return [(reader, words) for reader, words in each if words is not None]


@given(
    number=st.sampled_from([0, 1]),
    words=WORDS,
    forms=st.one_of(st.just([]), WORDS),
    k=st.sampled_from([1, 40, 232, 600]),
    share=st.sampled_from([None, 0.0, 0.01, 0.3, 0.9]),
)
def test_what_is_held_answers_as_lance_does(
    held: list[tuple[TableReader, HeldWords]],
    number: int,
    words: list[str],
    forms: list[str],
    k: int,
    share: float | None,
) -> None:
    reader, memory = held[number]
    query = TextQuery((Clause(" ".join(words), forms=" ".join(forms)),), WORD_COLUMNS, 0.5)
    where = None
    if share is not None:
        chosen = random.Random(k).sample(memory.row_ids.tolist(), int(share * len(memory.row_ids)))
        where = Passing.of(np.array(sorted(chosen), np.uint64))
    assert memory.matching(query, k, where).equals(reader.matching(query, k, where))


@given(words=WORDS, k=st.sampled_from([1, 7, 100]))
def test_of_equal_scores_the_same_rows_are_cut_off(
    held: list[tuple[TableReader, HeldWords]], words: list[str], k: int
) -> None:
    for reader, memory in held:
        leg = Leg(" ".join(words), WORD_COLUMNS[0], 1.0, k)
        by_lance, own = (one.matching_leg(leg, k).sort_by("_rowid") for one in (reader, memory))
        assert own.equals(by_lance)


def test_nothing_is_held_of_which_lance_counts_other_rows(readers: tuple[TableReader, TableReader]) -> None:
    first, _ = readers
    assert first.counted_words().keys() == set(WORD_COLUMNS)

    class Counting(TableReader):
        def __init__(self) -> None:
            self.name, self.version, self._url = first.name, first.version, first._url
            self._dataset, self._scales = first.dataset(), {}

        def counted_words(self) -> dict[str, int]:
            return {**first.counted_words(), WORD_COLUMNS[1]: 1}

    assert read_held_words(Counting(), WORD_COLUMNS) is None


def test_a_column_without_words_matches_nothing() -> None:
    builder = ColumnBuilder({})
    builder.add(pa.array(["", None, " "], pa.string()))
    column = builder.column(lambda _: 1.0)
    assert column.n_counted == 0
    assert not len(column.best(Leg("w1 w2", "words", 1.0, 500), 8, None)[0])


@given(sizes=st.lists(st.integers(0, 70), max_size=5), words=WORDS, seed=st.integers(0, 9))
def test_blocks_of_any_size_make_the_same_column(sizes: list[int], words: list[str], seed: int) -> None:
    """Also of rows that repeat a word hundreds of times, for which codes of more bytes are needed."""
    draw = texts(seed)
    rows = [(next(draw) or "") + " w1" * (number % 7 * 60 if seed else 0) for number in range(sum(sizes))]
    whole, parts = ColumnBuilder({}), ColumnBuilder({})
    whole.add(pa.array(rows, pa.string()))
    for number, size in enumerate(sizes):
        parts.add(pa.array(rows[sum(sizes[:number]) :][:size], pa.string()))
    one, other = (
        builder.column(math.log).best(Leg(" ".join(words), "words", 0.5, 9), 9, None) for builder in (whole, parts)
    )
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_nothing_is_held_that_takes_more_memory_than_it_may(readers: tuple[TableReader, TableReader]) -> None:
    held = read_held_words(readers[0], WORD_COLUMNS)
    assert held is not None
    assert read_held_words(readers[0], WORD_COLUMNS, held.n_bytes // 2) is None
