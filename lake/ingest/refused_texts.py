"""Texts that the model refused: noted when they are embedded, read when the documents are committed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake import schemas

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import Recipe

#: The class of documents that can't be indexed because the model refuses one of their texts.
REFUSED_BY_MODEL = "refused_by_model"
#: Columns of CONTENTS that show which texts a document has, and where.
REFUSED_NEEDS = ("chunks.list.element.start", "chunks.list.element.end", "chunks.list.element.text_digest")
_FOLDER = "texts"


def note_refused(lake: Lake, recipe: Recipe, request: str, reasons: Mapping[str, str]) -> None:
    """Record why texts of a request, by digest, have no vector. The next commit reads and deletes it."""
    name = request.rpartition("/")[2].removesuffix(".parquet")
    lake.store.write(f"{_FOLDER}/{_prefix(recipe)}{name}.json", json.dumps(reasons).encode())


def refused_texts(lake: Lake, recipe: Recipe) -> dict[str, str]:
    """The reason for each text, by digest, that a model refused and that still lacks its vector."""
    refused: dict[str, str] = {}
    for one in recipe.by_embedder:
        found: dict[str, str] = {}
        for name in _names(lake, one):
            found |= json.loads(lake.store.read(f"{_FOLDER}/{name}"))
        if found:
            lake.refresh(one)
            refused |= {digest: found[digest] for digest in lake.unembedded(one, found)}
    return refused


def forget_refused(lake: Lake, recipe: Recipe) -> None:
    """Delete the records after a commit."""
    for one in recipe.by_embedder:
        for name in _names(lake, one):
            lake.store.delete(f"{_FOLDER}/{name}")


def _names(lake: Lake, recipe: Recipe) -> list[str]:
    return [name for name in lake.store.names(_FOLDER) if name.startswith(_prefix(recipe))]


def _prefix(recipe: Recipe) -> str:
    return f"refused-{recipe.embedder.table}-"


def with_refusals(contents: pa.Table, refused: Mapping[str, str], moment: pa.Scalar) -> pa.Table:
    """The contents, with class and reason for those that have a refused text."""
    if not refused:
        return contents
    reasons = [_reason(chunks or (), refused) for chunks in contents.column("chunks").to_pylist()]
    is_refused = pa.array([reason is not None for reason in reasons])
    told = {"error_class": REFUSED_BY_MODEL, "reason": pa.array(reasons, pa.string()), "failed_at": moment}
    for name, value in told.items():
        kind = schemas.CONTENTS.field(name).type
        column = pc.if_else(is_refused, value, contents.column(name)).cast(kind)
        contents = contents.set_column(contents.schema.get_field_index(name), name, column)
    return contents


def _reason(chunks: list[dict[str, object]] | tuple[()], refused: Mapping[str, str]) -> str | None:
    for chunk in chunks:
        why = refused.get(str(chunk["text_digest"]))
        if why is not None:
            return f"the model does not embed its text from character {chunk['start']:,} to {chunk['end']:,}: {why}"
    return None


def without_contents(quarantine: pa.Table) -> pa.Table:
    """Quarantine rows, without a content for refused documents: no later run looks for vectors of its texts."""
    refused = pc.equal(quarantine.column("error_class"), REFUSED_BY_MODEL)
    place, field = quarantine.schema.get_field_index("content_id"), quarantine.schema.field("content_id")
    none = pa.scalar(None, pa.string())
    return quarantine.set_column(place, field, pc.if_else(refused, none, quarantine.column("content_id")))
