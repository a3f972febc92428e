"""What a person at a terminal sees of releases, and of what is done to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.cli.show.terminal import escape, paragraph, table, terminal
from lake.reporting import counted, in_bytes

_MOST_NAMES, _MOST_QUESTIONS = 20, 5
#: Entries of other releases that were written while a release was live, and do not concern it.
_OF_ANOTHER = ("build", "audit", "gate")


def releases(shown: list[dict[str, Any]]) -> None:
    """The releases, oldest first."""
    out = terminal()
    heads = ("release", "status", "published (UTC)", "audit", "gate", "documents", "chunks")
    bold = [number for number, row in enumerate(shown) if row["live"]]
    table(out, heads, [_cells(row) for row in shown], right=("documents", "chunks"), bold=bold)
    for row in shown:
        for remark in _remarks(row):
            # A gate's reason begins with the release already.
            named = "" if remark.startswith(row["release"]) else f"{row['release']}: "
            paragraph(out, named + remark)


def _cells(row: dict[str, Any]) -> list[str]:
    at = f"{row['published_at']:%Y-%m-%d %H:%M}" if row["published_at"] else ""
    counts = (f"{row['n_documents']:,}", f"{row['n_chunks']:,}")
    judged = (row["audit"] or "", row["gate"] or "")
    return [row["release"], row["status"], at, *judged, *counts]


def _remarks(row: dict[str, Any]) -> list[str]:
    """What is too long for a column."""
    named = [f"named {', '.join(row['names'])}"] if row["names"] else []
    return named + ([row["why"]] if row["why"] else [])


def release(shown: dict[str, Any], questions: Mapping[str, str]) -> None:
    """One release: what it is, what its audit and its gate found, and what was done; ``questions``: texts by id."""
    releases([shown])
    out = terminal()
    recipe = shown["recipe_fields"]
    chunking = ", ".join(f"{key} {value}" for key, value in recipe["chunking"].items())
    base = f"on {shown['base']} " if shown["base"] else ""
    out.print(f"\nbuilt {base}by recipe\n{shown['recipe']}")
    embedders = "+".join(one["name"] for one in (recipe["embedder"], *recipe.get("further_embedders", ())))
    paragraph(out, f"{embedders}, {recipe['vector_dtype']}; {chunking}")
    if shown["spent"]:
        out.print(_spent(shown["spent"]))
    for finding in shown["findings"]:
        is_gate, samples = finding["suite"] == "gate", finding["sample_ids"]
        examples = f" (for instance {', '.join(samples[:3])})" if samples and not is_gate else ""
        paragraph(out, f"{finding['severity']}: {finding['message']}{examples}")
        for name in samples[:_MOST_QUESTIONS] if is_gate else ():
            paragraph(out, questions.get(name, name), indent=2)
    rows = [
        (f"{entry['at']:%Y-%m-%d %H:%M:%S}", *_event(entry, shown["release"]))
        for entry in shown["entries"]
        if entry["release"] == shown["release"] or entry["action"] not in _OF_ANOTHER
    ]
    out.print("")
    table(out, ("at (UTC)", "what", "by", "why"), rows)


def _event(entry: dict[str, Any], release: str) -> tuple[str, str, str]:
    """What happened, by whom and why; a rollback's reason is about the release that it left."""
    what, by, why = entry["action"], entry["by"], entry["why"]
    if what != "rollback":
        return what, by, why
    return ("rollback to it", by, "") if entry["release"] == release else (f"rollback to {entry['release']}", by, why)


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
        paragraph(terminal(), remark, style="yellow")


def rebuilt(shown: dict[str, Any]) -> None:
    """What a rebuild made."""
    terminal().print(
        f"{counted(len(shown['releases']), 'release')} rebuilt from Parquet as generation {shown['generation']}"
    )


def pruned(shown: dict[str, Any]) -> None:
    """What a prune dropped and kept."""
    out, would, vacuumed = terminal(), "would drop" if shown["dry_run"] else "dropped", shown["vacuumed"]
    table(out, ("kept", "why"), list(shown["kept"].items()))
    dropped = shown["dropped"]
    some = f": {', '.join(dropped[:_MOST_NAMES])}{' ...' if len(dropped) > _MOST_NAMES else ''}" if dropped else ""
    out.print(f"{would} {counted(len(dropped), 'release')}{some}")
    parts = [counted(vacuumed[name], label) for name, label in _SWEPT.items() if vacuumed[name]]
    freed = "would free at least" if shown["dry_run"] else "freed"
    out.print(f"{freed} {in_bytes(vacuumed['n_bytes'])}{' (' + ', '.join(parts) + ')' if parts else ''}")
    if shown["grace_hours"] or shown["keep_vectors_days"]:
        out.print(
            f"what no release needs is kept for {shown['grace_hours']:g} hours after it was written, vectors for "
            f"{shown['keep_vectors_days']:g} days (--grace-hours, --keep-vectors-days)"
        )


_SWEPT = {
    "n_generations": "old table generation",
    "n_tables": "table",
    "n_contents": "content",
    "n_vectors": "vector",
    "n_files": "other file",
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
        out.print("no kept release holds such a document; earlier erasures are complete")
    if proof is not None:
        paragraph(
            out,
            f"proof: {counted(proof['n_files'], 'file')} decoded ({in_bytes(proof['n_bytes'])}, "
            f"{counted(proof['n_rows'], 'row')}, {counted(proof['n_strings'], 'text')}, "
            f"{counted(proof['n_vectors'], 'vector')}), no trace found",
        )
        if shown["n_cached"] is not None:
            paragraph(out, f"The cache that services share was cleared: {shown['n_cached']:,} entries deleted.")
    if shown["destinations"]:
        names = ", ".join(shown["destinations"])
        would = "would hold" if shown["dry_run"] else "may still hold"
        paragraph(out, f"These copies {would} them until `raglake sync` reaches them: {names}")
    if proof is not None:
        paragraph(out, "The sources still hold these documents; the next run leaves them out and reports it.")


def cache(shown: dict[str, Any]) -> None:
    """The shared cache, or what was deleted from it."""
    out = terminal()
    if "cache" in shown:
        limit = in_bytes(shown["maxmemory"]) if shown["maxmemory"] else "no limit of memory"
        policy = f"{limit}, {shown['maxmemory_policy']}"
        out.print(f"cached in {escape(shown['cache'])}: {shown['n_entries']:,} ({escape(policy)})")
        return
    n_deleted = shown["n_deleted"]
    deleted = "not reached; nothing deleted" if n_deleted is None else f"{n_deleted:,} deleted"
    out.print(f"entries: {deleted}" + ("; the lake no longer uses a shared cache" if shown.get("retired") else ""))


def lifted(shown: dict[str, Any]) -> None:
    """What may come back."""
    terminal().print(f"{escape(shown['lifted'])} is indexed again by the next run")
