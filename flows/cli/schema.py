"""The command that prints JSON schemas of the options, and of the files that hold them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, get_args

import typer

from lake import options
from lake.directory.configuration import Configuration

Name = Literal["search", "answer", "recipe", "run", "configuration", "fleet"]
NAMES = get_args(Name)


def schema_of(name: str) -> dict[str, Any]:
    """The JSON schema, as ``docs/schemas`` has it."""
    from pydantic import TypeAdapter

    kinds: dict[str, Any] = {
        "search": options.SearchOptions,
        "answer": options.AnswerOptions,
        "recipe": options.RecipeOptions,
        "run": options.RunOptions,
        "configuration": Configuration,
    }
    if name == "fleet":
        from flows.fleet.file import FleetFile

        return {"$schema": _DRAFT, **FleetFile.model_json_schema()}
    return {"$schema": _DRAFT, **TypeAdapter(kinds[name]).json_schema()}


_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: Annotated[Name | None, typer.Argument(help="One schema; all by name if omitted.")] = None) -> None:
    """Print the JSON schema of the search, answer, recipe and run options, the configuration, or the fleet file."""
    found = schema_of(name) if name else {one: schema_of(one) for one in NAMES}
    print(json.dumps(found, indent=2, ensure_ascii=False))


COMMANDS = (schema,)
