"""The commands that put the lakes of a file to work under Prefect."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.help import group
from flows.cli.options import JsonOption, show
from flows.cli.show import deployments as show_deployments

if TYPE_CHECKING:
    from pathlib import Path

    from flows.fleet.file import Fleet

#: Taken as one group: ``raglake deployments show`` and so on.
app = group("deployments", "Run lakes on a schedule under Prefect.")

_CONFIG = "File that describes the lakes. [RAGLAKE_CONFIG, else raglake.yaml]"
ConfigOption = Annotated[str | None, typer.Option("--config", help=_CONFIG)]


def fleet(config: str | None) -> tuple[Fleet, Path]:
    """The lakes of the file, and the file."""
    from flows.fleet.file import place, read

    file = place(config)
    return read(file), file


def server() -> AbstractContextManager[None]:
    """Around calls of Prefect's server, which must be named."""
    from flows.runtime.server import named_server

    return named_server()


@app.command("show")
def show_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the file and show its lakes and schedules.

    Needs no Prefect server.
    """
    from flows.fleet.deployments import SCHEDULED, parameters

    found, file = fleet(config)
    lakes: dict[str, Any] = {
        name: {
            "schedules": {action: lake.cron(action) for action in SCHEDULED},
            "timezone": lake.timezone,
            "overlap": lake.overlap,
            "notify": lake.notify,
            "parameters": {action: parameters(action, lake) for action in SCHEDULED},
        }
        for name, lake in found.lakes.items()
    }
    show({"file": str(file), "lakes": lakes}, as_json, show_deployments.lakes)


@app.command()
def apply(
    pool: Annotated[str, typer.Option("--pool", help="Work pool whose workers run the flows.")],
    config: ConfigOption = None,
    image: Annotated[str | None, typer.Option(help="Container image, for a docker or kubernetes pool.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Register the flows of each lake with a work pool.

    Deletes the deployments of lakes that are no longer in the file. A paused schedule stays paused, unless the file
    sets paused: false.
    """
    from flows.fleet import deployments

    found, file = fleet(config)
    with server():
        paused, gone = deployments.apply(found, deployments.home(file), pool, image)
    names = [f"{flow.name}/{name}" for name in found.lakes for flow in deployments.FLOWS]
    show({"pool": pool, "applied": names, "paused": paused, "deleted": gone}, as_json, show_deployments.applied)


@app.command()
def serve(
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of runs at the same time.")] = 2,
) -> None:
    """Run the flows on this machine when they are due.

    Needs a Prefect server but no work pool. Runs until interrupted.
    """
    from flows.fleet import deployments

    found, file = fleet(config)
    with server():
        deployments.serve(found, deployments.home(file), limit)
