"""The commands that look at releases and move between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows import console
from flows.cli_options import JsonOption, LakeOption, WhyOption, show

if TYPE_CHECKING:
    from lake.history import History


def status(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Say what is live, what it holds and what is in quarantine."""
    from lake.query import open_lake

    show(open_lake(lake).status(), as_json, console.status)


def releases(lake: LakeOption, as_json: JsonOption = False) -> None:
    """List the releases, oldest first."""
    from lake.query import open_lake

    show(open_lake(lake).releases().to_pylist(), as_json, console.releases)


def rollback(
    release: Annotated[str, typer.Argument(help="A release, or a date or time (UTC): what was live then.")],
    lake: LakeOption,
    why: WhyOption,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier release live again; readers switch at once, the next ingest goes on from there."""
    from lake.directory import Lake
    from lake.live import rollback as go_back

    log = Lake.existing(lake).log
    _show_live(go_back(log, log.read().resolve(release), why=why), as_json)


def publish(
    candidate: Annotated[str, typer.Argument(help="The candidate to make live.")],
    lake: LakeOption,
    why: WhyOption = "",
    force: Annotated[bool, typer.Option("--force", help="Over a failed audit, a pin or a moved live.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a candidate live after looking at it."""
    from lake.directory import Lake
    from lake.errors import UsageError
    from lake.live import publish as make_live

    if force and not why:
        raise UsageError("--force needs --why, which the log keeps")
    log = Lake.existing(lake).log
    _show_live(make_live(log, log.read().resolve(candidate), why=why, force=force), as_json)


def pin(lake: LakeOption, why: WhyOption, as_json: JsonOption = False) -> None:
    """Hold live where it is: runs go on building and auditing candidates and publish none; rollback stays free."""
    from lake.directory import Lake
    from lake.live import pin as hold

    _show_live(hold(Lake.existing(lake).log, why=why), as_json)


def unpin(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Let the next run publish again."""
    from lake.directory import Lake
    from lake.live import unpin as let_go

    _show_live(let_go(Lake.existing(lake).log), as_json)


def rebuild(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Make the LanceDB tables of every release again, from Parquet alone."""
    from lake.directory import Lake
    from lake.rebuild import rebuild as make_again

    with console.progress(quiet=as_json) as progress:
        history = make_again(Lake.existing(lake), progress)
    generation = next(iter(history.releases.values())).generation
    show({"generation": generation, "releases": list(history.releases)}, as_json, console.rebuilt)


def _show_live(history: History, as_json: bool) -> None:
    live = history.live.release if history.live else None
    show({"live": live, "pinned": history.pinned, "seq": history.head}, as_json, console.live)


COMMANDS = (status, releases, rollback, publish, pin, unpin, rebuild)
