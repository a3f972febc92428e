"""``raglake schema``, and that the published schemas are what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import OK
from flows.cli.schema import NAMES
from lake.options import SearchOptions, options

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"


@pytest.mark.parametrize("name", NAMES)
def test_the_published_schema_is_what_the_command_prints(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_status(["schema", name]) == OK
    assert (FOLDER / f"{name}.json").read_text() == capsys.readouterr().out


def test_a_schema_says_what_the_declaration_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_status(["schema"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert sorted(found) == sorted(path.stem for path in FOLDER.glob("*.json"))
    shown = found["search"]["properties"]
    assert {name: one["description"] for name, one in shown.items()} == {
        name: one.description for name, one in options(SearchOptions).items()
    }
    assert shown["k"].items() >= {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10}.items()
    assert found["configuration"]["$defs"]["Gate"]["properties"]["margin"]["maximum"] == 1
    assert set(found["fleet"]["properties"]) == {"defaults", "lakes"}
