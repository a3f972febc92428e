"""What a person at a terminal sees of the demonstration."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flows.cli.show import query, terminal

_NEXT_QUESTION = "How do I write tests in Python?"


def beginning(n_documents: int, folder: Path) -> None:
    """What is about to happen, and how long it takes."""
    out = terminal.terminal()
    out.print(f"Indexing {n_documents} small documents of this machine into {terminal.escape(str(folder))}.")
    out.print("This takes less than a minute on two cores, and needs no network.")


def end(shown: dict[str, Any], folder: Path) -> None:
    """What the demonstration did, the first hit of each question, and what to try next."""
    terminal.outcome(shown)
    out = terminal.terminal()
    for question, found in shown["answers"].items():
        out.print(f"\n[bold]{terminal.escape(question)}[/bold]\n  {query.place(found[0])}")
        terminal.wrapped(out, query.snippet(found[0], question), indent=2)
    for question in shown["wrong"]:
        out.print(f"[red]not answered from the right document: {terminal.escape(question)}[/red]")
    lake = shlex.quote(str(folder / "lake"))
    out.print("\nTry next:")
    out.print(f"  raglake query {terminal.escape(shlex.quote(_NEXT_QUESTION))} --lake {terminal.escape(lake)}")
    if find_spec("uvicorn"):  # the console needs raglake[service]
        out.print(f"  raglake console --lake {terminal.escape(lake)} --as '*' --browse")
        out.print("      # in a browser: choose a question, and see why the second passage is below the first")
    else:
        out.print(f"  raglake status --lake {terminal.escape(lake)}")
    out.print("  raglake plan . --lake my-lake    # what indexing this folder would do")
