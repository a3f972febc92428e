"""The examples of docs/integrations.md, run as they stand there on a lake of ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

_TEXT = (Path(__file__).parents[3] / "docs" / "integrations.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", _TEXT, re.DOTALL)
OF_EXTRAS = {"dspy"}


def test_every_adapter_has_an_example() -> None:
    adapters = {path.stem for path in (Path(__file__).parents[3] / "lake" / "adapters").glob("*.py")}
    shown = set(re.findall(r"from lake\.adapters\.(\w+) import", _TEXT))
    assert adapters - shown == {"__init__", "tools", "mcp"}
    assert all(len(example.strip().splitlines()) <= 7 for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=[re.findall(r"adapters\.(\w+)", e)[-1] for e in EXAMPLES])
def test_an_example_finds_something(example: str, two_releases: tuple[str, str, str]) -> None:
    for library in OF_EXTRAS & set(re.findall(r"adapters\.(\w+)", example)):
        pytest.importorskip(library)
    names: dict[str, Any] = {}
    exec(example.replace("/srv/lake", two_releases[0]).replace("reset the pump", "burn a lamp"), names)
    found = names.get("found", names.get("agent"))
    assert found
    assert not isinstance(found, list) or len(found) in (3, 5)
