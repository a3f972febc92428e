"""What a person at a terminal sees of the lakes of a file, and of what Prefect has of them."""

from __future__ import annotations

from typing import Any

from flows.cli.show.terminal import escape, paragraph, table, terminal


def lakes(shown: dict[str, Any]) -> None:
    """Each lake: the schedules of its flows, its sources and its place."""
    out = terminal()
    rows = [
        (name, *(cron or "on demand" for cron in lake["schedules"].values()), lake["timezone"], lake["overlap"])
        for name, lake in shown["lakes"].items()
    ]
    scheduled = next(iter(shown["lakes"].values()))["schedules"]  # the flows are the same for all lakes
    table(out, ("lake", *scheduled, "time zone", "overlap"), rows)
    for name, lake in shown["lakes"].items():
        said = lake["parameters"]["ingest"]  # a line of its own: a path that a column cuts short is none
        paragraph(out, f"{name}: {', '.join(said['sources'])} into {said['lake']}")


def applied(shown: dict[str, Any]) -> None:
    """What there is now, and what is there no more."""
    out = terminal()
    for name in shown["applied"]:
        out.print(escape(name) + (" (paused)" if name in shown.get("paused", ()) else ""))
    for name in shown["deleted"]:
        out.print(f"deleted: {escape(name)}")
    first = next((name for name in shown["applied"] if name.startswith("ingest/")), None)
    if first and shown.get("pool"):
        paragraph(out, f"`prefect worker start --pool {shown['pool']}` runs them when they are due")
        paragraph(out, f"`prefect deployment run {first}` runs one now")
