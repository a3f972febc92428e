"""What a person at a terminal sees of the difference between two releases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flows.cli.show.terminal import say_lines
from lake.reporting import listed

_MOST_NAMES = 20


def difference(shown: dict[str, Any]) -> None:
    """Sums first, then names."""
    say_lines(_lines(shown))


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    a, b = shown["a"], shown["b"]
    if shown["equal"]:
        yield f"no difference: both are {a}" if a == b else f"no difference between {a} and {b}"
        return
    yield f"from {a} to {b}"
    yield from _sums(shown)
    yield from _recipe(shown["recipe"])
    prefixed = _has_several_sources(shown)
    for kind, rows in shown["documents"].items():
        yield from _names(kind, [_document(row, prefixed) for row in rows])
    for kind, rows in shown["quarantine"].items():
        yield from _names(_IN_QUARANTINE[kind], [_quarantined(row, prefixed) for row in rows])


_IN_QUARANTINE = {"entered": "into quarantine", "altered": "still in quarantine, altered", "left": "out of quarantine"}


def _sums(shown: dict[str, Any]) -> Iterator[str]:
    def line(what: str, total: str, counts: dict[str, int]) -> str:
        a, b = (shown["totals"][side][total] for side in ("a", "b"))
        return f"  {what:<10} {a:,} -> {b:,}: {listed(counts) if any(counts.values()) else 'no change'}"

    yield line("documents", "n_documents", {kind: len(rows) for kind, rows in shown["documents"].items()})
    yield line("chunks", "n_chunks", shown["chunks"])
    yield line("quarantine", "n_quarantined", {kind: len(rows) for kind, rows in shown["quarantine"].items()})


def _recipe(fields: dict[str, dict[str, Any]]) -> Iterator[str]:
    if fields:
        yield "\nrecipe"
        for name, values in fields.items():
            yield f"  {name}: {_value(values['a'])} -> {_value(values['b'])}"


def _value(value: object) -> str:
    return "none" if value is None else repr(value) if isinstance(value, str) else str(value)


def _names(heading: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"\n{heading} ({len(lines):,})"
    yield from (f"  {line}" for line in lines[:_MOST_NAMES])
    if len(lines) > _MOST_NAMES:
        yield f"  ... and {len(lines) - _MOST_NAMES:,} more (--json lists all)"


_ACCESS = {"opened": "everybody may see it now", "closed": "restricted now", "altered": "others may see it now"}


def _document(row: dict[str, Any], prefixed: bool) -> str:
    access = f"; {_ACCESS[row['access']]}" if "access" in row else ""
    if "was" in row:
        return f"{_place(row['was'], prefixed)} -> {_place(row, prefixed)}{access}"
    counts = ", ".join(f"{n:,} {kind}" for kind in ("added", "removed", "kept") if (n := row[f"n_chunks_{kind}"]))
    return f"{_place(row, prefixed)}  chunks: {counts}{access}"


def _quarantined(row: dict[str, Any], prefixed: bool) -> str:
    return f"{_place(row, prefixed)}  {row['error_class']}: {row['reason']}"


def _place(row: dict[str, Any], prefixed: bool) -> str:
    return f"{row['source']}: {row['uri']}" if prefixed else str(row["uri"])


def _has_several_sources(shown: dict[str, Any]) -> bool:
    rows = [row for kinds in (shown["documents"], shown["quarantine"]) for rows in kinds.values() for row in rows]
    return len({place["source"] for row in rows for place in (row, row.get("was", row))}) > 1
