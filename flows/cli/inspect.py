"""The command that shows a document as it is indexed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import lake as library
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import inspect as show_inspect
from lake.errors import UsageError
from lake.inspect.pages import write_pages

At = Annotated[str, typer.Option("--release", "--at", help="Release: live, an id, a name, or a date or time (UTC).")]
Pages = Annotated[Path | None, typer.Option(help="Write a picture of each page of a PDF to this folder.")]
From = Annotated[
    str | None, typer.Option("--from", help="Where the source lies now, for --pages. [default: as it was ingested]")
]


def inspect(
    uri: Annotated[
        str, typer.Argument(help="The document, as `raglake query` and `raglake status` name it, or its id.")
    ],
    lake: LakeOption,
    release: At = "live",
    source: Annotated[str | None, typer.Option(help="Its source. [default: any that has the URI]")] = None,
    chunks: Annotated[bool, typer.Option("--chunks", help="Show where each chunk begins and ends.")] = False,
    pages: Pages = None,
    from_: From = None,
    as_json: JsonOption = False,
) -> None:
    """Show a document as it is indexed: its text by section, and what was left out and why.

    Also shows documents in quarantine, with the reason. For operators: it shows restricted documents, too.
    """
    if from_ is not None and pages is None:
        raise UsageError("--from tells where --pages finds the document; give both")
    shown = library.open_lake(lake).inspect(uri, at=release, source=source, chunks=chunks)
    if pages is not None:
        shown["pages"] = [str(path) for path in write_pages(shown, pages, from_)]
    show(shown, as_json, partial(show_inspect.document, with_chunks=chunks))


COMMANDS = (inspect,)
