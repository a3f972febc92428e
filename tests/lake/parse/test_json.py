"""JSON, JSON Lines and notebooks: values as written, and a damaged part costs that part."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument

BYTES = base64.b64encode(random.Random(3).randbytes(900)).decode()


def complete(source: str | bytes | dict[str, Any], name: str = "a.json") -> ParsedDocument:
    data = source if isinstance(source, bytes) else (source if isinstance(source, str) else json.dumps(source)).encode()
    parsed = parse(data, name)
    assert account_of(parsed).n_words_lost == 0, parsed.text
    return parsed


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{"version": 1.10}', "version: 1.10"),
        ('{"n": 123456789012345678901234567890}', "n: 123456789012345678901234567890"),
        ('{"n": 1e400}', "n: 1e400"),
        ('{"n": -0.0}', "n: -0.0"),
        ('{"n": NaN, "m": -Infinity}', "n: NaN\n\nm: -Infinity"),
        ('{"a": 1, "a": 2}', "a: 1\n\na: 2"),
        ('{"b": {"a": 1, "a": 2}}', "b:\n  a: 1\n  a: 2"),
        ('{"a": true, "b": null, "c": {}, "d": []}', "a: true\n\nb: null\n\nc: {}\n\nd: []"),
        ('\ufeff{"a": "caf\\u00e9 \\ud83d\\ude00"}', "a: café 😀"),
        ('{"a": "lone \\ud800 surrogate"}', "a: lone  surrogate"),
        ('{"a": "line\\nbreak\\ttab"}', "a: line\n  break\ttab"),
        ('"only a text"', "- only a text"),
        ('{"a": 1}\n{"b": 2}', "- a: 1\n\n- b: 2"),
        ('{"a": 1}{"b": 2}[3]', "- a: 1\n\n- b: 2\n\n- - 3"),
        ('\x1e{"a": 1}\n\x1e{"b": 2}\n', "- a: 1\n\n- b: 2"),
        ('{"a\\"b": "c\\\\d"}', 'a"b: c\\d'),
        ('{"n": ' + "9" * 5000 + "}", "n: " + "9" * 5000),
    ],
)  # fmt: skip
def test_values_are_kept_as_written(source: str, text: str) -> None:
    assert complete(source).text == text


@pytest.mark.parametrize(
    "source",
    [
        '{\n  // the harbour light\n  "lamp": "oil",\n}',
        '{"lamp": "oil", /* the harbour\n light */ "n": [1, 2,],}',
        '{"lamp": "http://oil", // harbour light\n "m": 1}',
    ],
)
def test_comments_and_last_commas_keep_the_source(source: str) -> None:
    parsed = complete(source)
    assert parsed.text == source
    assert {block.kind for block in parsed.blocks} == {"code"}


@pytest.mark.parametrize(
    ("source", "error_class"),
    [
        ('{"a": 1', "truncated"),
        ('{"a": "x', "truncated"),
        ("{a: 1}", "garbage"),
        ('{"a": 1 "b": 2, "c": 3}', "garbage"),
        ('{"a": 1} and words', "garbage"),
        ("1 2 3", "garbage"),
        ("[" * 300 + "]" * 300, "too_deep"),
    ],
)
def test_what_is_no_json_is_refused(source: str, error_class: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(source.encode(), "a.json")
    assert refused.value.error_class == error_class


@pytest.mark.parametrize(
    "value",
    [BYTES, f"data:image/png;base64,{BYTES}", f"see ![lamp](data:image/png;base64,{BYTES}) here", "0f" * 600],
)
def test_encoded_bytes_are_no_text(value: str) -> None:
    parsed = complete({"title": "Lamp", "picture": value, "after": "oil"})
    assert value[-300:-100] not in parsed.text
    assert "after: oil" in parsed.text
    assert {one.kind for one in parsed.omitted} == {"encoded_data"}


def test_long_texts_that_are_no_bytes_are_kept() -> None:
    sequence = "ACGT" * 200
    assert sequence in complete({"sequence": sequence}).text


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        ('{"id":2,"t":"oil"', "line 2: the JSON ends in the middle"),
        ("{'id': 2}", "line 2: not JSON"),
        ("words", "line 2: not JSON"),
        ('{"a":' * 300 + "1" + "}" * 300, "line 2: nested more than"),
        ('{"a":' * 90_000, "line 2: "),
    ],
)
@pytest.mark.parametrize("suffix", ["jsonl", "ndjson"])
def test_bad_line_costs_that_line(bad: str, cause: str, suffix: str) -> None:
    parsed = complete(f'{{"id":1,"t":"rope"}}\n{bad}\n\n{{"id":3,"t":"tar"}}\n', f"a.{suffix}")
    assert parsed.text == "- id: 1\n  t: rope\n\n- id: 3\n  t: tar"
    assert [one.place.startswith(cause) for one in parsed.omitted] == [True]


def test_cut_last_line_costs_that_line() -> None:
    parsed = complete('{"a": 1}\n{"a": 2}\n{"a": ', "a.jsonl")
    assert [one.kind for one in parsed.omitted] == ["unreadable"]


def test_file_of_bad_lines_is_refused() -> None:
    with pytest.raises(InputError, match="3 of 4 lines"):
        parse(b'words\nmore\n{"a": 1}\nand more\n', "a.jsonl")


def test_indented_objects_called_jsonl() -> None:
    assert complete('{\n  "a": 1\n}\n{\n  "a": 2\n}\n', "a.jsonl").text == "- a: 1\n\n- a: 2"


def test_indented_objects_with_lines_that_are_values() -> None:
    parsed = complete('{"n": [\n1,\n2\n]}\n{"n": [\n3\n]}\n', "a.jsonl")
    assert parsed.text == "- n:\n    - 1\n    - 2\n\n- n:\n    - 3"


def notebook(*cells: Any, **members: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4, **members}


def code(*outputs: Any, source: str = "run()") -> dict[str, Any]:
    return {"cell_type": "code", "source": [source], "outputs": list(outputs)}


def result(**forms: Any) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": {name.replace("_", "/", 1): form for name, form in forms.items()}}


def stream(*lines: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": list(lines)}


def failure(*lines: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": "ValueError", "evalue": "no oil", "traceback": list(lines)}


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (stream("\x1b[31m12 lamps\x1b[0m\n", "10 %\r100 %\n"), "12 lamps\n100 %"),
        (result(text_plain=["3.5 mm"]), "3.5 mm"),
        (result(text_html="<table><tr><th>Item<th>n<tr><td>rope<td>3</table>"), "| rope | 3 |"),
        (result(text_plain="Item\n0 rope", text_html="<table><tr><td>rope</td></tr></table>"), "Item\n0 rope"),
        (result(text_markdown="**Lamp** report", text_plain="<Markdown object>"), "**Lamp** report"),
        (result(text_latex="$x^2$"), "$x^2$"),
        (result(application_json={"lamp": "oil"}), '"lamp": "oil"'),
        (result(text_plain="<Figure size 640x480 with 1 Axes>", image_png=BYTES), "run()"),
        (failure("in line 3\n", "\x1b[0;31mValueError\x1b[0m: no oil"), "in line 3\n\nValueError: no oil"),
        (failure(), "ValueError: no oil"),
        ({"output_type": "pyout", "text": ["3.5 mm"], "png": BYTES}, "3.5 mm"),
        ({"output_type": "display_data", "html": "<p>lit</p>"}, "lit"),
    ],
)  # fmt: skip
def test_outputs_of_a_cell(output: dict[str, Any], wanted: str) -> None:
    parsed = complete(notebook(code(output)), "a.ipynb")
    assert wanted in parsed.text
    assert BYTES[:60] not in parsed.text
    assert "\x1b" not in parsed.text
    assert "Figure size" not in parsed.text


def test_kinds_of_cells() -> None:
    cells = [
        {"cell_type": "markdown", "source": "# Lamps\n\nText of *it*."},
        {"cell_type": "raw", "source": ["raw ", "words"]},
        {"cell_type": "heading", "level": 2, "source": "Oil"},
        code(source="x = 1"),
        {"cell_type": "markdown", "source": ""},
    ]
    parsed = complete(notebook(*cells), "a.ipynb")
    assert parsed.text == "# Lamps\n\nText of *it*.\n\nraw words\n\n## Oil\n\n```python\nx = 1\n```"
    assert parsed.title == "Lamps"


def test_third_version_of_the_format() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "language": "r", "input": ["x <- 1"], "outputs": []}]}]}
    assert complete(old, "a.ipynb").text == "```r\nx <- 1\n```"


@pytest.mark.parametrize("bad", [None, 7, {"cell_type": "code", "source": {"a": 1}}, code("an output that is a text")])
def test_damaged_cell_costs_that_cell(bad: Any) -> None:
    good = {"cell_type": "markdown", "source": "Words after."}
    parsed = parse(json.dumps(notebook(bad, good)).encode(), "a.ipynb")
    assert parsed.text.endswith("Words after.")
    assert [(one.kind, one.place.partition(":")[0]) for one in parsed.omitted] == [("unreadable", "cell 1")]


def test_attached_pictures_are_named() -> None:
    cell = {
        "cell_type": "markdown",
        "source": "![](attachment:lamp.png)",
        "attachments": {"lamp.png": {"image/png": BYTES}},
    }
    parsed = complete(notebook(cell), "a.ipynb")
    assert [(one.kind, one.place) for one in parsed.omitted] == [("encoded_data", "cell 1: lamp.png (image/png)")]


def test_pictures_in_markdown_are_no_text() -> None:
    picture = f"data:image/png;base64,{BYTES}"
    cell = {"cell_type": "markdown", "source": f"# Lamps\n\n![lamp]({picture})\n\nend <img src='{picture}'>"}
    parsed = complete(notebook(cell), "a.ipynb")
    assert BYTES[:60] not in parsed.text
    assert {one.kind for one in parsed.omitted} == {"encoded_data"}


SVG = "<svg xmlns='http://www.w3.org/2000/svg'><metadata>Plot</metadata><title>Oil</title><text>a night</text></svg>"
PLOTLY = {
    "data": [{"type": "bar", "name": "Lamp", "x": ["Monday", 2], "y": [1, 2]}],
    "layout": {
        "title": {"text": "Oil <b>burnt</b>"},
        "xaxis": {"title": "Day"},
        "template": {"layout": {"title": {"text": "no"}}},
    },
}
VEGA = {"title": "Oil", "encoding": {"x": {"field": "day", "title": "Weekday"}}, "datasets": {"a": [{"name": "no"}]}}


@pytest.mark.parametrize(
    ("form", "drawn", "words"),
    [
        ("image/svg+xml", SVG, "Oil a night"),
        ("image/svg+xml", SVG.partition("<title>")[0] + "<path d='M0 0'/></svg>", ""),
        ("image/svg+xml", "<svg><text>a &amp; b</text><script>no()</script></svg>", "a & b"),
        ("image/svg+xml", {"bad": "no"}, ""),
        (
            "image/svg+xml",
            "<svg><text>Oil</text></defs><defs/><defs><text>no</text></defs><text>Lamp</text>",
            "Oil Lamp",
        ),
        ("image/svg+xml", "<svg><text>Oil</text>" + "<metadata><defs>" * 9000, "Oil"),
        ("application/vnd.plotly.v1+json", PLOTLY, "Lamp\nMonday\nOil burnt\nDay"),
        ("application/vnd.vegalite.v5+json", VEGA, "Oil\nWeekday"),
        ("application/vnd.jupyter.widget-view+json", {"model_id": "ab", "text": "no"}, ""),
    ],
)
def test_words_of_drawings_are_kept(form: str, drawn: Any, words: str) -> None:
    document = complete(notebook(code(result(**{form: drawn, "text/plain": "<Figure>"}))), "a.ipynb")
    assert document.text == "```python\nrun()\n```" + (f"\n\nPicture: {words}" if words else "")


def test_html_inside_values_is_read_and_its_tags_are_not() -> None:
    parsed = parse(b'{"body": "<p>One <b>bo<\\/b>ld<br>two</p>", "code": "<p>x</p>", "n": "a < b"}', "a.json")
    assert parsed.text == "body: One bold\n  two\n\ncode: <p>x</p>\n\nn: a < b"
    assert account_of(parsed).n_words_lost == 0
