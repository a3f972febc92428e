"""Every page of the documentation is in its lists, and every link leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.experiment.grid import OF_RECIPE
from tests.house import ROOT

PAGES = {path.name for path in (ROOT / "docs").glob("*.md")}
WRITTEN = [path for folder in (".", "docs", "examples") for path in sorted((ROOT / folder).glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s:]+)\)")


def named(entry: Any) -> Iterator[str]:
    """The pages in a part of MkDocs' navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for part in entry.values() if isinstance(entry, dict) else entry:
            yield from named(part)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as MkDocs and others make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def test_every_page_is_in_the_navigation_in_the_index_and_in_llms_txt() -> None:
    navigation = list(named(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert sorted(navigation) == sorted(PAGES)
    for file, prefix in (("docs/index.md", ""), ("llms.txt", "docs/")):
        listed = LINK.findall((ROOT / file).read_text())
        assert {prefix + page for page in PAGES - {"index.md"}} <= set(listed)


@pytest.mark.parametrize("page", [*WRITTEN, ROOT / "llms.txt"], ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def test_an_experiment_with_recipes_names_its_sources() -> None:
    """Without them the command ends with an error, so a page that leaves them out can't be pasted."""
    commands = [found for page in WRITTEN for found in re.findall(r"raglake experiment [^`#\n]+", page.read_text())]
    of_recipes = [one for one in commands if set(re.findall(r"--vary (\w+)=", one)) & set(OF_RECIPE)]
    assert len(of_recipes) > 3
    assert [one for one in of_recipes if one.split()[2].startswith("-")] == []
