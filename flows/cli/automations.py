"""The commands that let Prefect react: who is notified of what, and what happens to dead runs."""

from __future__ import annotations

from flows.cli.deployments import ConfigOption, fleet, server
from flows.cli.help import group
from flows.cli.options import JsonOption, show
from flows.cli.show import deployments as show_deployments

#: Taken as one group: ``raglake automations show`` and so on.
app = group("automations", "Notify people when a scheduled lake has a problem.")


@app.command("show")
def show_(config: ConfigOption = None) -> None:
    """Print them as YAML, for prefect automation create --from-file."""
    from flows.fleet import automations

    found, _ = fleet(config)
    with server():
        print(automations.as_yaml(found), end="")


@app.command()
def apply(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Create or update the automations on the server.

    Deletes those of lakes that are no longer in the file.
    """
    from flows.fleet import automations

    found, _ = fleet(config)
    with server():
        applied, gone = automations.apply(found)
    show({"applied": applied, "deleted": gone}, as_json, show_deployments.applied)
