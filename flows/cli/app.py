"""The command line: a thin caller of the library and of the flow; knows exit statuses and nothing else."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
import traceback
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from flows.cli import log_lines
from flows.cli.help import HelpGroup, with_examples
from flows.cli.hints import pasteable, remember
from flows.cli.options import FAILED, OK, REFUSED, USAGE
from lake.errors import LakeError, RefusedError, UsageError
from lake.patches.plain_words import words_as_given
from lake.storage import secrets
from lake.storage.failures import is_out_of_memory
from tasks.secret_blocks import from_block

secrets.block_loader = from_block
words_as_given()

#: How typer reports Ctrl-C.
_INTERRUPTED = 130
#: New objects between two looks for garbage; Python's own 700 makes imports take a sixth longer.
_NEW_OBJECTS = 50_000
_OUT_OF_MEMORY = (
    "out of memory; free some, or raise the limit of this process or container (ulimit -v), and run again; "
    "a run goes on from what is stored"
)
_STOPPED = "interrupted; nothing of this run was published, the next one goes on from here"

#: The panels of ``raglake --help``: modules of this folder, each with the names of its commands.
_PANELS = {
    "Index": {"demo": "demo", "ingest": "plan ingest", "watch": "watch", "sources": "sources"},
    "Search": {"query": "query", "ask": "ask", "why": "why"},
    "Operate": {
        "releases": "status releases rollback publish pin unpin name unname",
        "inspect": "inspect",
        "duplicates": "duplicates",
        "diff": "diff",
        "export": "export",
        "sync": "sync",
    },
    "Evaluate": {
        "evaluate": "evaluate compare",
        "experiment": "experiment",
        "tune": "tune",
        "report": "report",
        "questions": "questions",
        "feedback": "feedback",
        "traffic": "traffic judge",
    },
    "Serve": {"serve": "serve console mcp", "deployments": "deployments", "automations": "automations"},
    "Administer": {
        "config": "config",
        "synonyms": "synonyms",
        "schema": "schema",
        "cache": "cache",
        "maintain": "prune forget rebuild",
        "doctor": "doctor",
        "plugins": "plugins",
    },
}


def command_line(wanted: str | None = None) -> typer.Typer:
    """All commands, or only those of the module that defines the command ``wanted``, which starts sooner.

    ``--version`` needs none.
    """
    app = typer.Typer(
        cls=HelpGroup,
        help="Build a versioned search index over documents, and keep it right night after night.",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # it would take [@DIMENSIONS] for markup
    )
    app.callback()(_options)
    modules = [(panel, *module) for panel, members in _PANELS.items() for module in members.items()]
    chosen = [one for one in modules if wanted in one[2].split()]
    for panel, name, _ in chosen if wanted == "--version" else chosen or modules:
        module = import_module(f"flows.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, rich_help_panel=panel)
        for command in getattr(module, "COMMANDS", ()):
            app.command(rich_help_panel=panel)(command)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"raglake {version('raglake')}")
        raise typer.Exit


_VERSION = "Show the version and exit."


def _options(
    version: Annotated[bool, typer.Option("--version", help=_VERSION, callback=_print_version, is_eager=True)] = False,
) -> None:
    """Options of ``raglake`` itself."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 the caller's words, 3 refused, 4 quarantine under --strict."""
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)  # else the interpreter looks at every object once more before all of them go
    logging.basicConfig(level=os.environ.get("RAGLAKE_LOG", "WARNING"), handlers=[log_lines.handler()])
    sys.exit(_exit_status(arguments))


def _exit_status(arguments: list[str] | None) -> int:
    remember(None)
    wanted = next(iter(sys.argv[1:] if arguments is None else arguments), None)
    try:
        result = with_examples(command_line(wanted))(arguments, prog_name="raglake", standalone_mode=False)
        status = result if isinstance(result, int) else OK
        return status if status != _INTERRUPTED else _say(_STOPPED, FAILED)
    except typer.Exit as leave:
        return leave.exit_code
    except TyperException as error:
        return _say(_explained(error, arguments or sys.argv[1:]), USAGE)
    except UsageError as error:
        return _say(error, USAGE)
    except RefusedError as error:
        return _say(error, REFUSED)
    except LakeError as error:
        return _say(_OUT_OF_MEMORY if is_out_of_memory(error) else error, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _say(_STOPPED, FAILED)
    except OSError as error:
        return _say(_OUT_OF_MEMORY if is_out_of_memory(error) else error, FAILED)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug must not look like an answer
        if is_out_of_memory(error):
            return _say(_OUT_OF_MEMORY, FAILED)
        if os.environ.get("RAGLAKE_LOG", "").upper() == "DEBUG":
            traceback.print_exc()
        return _say(f"{type(error).__name__}: {error} (a defect of raglake; RAGLAKE_LOG=DEBUG shows where)", FAILED)


#: How pydantic words what a value is not, and how we do.
_OF_TYPES = {
    " Value error,": "",
    "Input should be a valid integer, unable to parse string as an integer": "must be a whole number",
    "Input should be a valid number, unable to parse string as a number": "must be a number",
}


def _explained(error: TyperException, arguments: list[str]) -> str:
    """What is wrong with the command line, and the help of the command it was meant for."""
    message, context = error.format_message().rstrip("."), getattr(error, "ctx", None)
    for theirs, ours in _OF_TYPES.items():
        message = message.replace(theirs, ours)
    path = context.command_path if context else " ".join(["raglake", *arguments[:1]])
    return f"{message}{'' if message.endswith('?') else '.'} See `{path} --help`"


def _say(error: object, status: int) -> int:
    log_lines.written(pasteable(str(error)), "ERROR")
    return status
