"""Read, split, embed, add: what a script of thirty lines does. It knows nothing of the last run and builds anew.

python bare.py DOCUMENTS STORE EMBEDDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import embedding
import lancedb


def main(documents: str, store: str, embedder: str) -> None:
    embed, _ = embedding.load(embedder)
    rows = []
    for path in sorted(Path(documents).rglob("*.md")):
        text, uri = path.read_text(), str(path)
        for start in range(0, len(text), embedding.CHUNK_CHARACTERS):
            rows.append({"uri": uri, "start": start, "text": text[start : start + embedding.CHUNK_CHARACTERS]})
    for row, vector in zip(rows, embed([row["text"] for row in rows]), strict=True):
        row["vector"] = vector
    lancedb.connect(store).create_table("chunks", rows, mode="overwrite")


if __name__ == "__main__":
    main(*sys.argv[1:])
