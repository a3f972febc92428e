"""Documents of a release that are not indexed, by the kind of their failure, with its cause and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.compute as pc

from lake.tables.sql import quoted

if TYPE_CHECKING:
    from lake.tables.reader import TableReader

#: Kind of failure -> its cause, and what to do about it.
CURES: dict[str, tuple[str, str]] = {
    "changing": (
        "The file changed or disappeared while the run read it.",
        "Wait for the next run, which tries again.",
    ),
    "crash": ("The parser failed.", "Check that the file opens elsewhere; save it again, and report it if it does."),
    "empty": ("The file holds nothing but white space.", "Fill the file, or delete it at the source."),
    "encoding": (
        "The text is in an encoding that can't be determined.",
        "Save the file as UTF-8.",
    ),
    "encrypted": (
        "A password or digital rights protect the file.",
        "Save a copy without protection.",
    ),
    "entity_bomb": ("The file's entities expand beyond any reason.", "Save it without entities, or leave it out."),
    "garbage": (
        "The bytes are not of the format that the suffix names.",
        "Fetch the file again, or correct its suffix.",
    ),
    "incomplete": (
        "Fewer of its words were read than the lake's floor allows.",
        "Save it in another format, or lower `completeness.floor`.",
    ),
    "memory": ("Reading it took more memory than allowed.", "Split the file, or raise the limit of the run."),
    "no_text": (
        "The file holds no text, for instance only scanned pages.",
        "Install OCR (`pip install 'raglake[ocr]'`), or leave the file out.",
    ),
    "refused_by_model": (
        "The embedding model refused a text of the document.",
        "Read the reason; the next run tries again.",
    ),
    "timeout": (
        "Reading it took longer than allowed.",
        "Simplify or split the file, or raise the limit of the run.",
    ),
    "too_deep": ("Its parts are nested too deeply.", "Save it in a simpler form."),
    "too_large": ("The file is larger than the limit.", "Split the file."),
    "truncated": ("The file ends in the middle.", "Fetch or export the file again."),
    "unanswered": (
        "The source lists the document and does not give it, while it gives others.",
        "Read the reason, and ask who runs the source; the next run tries again.",
    ),
    "unreadable": (
        "The source could not be read.",
        "Check the permissions and the connection; the next run tries again.",
    ),
    "unsupported": (
        "No parser reads this format.",
        "Convert it, install a parser for it, or leave it out with `--exclude`.",
    ),
    "vanished": (
        "The source listed the file, and it was gone when it was read.",
        "Wait for the next run, which lists the source again.",
    ),
    "zip_bomb": ("The archive unpacks to far more than its size.", "Unpack it yourself, or leave it out."),
}
_UNKNOWN = ("The document could not be indexed.", "Read the reason of each document.")
_COLUMNS = ["doc_id", "source", "uri", "error_class", "reason", "first_seen_at"]


def kinds(table: TableReader) -> list[dict[str, Any]]:
    """A row for each kind of failure, the most frequent first: number, cause, next step, and since when."""
    rows = pl.DataFrame(table.scan(["error_class", "first_seen_at"]))
    found = rows.group_by("error_class").agg(n=pl.len(), since=pl.col("first_seen_at").min())
    named = found.sort(["n", "error_class"], descending=[True, False]).to_dicts()
    return [
        {**row, **dict(zip(("cause", "next_step"), CURES.get(row["error_class"], _UNKNOWN), strict=True))}
        for row in named
    ]


def quarantined(
    table: TableReader, kind: str | None, start: int, limit: int, name: str = ""
) -> tuple[list[dict[str, Any]], int]:
    """Documents by source and uri from number ``start`` on, of one kind or of all; and how many there are.

    ``name``: only those whose uri contains all of its words, whatever their case.
    """
    rows = table.scan(_COLUMNS, f"error_class = {quoted(kind)}" if kind is not None else None)
    for word in name.split():
        rows = rows.filter(pc.match_substring(rows.column("uri"), word, ignore_case=True))
    ordered = rows.sort_by([("source", "ascending"), ("uri", "ascending")])
    return ordered.slice(start, limit).to_pylist(), ordered.num_rows
