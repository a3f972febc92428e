"""The hash embedder: the same bytes everywhere, unit length, and nearer for texts that share words."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.embed.hashing import BLOCK_CHARACTERS, HashEmbedder

TEXTS = ["The cat sat on the mat.", "Ein Hündchen läuft über die Straße", "日本語のテキスト", "", "?!", "\udc80 a_b"]


def vectors(texts: list[str]) -> np.ndarray:
    batches = list(HashEmbedder().embed(texts))
    assert [i for positions, _ in batches for i in positions] == list(range(len(texts)))
    return np.concatenate([batch for _, batch in batches])


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(), max_size=80), min_size=1, max_size=20))
def test_any_text_gives_a_unit_vector_that_its_companions_do_not_change(texts: list[str]) -> None:
    found = vectors(texts)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    for text, vector in zip(texts, found, strict=True):
        assert HashEmbedder().embed_query(text).tobytes() == vector.tobytes()


def test_blocks_do_not_show_in_the_vectors() -> None:
    texts = [f"text {i} " + "lorem ipsum " * 2000 for i in range(3 * BLOCK_CHARACTERS // 24000)]
    assert len(list(HashEmbedder().embed(texts))) > 1
    np.testing.assert_array_equal(vectors(texts), np.concatenate([vectors([text]) for text in texts]))


def test_words_count_and_case_quotes_and_order_do_not() -> None:
    embed = HashEmbedder().embed_query
    assert embed("The CAT, sat").tobytes() == embed("“sat” the\ncat").tobytes()
    assert embed("one two").tobytes() != embed("onetwo").tobytes()


def test_shared_words_bring_texts_together() -> None:
    passages = ["The lake holds versions of every table.", "Rockets burn oxygen and kerosene.", "Bread needs flour."]
    scores = vectors(passages) @ HashEmbedder().embed_query("which versions does the lake hold of a table")
    assert scores.argmax() == 0
    assert scores[0] > 0.4 > 0.25 > scores[1:].max()


@pytest.mark.parametrize("seed", ["0", "1"])
def test_bytes_are_those_of_every_platform_and_run(seed: str) -> None:
    program = (
        "import sys, hashlib; from lake.embed.hashing import HashEmbedder; "
        "print(hashlib.sha256(b''.join(HashEmbedder().embed_query(t).astype('<f4').tobytes() "
        f"for t in {TEXTS!r})).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == hashlib.sha256(vectors(TEXTS).astype("<f4").tobytes()).hexdigest()
    assert run.stdout.strip() == KNOWN


#: Changes only together with the identity's ``weights``.
KNOWN = "d38606a8f61769b9f6600fd8f3667231fb715b5edcb09abbaf12c69ce092a14b"
