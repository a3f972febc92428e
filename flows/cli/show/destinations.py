"""What a person at a terminal sees of destinations."""

from __future__ import annotations

from typing import Any

from flows.cli.show.terminal import paragraph, table, terminal
from lake.reporting import counted, in_bytes, listed

#: How the difference was found, in words.
_BY = {
    "releases": "by comparing releases",
    "listing": "by comparing all rows of the store",
    "full": "all rows",
    "copy": "all tables",
}


def synced(shown: list[dict[str, Any]]) -> None:
    """A line for each destination: what was written, or would be, and what was verified."""
    for one in shown:
        paragraph(terminal(), _sentence(one))


def _sentence(one: dict[str, Any]) -> str:
    holds = f"{one['destination']}: release {one['release']}, {counted(one['n_rows']['chunks'], 'chunk')}"
    if one["method"] == "none":
        return f"{holds}; nothing to do"
    names = ("added", "changed", "removed")
    changes = listed({name: one[f"n_{name}"] for name in names})
    anew = ", into a new copy" if one["anew"] and one["was"] else ""
    if one["planned"]:
        return f"{holds}; would write {changes} ({_BY[one['method']]}{anew})"
    verified = one["verified"]
    checked = f"; verified {counted(verified['n_rows'], 'row')}" if verified else ""
    if verified and verified["n_vectors"]:
        checked += f", {counted(verified['n_vectors'], 'vector')} and {counted(verified['n_questions'], 'question')}"
    sent = f", {in_bytes(one['n_bytes'])} in {one['seconds']:.1f} s" if verified else ""
    return f"{holds}; {changes} ({_BY[one['method']]}{anew}{sent}){checked}"


def known(shown: list[dict[str, Any]]) -> None:
    """A line for each destination that the lake knows."""
    out = terminal()
    if not shown:
        out.print("no destination yet")
        return
    rows = []
    for one in shown:
        remarks = [
            *([] if one["complete"] else ["interrupted"]),
            *(["an erasure is due"] if one["erasure_due"] else []),
            *([] if one["live"] else ["not live"]),
        ]
        rows.append((one["destination"], one["release"], one["synced_at"][:16].replace("T", " "), ", ".join(remarks)))
    table(out, ("destination", "release", "synced (UTC)", ""), rows)


def dropped(shown: dict[str, Any]) -> None:
    """What is no longer tracked."""
    paragraph(terminal(), f"{shown['dropped']} is no longer tracked; what it holds stays there, erased documents too")
