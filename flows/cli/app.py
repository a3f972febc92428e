"""The command line: a thin caller of the library and of the flow; knows exit statuses and nothing else."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Annotated

import typer
from typer.exceptions import TyperException

from flows.cli import (
    ask,
    automations,
    config,
    deployments,
    diff,
    doctor,
    evaluate,
    experiment,
    feedback,
    ingest,
    maintain,
    query,
    questions,
    releases,
    report,
    serve,
    why,
)
from flows.cli.options import FAILED, OK, REFUSED, USAGE, JsonOption, show
from flows.cli.show import query as show_query
from lake.errors import LakeError, RefusedError, UsageError

#: How typer reports Ctrl-C.
_INTERRUPTED = 130
_STOPPED = "interrupted; nothing of this run was published, the next one goes on from here"

app = typer.Typer(
    help="Keep a search index over documents right, night after night.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would take [@DIMENSIONS] for markup
)


@app.command()
def demo(
    folder: Annotated[str, typer.Argument(help="Where to put the documents and the lake.")] = "raglake-demo",
    as_json: JsonOption = False,
) -> None:
    """Index the descriptions of the installed Python packages and answer a few questions from them."""
    from pathlib import Path

    from flows.cli.demo import run, wrong_answers

    outcome, hits = run(Path(folder))
    wrong = wrong_answers(hits)
    answers = {question: table.to_pylist() for question, table in hits.items()}
    show({**outcome.to_json(), "answers": answers, "wrong": wrong}, as_json, show_query.demo)
    if wrong:
        raise typer.Exit(FAILED)


for group in (
    *(ingest, query, ask, why, evaluate, experiment, report),
    *(releases, diff, maintain, doctor, serve),
):
    for command in group.COMMANDS:
        app.command()(command)


app.add_typer(questions.app, name="questions")
app.add_typer(feedback.app, name="feedback")
app.add_typer(config.app, name="config")
app.add_typer(deployments.app, name="deployments")
app.add_typer(automations.app, name="automations")


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 the caller's words, 3 refused, 4 quarantine under --strict."""
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("RAGLAKE_LOG", "WARNING"), format="%(message)s")
    sys.exit(_exit_status(arguments))


def _exit_status(arguments: list[str] | None) -> int:
    try:
        result = app(arguments, standalone_mode=False)
        status = result if isinstance(result, int) else OK
        return status if status != _INTERRUPTED else _say(_STOPPED, FAILED)
    except typer.Exit as leave:
        return leave.exit_code
    except TyperException as error:
        hint = "raglake --help lists the commands, raglake COMMAND --help their options"
        return _say(f"{error.format_message().rstrip('.')}; {hint}", USAGE)
    except UsageError as error:
        return _say(error, USAGE)
    except RefusedError as error:
        return _say(error, REFUSED)
    except LakeError as error:
        return _say(error, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _say(_STOPPED, FAILED)
    except OSError as error:
        return _say(error, FAILED)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug must not look like an answer
        if os.environ.get("RAGLAKE_LOG", "").upper() == "DEBUG":
            traceback.print_exc()
        return _say(f"{type(error).__name__}: {error} (a defect of raglake; RAGLAKE_LOG=DEBUG shows where)", FAILED)


def _say(error: object, status: int) -> int:
    print(f"raglake: {error}", file=sys.stderr)
    return status
