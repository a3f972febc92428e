"""What a person at a terminal sees of releases, and of what is done to them."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table

from flows.cli.show.terminal import terminal
from lake.reporting import counted, in_bytes

_MOST_NAMES = 20
#: Columns that a terminal must have for the last two of the table, which matter least.
_WIDE = 105


def releases(shown: list[dict[str, Any]]) -> None:
    """The releases, oldest first; in a narrow terminal without who published them and their recipe."""
    out = terminal()
    table = Table(box=None, pad_edge=False)
    for head in ("release", "status", "published (UTC)", "audit", "gate"):
        table.add_column(head, no_wrap=True)
    for head in ("documents", "chunks"):
        table.add_column(head, no_wrap=True, justify="right")
    for head in ("by", "recipe") if out.width >= _WIDE else ():
        table.add_column(head, no_wrap=True)
    for row in shown:
        table.add_row(*_cells(row)[: len(table.columns)], style="bold" if row["live"] else "")
    out.print(table)
    for row in shown:
        for remark in _remarks(row):
            # A gate's reason begins with the release already.
            named = "" if remark.startswith(row["release"]) else f"{row['release']}: "
            out.print(escape(named + remark))


def _cells(row: dict[str, Any]) -> list[str]:
    at = f"{row['published_at']:%Y-%m-%d %H:%M}" if row["published_at"] else ""
    counts = (f"{row['n_documents']:,}", f"{row['n_chunks']:,}")
    judged = (row["audit"] or "", row["gate"] or "")
    cells = (row["release"], row["status"], at, *judged, *counts, row["published_by"] or "", row["recipe"][:8])
    return [escape(cell) for cell in cells]


def _remarks(row: dict[str, Any]) -> list[str]:
    """What is too long for a column."""
    named = [f"named {', '.join(row['names'])}"] if row["names"] else []
    return named + ([row["why"]] if row["why"] else [])


def release(shown: dict[str, Any]) -> None:
    """One release: what it is, what its audit found, and what was done."""
    releases([shown])
    out = terminal()
    recipe = shown["recipe_fields"]
    chunking = ", ".join(f"{key} {value}" for key, value in recipe["chunking"].items())
    out.print(f"\nbuilt on {shown['base'] or 'nothing'} by recipe {shown['recipe'][:8]}:")
    out.print(f"{recipe['embedder']['name']}, {recipe['vector_dtype']}; {chunking}")
    if shown["spent"]:
        out.print(_spent(shown["spent"]))
    for finding in shown["findings"]:
        out.print(f"{finding['severity']}: {escape(finding['message'])} {escape(', '.join(finding['sample_ids'][:3]))}")
    table = Table("at (UTC)", "what", "by", "why", box=None, pad_edge=False)
    for entry in shown["entries"]:
        table.add_row(f"{entry['at']:%Y-%m-%d %H:%M:%S}", entry["action"], escape(entry["by"]), escape(entry["why"]))
    out.print("")
    out.print(table)


def _spent(spent: dict[str, Any]) -> str:
    """What building it took.

    >>> _spent({"n_texts_embedded": 1, "n_tokens_embedded": 1200, "cost_usd": 0.0, "seconds": 2.5})
    'built in 2.5 s; 1 text embedded, 1,200 tokens'
    """
    cost = f", {spent['cost_usd']:.4f} USD" if spent["cost_usd"] else ""
    texts = f"{counted(spent['n_texts_embedded'], 'text')} embedded, {counted(spent['n_tokens_embedded'], 'token')}"
    return f"built in {spent['seconds']:,.1f} s; {texts}{cost}"


def names(shown: dict[str, Any]) -> None:
    """Which release is called what."""
    for name, release in shown["names"].items():
        terminal().print(f"{escape(name)}: {release}")
    if not shown["names"]:
        terminal().print("no release has a name")


def live(shown: dict[str, Any]) -> None:
    """What readers see now."""
    held = f", pinned: {escape(shown['pinned'])}" if shown["pinned"] else ""
    terminal().print(f"live is [bold]{shown['live']}[/bold]{held}")
    for remark in shown["remarks"]:
        terminal().print(f"[yellow]{escape(remark)}[/yellow]")


def rebuilt(shown: dict[str, Any]) -> None:
    """What a rebuild made."""
    terminal().print(
        f"{counted(len(shown['releases']), 'release')} rebuilt from Parquet as generation {shown['generation']}"
    )


def pruned(shown: dict[str, Any]) -> None:
    """What a prune dropped and kept."""
    out, would, vacuumed = terminal(), "would drop" if shown["dry_run"] else "dropped", shown["vacuumed"]
    table = Table("kept", "why", box=None, pad_edge=False)
    for release, why in shown["kept"].items():
        table.add_row(release, escape(why))
    out.print(table)
    dropped = shown["dropped"]
    some = f": {', '.join(dropped[:_MOST_NAMES])}{' ...' if len(dropped) > _MOST_NAMES else ''}" if dropped else ""
    out.print(f"{would} {counted(len(dropped), 'release')}{some}")
    parts = [f"{vacuumed[name]:,} {label}" for name, label in _SWEPT.items() if vacuumed[name]]
    given = "to give back at least" if shown["dry_run"] else "gave back"
    out.print(f"{given} {in_bytes(vacuumed['n_bytes'])}{' of ' + ', '.join(parts) if parts else ''}")


_SWEPT = {
    "n_generations": "old generations of tables",
    "n_tables": "tables",
    "n_contents": "contents",
    "n_vectors": "vectors",
    "n_files": "other files",
}


def forgotten(shown: dict[str, Any]) -> None:
    """What was erased, and what the proof looked through."""
    out, proof = terminal(), shown["proof"]
    would = "would be erased" if shown["dry_run"] else "erased"
    for document in shown["documents"]:
        out.print(f"  {escape(document['uri'])}  [dim]{escape(document['source'])}, {document['because']}[/dim]")
    out.print(
        f"{counted(len(shown['documents']), 'document')} {would} from {counted(len(shown['releases']), 'release')}"
    )
    if proof is not None and not shown["documents"]:
        out.print("what an erasure that was cut short had left is gone now")
    if proof is not None:
        out.print(
            f"proof: {proof['n_files']:,} files decoded ({in_bytes(proof['n_bytes'])}, {proof['n_rows']:,} rows, "
            f"{proof['n_strings']:,} texts, {proof['n_vectors']:,} vectors), no trace found"
        )
        out.print("the sources still hold what they held; the next run leaves it out and says so")


def lifted(shown: dict[str, Any]) -> None:
    """What may come back."""
    terminal().print(f"{escape(shown['lifted'])} comes back with the next run")
