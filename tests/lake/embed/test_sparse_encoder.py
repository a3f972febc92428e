"""Sparse models: sentence-transformers' own weights, the same bytes in any batch, and clear refusals."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lake.embed import identify, load_embedder
from lake.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = (
    *("The owl sat on a mat by the old barn.", "A red fox finds the hen on the hill.", "dog", "cow " * 60),
    "pig " * 300 + "owl " * 300,
)
QUESTION = "which animal keeps the red barn"


@pytest.mark.parametrize("name", ["splade", "inference-free"])
def test_an_encoder_makes_what_sentence_transformers_makes(tiny_sparse: tuple[Path, Path], name: str) -> None:
    from sentence_transformers import SparseEncoder

    folder = next(one for one in tiny_sparse if one.name == name)
    embedder = load_embedder(f"sparse:{folder}", identify(f"sparse:{folder}"))
    texts = [*TEXTS, "cat " * 40]
    found = np.zeros((len(texts), embedder.identity.dimensions), np.float32)
    for positions, vectors in embedder.embed(texts):
        found[list(positions)] = vectors
    plain = SparseEncoder(str(folder), device="cpu", local_files_only=True)
    np.testing.assert_allclose(found, plain.encode_document(texts).to_dense().numpy(), atol=1e-5)
    assert len(texts[-2].split()) > plain.max_seq_length, "the beginning of a text that is too long is read"
    asked = plain.encode_query([QUESTION]).to_dense().numpy()[0]
    np.testing.assert_allclose(embedder.embed_query(QUESTION), asked, atol=1e-5)
    again = np.zeros_like(found)
    for positions, vectors in embedder.embed(texts[::-1]):
        again[len(texts) - 1 - np.array(positions)] = vectors
    assert again.tobytes() == found.tobytes(), "a text has the same weights in any company"


def test_a_sparse_model_in_place_of_a_dense_one_is_refused(tiny_sparse: tuple[Path, Path]) -> None:
    for folder in tiny_sparse:
        with pytest.raises(UsageError, match=f"is a sparse model; name it sparse:{folder}"):
            identify(f"st:{folder}")


@pytest.mark.parametrize(("file", "text"), [
    *(("modules.json", text) for text in ("[]", "{}", "[3]", '[{"type": "x.Router", "path": ""}]', "null")),
    *(("config.json", text) for text in ("[]", "{}", '{"vocab_size": null}')),
    ("config_sentence_transformers.json", "[3]"),
])  # fmt: skip
def test_damaged_files_of_a_model_are_named_as_such(
    tiny_sparse: tuple[Path, Path], tmp_path: Path, file: str, text: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_sparse[0], folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / file).write_text(text)
    for name in (f"sparse:{folder}", f"st:{folder}"):
        with pytest.raises(UsageError, match=r"not a|is a sparse model"):
            identify(name)


def test_weights_that_were_cut_short_are_reported(tiny_sparse: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_sparse[0], folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UsageError, match="no SparseEncoder of sentence-transformers in"):
        load_embedder(f"sparse:{folder}", identify(f"sparse:{folder}"))


def test_questions_may_be_longer_than_documents(tiny_sparse: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_sparse[1], folder)
    (settings,) = folder.glob("query_0_*/tokenizer_config.json")
    stated = json.loads(settings.read_text())
    settings.write_text(json.dumps(stated | {"model_max_length": 2 * stated["model_max_length"]}))
    name = f"sparse:{folder}"
    assert load_embedder(name, identify(name)).identity.is_sparse


def test_a_folder_without_a_sparse_model_is_refused(tiny_model: Path) -> None:
    with pytest.raises(UsageError, match="not a SparseEncoder"):
        identify(f"sparse:{tiny_model}")
