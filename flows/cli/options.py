"""What every command shares: the lake, one JSON object on request, and how a value is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from flows.cli.hints import remember
from lake.errors import UsageError
from lake.reporting import visible

#: Exit statuses.
OK, FAILED, USAGE, REFUSED, QUARANTINED = range(5)

_LAKE = "The lake: a local folder or an s3:// URL."
LakeOption = Annotated[str, typer.Option("--lake", help=_LAKE, envvar="RAGLAKE_LAKE", callback=remember)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]
AtOption = Annotated[str, typer.Option("--at", help="Release: live, an id, a name, or a date or time (UTC).")]
SetOption = Annotated[str | None, typer.Option("--set", help="Question set. [default: all]")]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", help="Chat model: PROVIDER:MODEL, such as openai:gpt-4.1-mini. [default: $RAGLAKE_CHAT_MODEL]"
    ),
]
WhyOption = Annotated[str, typer.Option("--why", help="Reason, which the log keeps.")]


def show(value: Any, as_json: bool, render: Callable[[Any], None]) -> None:
    """Print a JSON-like value for a program or for a person."""
    if as_json:
        print(visible(json.dumps(value, ensure_ascii=False, default=_json_value)))
    else:
        render(value)


def parsed_time(option: str, said: str | None) -> datetime | None:
    """The time that an option states, in UTC unless it states a time zone; raises UsageError if it is none."""
    if said is None:
        return None
    try:
        time = datetime.fromisoformat(said)
    except ValueError as error:
        raise UsageError(f"{option} {said!r} is no date or time, such as 2026-11-21 or 2026-11-21T08:00") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _json_value(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
