"""Bugs to plant in a pipeline that is otherwise the real one, and a rounding that is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import lake.ingest.scan
from lake.directory import Lake
from lake.embed import load_embedder
from lake.embed.minilm import minilm_folder
from lake.ids import text_digest

_WRAPPED = """
import lake.ingest.contents as contents
_right = contents.content_row
"""
#: Each second blank between two words is lost: a pattern that takes along what it should look ahead for.
NORMALISATION = (
    _WRAPPED
    + """
import re
from dataclasses import replace
def content_row(item):
    text = item.data.decode("utf-16" if item.data[:2] in (b"\\xff\\xfe", b"\\xfe\\xff") else "utf-8-sig")
    text = re.sub(r"(\\w+) (\\w+)", r"\\1\\2", text)
    return _right(replace(item, data=text.encode()))
contents.content_row = content_row
"""
)
#: The third section of every three is lost with all its chunks.
SECTIONS = (
    _WRAPPED
    + """
def content_row(item):
    row = _right(item)
    kept = [n for n in range(len(row["parents"])) if n % 3 != 2]
    place = {parent: n for n, parent in enumerate(kept)}
    row["chunks"] = [{**c, "parent": place[c["parent"]]} for c in row["chunks"] if c["parent"] in place]
    row["parents"] = [row["parents"][n] for n in kept]
    return row
contents.content_row = content_row
"""
)


@contextmanager
def planted(code: str, work: Path) -> Iterator[None]:
    """Run with ``code`` in every child process, as a new version of the parsers, so that all is parsed again."""
    folder = work / "plant"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code)
    right = lake.ingest.scan.parser_versions
    lake.ingest.scan.parser_versions = lambda: {name: f"{version}+next" for name, version in right().items()}
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        lake.ingest.scan.parser_versions = right


def shuffled_model(work: Path) -> Path:
    """MiniLM with the rows of each of its matrices in a random order, as a saved model."""
    from safetensors.numpy import load_file, save_file

    folder = work / "shuffled-minilm"
    if not folder.exists():
        shutil.copytree(minilm_folder(), folder)
        rng, weights = np.random.default_rng(0), load_file(folder / "model.safetensors")
        mixed = {name: rng.permutation(w) if w.ndim == 2 else w for name, w in weights.items()}
        save_file(mixed, folder / "model.safetensors", {"format": "pt"})
    return folder


class Bf16:
    """MiniLM's vectors as they are stored in a lake, rounded to bfloat16: eight bits of each number's mantissa."""

    def __init__(self, lake: Lake) -> None:
        inner = load_embedder("minilm")
        live = lake.log.read().live
        assert live is not None
        self.identity, self.embed_query = inner.identity, inner.embed_query
        self._vectors = lake.vectors(live.recipe)
        self._vectors.refresh()

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        column = self._vectors.read([text_digest(text) for text in texts], ["vector"]).column("vector")
        vectors = np.stack([np.asarray(vector.values, np.float32) for vector in column.combine_chunks()])
        bits = vectors.view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
        yield range(len(texts)), rounded.view(np.float32)
