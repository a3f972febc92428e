"""The commands that keep a lake small, whole and lawful: prune, forget, rebuild."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import JsonOption, LakeOption, WhyOption, show
from flows.cli.show import releases as show_releases
from flows.cli.show import terminal
from lake.errors import UsageError
from lake.options import Retention

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")]


@with_options
def prune(
    lake: LakeOption,
    retention: Annotated[dict[str, Any], Retention],
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Drop old releases and free their disk space.

    Live and named releases always stay.
    """
    with terminal.progress(quiet=as_json) as progress:
        pruned = library.operate.prune(lake, Retention(**retention), dry_run=dry_run, progress=progress)
    show(pruned.to_json(), as_json, show_releases.pruned)


def forget(
    lake: LakeOption,
    uri: Annotated[str | None, typer.Argument(help="The document, as `raglake query` names it.")] = None,
    where: Annotated[
        str | None, typer.Option(help="Documents by SQL over the manifest, such as uri LIKE 'hr/%'.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only documents of this source.")] = None,
    why: WhyOption = "",
    dry_run: DryRun = False,
    lift: Annotated[bool, typer.Option("--lift", help="Allow an erased URI of --source to be indexed again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase documents for good, and prove it.

    Erases them from every release and every file, then searches all files for what is left of them.
    """
    if lift:
        _lift(lake, uri, source, as_json)
        return
    if not why and not dry_run:
        raise UsageError("forget needs --why, which the log keeps; name no person or document in it")
    with terminal.progress(quiet=as_json) as progress:
        forgotten = library.operate.forget(
            lake, why=why, uri=uri, where=where, source=source, dry_run=dry_run, progress=progress
        )
    show(forgotten.to_json(), as_json, show_releases.forgotten)


def _lift(lake: str, uri: str | None, source: str | None, as_json: bool) -> None:
    if uri is None or source is None:
        raise UsageError("--lift needs the URI and --source, since an erased document is known by its digest alone")
    if not library.operate.lift(lake, uri, source=source):
        raise UsageError(f"{uri!r} of {source!r} was not erased from this lake")
    show({"lifted": uri, "source": source}, as_json, show_releases.lifted)


def rebuild(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Rebuild the LanceDB tables of every release from Parquet."""
    with terminal.progress(quiet=as_json) as progress:
        history = library.operate.rebuild(lake, progress=progress)
    generation = next(iter(history.releases.values())).generation
    show({"generation": generation, "releases": list(history.releases)}, as_json, show_releases.rebuilt)


COMMANDS = (prune, forget, rebuild)
