"""Links to sources, and prompts with a customer's own variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.app import command_line
from lake.answer import AnswerOptions
from lake.answer.answering import answer
from lake.answer.links import linked, with_links
from lake.answer.templates import load_prompts
from lake.answer.values import CitedSource
from lake.errors import UsageError
from tests.lake.answer.test_answering import search as _search

search = _search


def source(number: int, uri: str, name: str = "docs", page: int | None = None) -> CitedSource:
    return CitedSource(number, uri, name, "", "", page, "paragraph", "d1", 3, 9, "text", 1.0)


@pytest.mark.parametrize(
    ("uri", "name", "page", "template", "url"),
    [
        ("a b/ü.md", "docs", None, None, None),
        ("https://x.example/a", "docs", None, None, "https://x.example/a"),
        ("a b.md", "https://x.example/docs/", None, None, "https://x.example/docs/a%20b.md"),
        ("a b/c.pdf", "docs", 7, "https://w.example/{uri}#page={page}", "https://w.example/a%20b/c.pdf#page=7"),
        (
            "a.md",
            "a/b",
            None,
            "https://w.example/?d={doc_id}&s={source}&p={page}",
            "https://w.example/?d=d1&s=a%2Fb&p=",
        ),
        ("x?y&z#.md", "docs", None, "https://w.example/{uri}", "https://w.example/x%3Fy%26z%23.md"),
    ],
)
def test_a_source_has_the_address_of_the_template(
    uri: str, name: str, page: int | None, template: str | None, url: str | None
) -> None:
    assert linked([source(1, uri, name, page)], template)[0].url == url


def test_citations_become_links_that_no_address_can_leave() -> None:
    sources = linked([source(1, "a).md"), source(2, "b.md")], "https://w.example/{uri}")
    text = with_links("Oil [1][2], tar [1, 2] and `x[1]`.", sources)
    one, two = "[[1]](https://w.example/a%29.md)", "[[2]](https://w.example/b.md)"
    assert text == f"Oil {one}{two}, tar {one}{two} and `x[1]`."
    assert with_links("Oil [1].", [source(1, "a.md")]) == "Oil [1]."


@pytest.mark.parametrize(
    "template",
    [
        "javascript:{uri}",
        "data:text/html,{uri}",
        " https://x/{uri}",
        "{uri}",
        "https://x/{nothing}",
        "https://x/{uri",
        "https://x/{uri.x}",
    ],
)
def test_other_templates_are_refused(template: str) -> None:
    with pytest.raises(UsageError, match="link_template"):
        AnswerOptions(link_template=template)


def test_prompts_have_variables_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "answer_system.md").write_text("You answer for ${company}, fee $fee. $marker $fence")
    (tmp_path / "variables.json").write_text(json.dumps({"company": "Saône & Co", "fee": "5 $ or $question"}))
    prompts = load_prompts(tmp_path)
    assert (
        prompts.render("answer_system", marker="M", fence="F") == "You answer for Saône & Co, fee 5 $ or $question. M F"
    )
    assert prompts.digest != load_prompts().digest


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ("[", "JSON"),
        ("[1]", "object"),
        ('{"a": 1}', "object"),
        ('{"question": "x"}', "question"),
        ('{"a b": "x"}', "a b"),
    ],
)
def test_variables_that_cannot_be_used_are_named(tmp_path: Path, variables: str, why: str) -> None:
    (tmp_path / "variables.json").write_text(variables)
    with pytest.raises(UsageError, match=why):
        load_prompts(tmp_path)


def test_an_unknown_placeholder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "answer_system.md").write_text("$company $marker $fence")
    with pytest.raises(UsageError, match=r"unknown \$company.*variables\.json"):
        load_prompts(tmp_path)


def test_the_model_is_warned_of_weak_evidence_and_told_how_to_answer(search: Any, endpoint: Any) -> None:
    options = AnswerOptions(k=4, min_evidence=0.0, link_template="https://w.example/{uri}")
    told = answer(search, "Which bananas grow in Spain?", chat="openai:local", options=options)
    assert told.evidence < 0.5
    assert "not sure that these sources" in endpoint.prompt()
    assert "numbered steps" in endpoint.prompt()
    assert all(source.url == f"https://w.example/{source.uri}" for source in told.sources)
    assert "](https://w.example/" in told.linked_text
    answer(search, "How is the pump reset? Hold the red button for 7 seconds?", chat="openai:local", options=options)
    assert "not sure that these sources" not in endpoint.prompt()


def test_a_conversation_goes_on_in_the_terminal(search: Any, endpoint: Any) -> None:
    place = repr(search.func.__self__).split()[-1].rstrip(">")
    endpoint.replies.clear()
    endpoint.replies.extend(
        ["It needs 3 litres [1].", '{"question": "How is the pump reset?"}', "Hold the button [1]."]
    )
    words = ["ask", "-i", "--lake", place, "--model", "openai:local", "--min-evidence", "0", "--no-stream"]
    ran = CliRunner().invoke(
        command_line(), words, input="How much oil does the pump need?\n\nAnd the reset?\nexit\nno\n"
    )
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.index("3 litres") < ran.stdout.index("Hold the button")
    assert "How much oil does the pump need?" in endpoint.prompt(1)
    assert len(endpoint.requests) == 3
    nothing = CliRunner().invoke(command_line(), ["ask", "--lake", place])
    assert isinstance(nothing.exception, UsageError)
