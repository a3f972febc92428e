"""Front matter is a mapping, read as it is written, or it is text; unreadable rights close the document."""

from __future__ import annotations

import json
import tracemalloc
from time import thread_time
from typing import Any

import pytest

from lake.ingest.rows import stated_of
from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of


def parsed(source: str) -> ParsedDocument:
    return parse(source.encode(), "a.md")


def yaml(fields: str) -> ParsedDocument:
    return parsed(f"---\n{fields}\n---\n\nThe pump.\n")


FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "numbers": ("weight: 3\nratio: 3.5\nbelow: -2", {"weight": 3, "ratio": 3.5, "below": -2}),
    "versions as written": (
        "v: 1.10\nw: 2.0\nx: 1.2.3\ny: 010\nz: 1_000",
        {"v": "1.10", "w": 2.0, "x": "1.2.3", "y": "010", "z": "1_000"},
    ),
    "words that YAML takes for truth": ("a: no\nb: Yes\nc: on\nd: true", {"a": "no", "b": "Yes", "c": "on", "d": True}),
    "dates as written": ("a: 2031-05-06\nb: 2031-05-06T10:00:00Z", {"a": "2031-05-06", "b": "2031-05-06T10:00:00Z"}),
    "times as written": ("opens: 12:30\nhex: 0x1F\nexp: 1e3", {"opens": "12:30", "hex": "0x1F", "exp": "1e3"}),
    "quoted numbers": ("a: '3'\nb: \"1.5\"", {"a": "3", "b": "1.5"}),
    "nothing": ("a: ~\nb:\nc: ''\nd: x", {"d": "x"}),
    "nested": ("owner:\n  name: Ida\n  years: [2030, 2031]", {"owner": {"name": "Ida", "years": ["2030", "2031"]}}),
    "list of mappings": ("v:\n  - id: 1\n    os: linux", {"v": [{"id": 1, "os": "linux"}]}),
    "list as written": ("v: [1.10, no, 3, true]", {"v": ["1.10", "no", "3", "true"]}),
    "folded": ("about: >-\n  one\n  two", {"about": "one two"}),
    "merge": ("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2", {"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
    "huge number": (f"n: {'9' * 5000}", {"n": "9" * 5000}),
    "colon in a value": ("topic: Pumps: how to reset\nnext: x", {"topic": "Pumps: how to reset", "next": "x"}),
    "template": ("topic: {{ page.title }}\nnext: x", {"topic": "{{ page.title }}", "next": "x"}),
    "unknown alias": ("topic: *todo\nnext: x", {"topic": "*todo", "next": "x"}),
    "at sign": ("topic: @ida\nnext: x", {"topic": "@ida", "next": "x"}),
    "percent": ("topic: %d items\nnext: x", {"topic": "%d items", "next": "x"}),
    "tab": ("topic:\tpumps\nnext: x", {"topic": "pumps", "next": "x"}),
    "quotes inside": ('topic: "Pumps" and valves\nnext: x', {"topic": '"Pumps" and valves', "next": "x"}),
    "open quote": ("topic: 'tis so\nnext: x", {"topic": "'tis so", "next": "x"}),
    "unknown tag": ("topic: !Ref pump\nnext: x", {"topic": "!Ref pump", "next": "x"}),
    "object of Python": (
        "topic: !!python/object/apply:os.system [ls]\nnext: x",
        {"topic": "!!python/object/apply:os.system [ls]", "next": "x"},
    ),
    "broken field beside good ones": (
        "bad: a: b\nowner:\n  name: Ida: the boss\n  team: north\nv:\n- x: y: z\n- 2",
        {
            "bad": "a: b",
            "owner": {"name": "Ida: the boss", "team": "north"},
            "v": ["x: y: z", "2"],
        },
    ),
    "no space after the colon": ("topic:pumps\nnext: x", {"topic": "pumps", "next": "x"}),
    "comments": ("# who\nowner: Ida # the boss\ntype: x", {"owner": "Ida", "type": "x"}),
}


@pytest.mark.parametrize(("fields", "expected"), FIELDS.values(), ids=FIELDS)
def test_fields_are_kept_as_they_are_written(fields: str, expected: dict[str, Any]) -> None:
    document = yaml(fields)
    assert document.metadata == expected
    assert document.text.strip() == "The pump."


def test_title_author_and_language_have_columns() -> None:
    document = yaml("title: Pumps: how to reset\nauthor: [Ida, Ole]\nlang: en\ntags: [a, b]")
    assert (document.title, document.author, document.language) == ("Pumps: how to reset", "Ida, Ole", "en")
    assert document.metadata == {"tags": ["a", "b"]}
    assert yaml("title: 1.10").title == "1.10"
    assert yaml("title: no").title == "no"


TOML = "+++\ntitle = 'Pumps'\nv = 1.10\nw = 2.5\ndate = 2031-05-06\n[owner]\nname = 'Ida'\n+++\n\nThe pump.\n"
JSON = '{\n  "title": "Pumps",\n  "owner": {"name": "Ida"}\n}\n\nThe pump.\n'


def test_toml_and_json_are_front_matter_too() -> None:
    document = parsed(TOML)
    assert (document.title, document.text.strip()) == ("Pumps", "The pump.")
    assert document.metadata == {"v": "1.10", "w": 2.5, "date": "2031-05-06", "owner": {"name": "Ida"}}
    for source in (JSON, f"---json\n{JSON}".replace("}\n\n", "}\n---\n\n"), "---toml\ntitle = 'Pumps'\n---\nThe pump."):
        document = parsed(source)
        assert (document.title, document.text.strip()) == ("Pumps", "The pump.")


@pytest.mark.parametrize("end", ["---", "...", "--- "])
def test_a_block_ends_at_a_fence(end: str) -> None:
    assert parsed(f"---\ntitle: Pumps\n{end}\nThe pump.").text == "The pump."


TEXTS = {
    "slides": "---\n\n# Agenda\n\nToday: budget and crane\n\n---\n\n# Second slide\n",
    "heading": "---\n# Part two: the pumps\n---\n\nThe pump.\n",
    "heading and a field": "---\n# Agenda\nToday: budget\n---\nThe pump.\n",
    "sentence": "---\nNote that this is the important thing to know: reset it.\n---\nThe pump.\n",
    "words": "---\nPart two\n---\nThe pump.\n",
    "list": "---\n- one\n- two\n---\nThe pump.\n",
    "fields and prose": "---\nslide: one\n\nThe budget grows.\n---\nThe pump.\n",
    "table": "---\n| a | b |\n|---|---|\n| c | d |\n---\n",
    "no end": "---\ntitle: Pumps\n\nThe pump.\n",
    "rule": "Words\n\n---\ntitle: x\n---\n",
    "after a blank line": "\n---\ntitle: x\n---\n",
    "TOML with an error": "+++\ntitle = Pumps\n+++\nThe pump.\n",
    "JSON in the text": '{ "a": 1 } is an object.\n',
    "expression of MDX": "{/* a comment */}\n\nThe pump.\n",
    "two fields of one name": "---\na: b: c\na: d\n---\nThe pump.\n",
    "too large": "---\n" + "key: word\n" * 9000 + "---\nThe pump.\n",
}


@pytest.mark.parametrize("source", TEXTS.values(), ids=TEXTS)
def test_what_is_no_mapping_is_text(source: str) -> None:
    document = parsed(source)
    assert document.text.split() == source.split()
    assert document.metadata == {}
    assert document.omitted == ()


def test_comments_of_front_matter_are_counted() -> None:
    [comment] = yaml("# who wrote it\nowner: Ida").omitted
    assert (comment.kind, comment.n_words) == ("hidden", 3)


BOMB = "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
CLOSED = {
    "list of mappings": "---\n- acl: [a]\n---\nText\n",
    "broken TOML": "+++\nacl = [a]\n+++\nText\n",
    "broken list": "---\ntitle: x\nacl: [a, b\n---\nText\n",
    "indented by mistake": "---\ntitle: x\n  acl: [a]\n---\nText\n",
    "a line of prose": "---\nacl: [a]\nThis is no field.\n---\nText\n",
    "after a blank line": "\n---\nacl: [a]\n---\nText\n",
    "after a form feed": "\f---\nacl: [a]\n---\nText\n",
    "after a comment": "<!-- licence -->\n<!-- more -->\n---\nacl: [a]\n---\nText\n",
    "after spaces": "  ---\nacl: [a]\n---\nText\n",
    "after a blank line without an end": "\n\n---\nacl: [a]\n\nText\n",
    "no end": "---\nacl: [a]\n\nText\n",
    "too large": "---\n" + "# filler\n" * 9000 + "acl: [a]\n---\nText\n",
    "too large before the end": "---\nacl: [a]\n" + "# filler\n" * 9000 + "---\nText\n",
    "twice": "---\nacl: [a]\nacl: [b]\n---\nText\n",
    "text": "---\nacl: everybody\n---\nText\n",
    "empty": "---\nacl:\n---\nText\n",
    "numbers": "---\nacl: [1, {a: b}]\n---\nText\n",
    "flow mapping": "---\n{title: x, acl: [a}\n---\nText\n",
    "broken JSON": '{\n  "title": "x",\n  "acl": ["a",,]\n}\n\nText\n',
    "broken JSON of a fence": '---json\n{"title": "x", "acl": ["a",,]}\n---\nText\n',
    "capitals": "---\nACL: [a\n---\nText\n",
    "quoted": "---\n'acl': [a\n---\nText\n",
    "blank first line": "---\n\nacl: [a\n---\nText\n",
    "too many values": f"---\na0: &a0 [x, x]\n{BOMB}acl: [a]\n---\nText\n",
}


@pytest.mark.parametrize("source", CLOSED.values(), ids=CLOSED)
def test_rights_that_are_not_understood_close_the_document(source: str) -> None:
    document = parsed(source)
    assert "Text" in document.text
    stated = stated_of(json.dumps(document.metadata), None)
    assert stated["acl"] == []
    assert stated["problems"]


def test_rights_in_a_block_that_is_no_mapping_are_remarked_on() -> None:
    [remark] = parsed(CLOSED["after a blank line"]).omitted
    assert remark.kind == "unreadable"
    assert "nobody may see the document" in remark.place


OPEN = {
    "no acl": "---\n- one\n---\nText\n",
    "acl in the text": "---\ntitle: x\n---\nacl: [a]\n",
    "acl in prose": "---\n\n# ACL of switches\n\nThe acl decides: yes.\n\n---\nText\n",
    "acl after a rule": "Text\n\n---\nacl: [a]\n---\n",
    "acl of something else": "---\nswitch:\n  acl: [a]\n---\nText\n",
}


@pytest.mark.parametrize("source", OPEN.values(), ids=OPEN)
def test_other_documents_stay_open(source: str) -> None:
    assert "acl" not in stated_of(json.dumps(parsed(source).metadata), None)


@pytest.mark.parametrize(
    "source",
    [
        "---\nacl: [a, b]\n---\nText",
        "+++\nacl = ['a', 'b']\n+++\nText",
        '{"acl": ["a", "b"]}\n\nText',
        "---\ntitle: a: b\nacl: [a, b]\n---\nText",
        "---\ntitle: 'x\nacl: [a, b]\n---\nText",
    ],
)
def test_rights_that_are_understood_hold(source: str) -> None:
    assert parsed(source).metadata == {"acl": ["a", "b"]}


HOSTILE = {
    "bomb of aliases": f"---\na0: &a0 [x, x]\n{BOMB}---\nText",
    "bomb of texts": "---\na: &a " + "x" * 9000 + "\nb: &b [" + "*a, " * 900 + "]\n---\nText",
    "deep flow": "---\na: " + "[" * 3000 + "]" * 3000 + "\n---\nText",
    "deep blocks": "---\n" + "".join(f"{' ' * i}a:\n" for i in range(300)) + "---\nText",
    "many broken fields": "---\n" + "".join(f"k{i}: a: b\n" for i in range(4000)) + "---\nText",
    "many comments": "<!-- x -->\n" * 5000 + "---\n",
    "open comments": "<!-- x \n" * 9000 + "---\n",
    "colons": "---\n" + "a: " * 20_000 + "\n---\nText",
    "spaces": "---\nk" + " " * 60_000 + "\n---\nText",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_front_matter_is_read_in_a_moment(source: str) -> None:
    began = thread_time()
    document = parsed(source)
    assert len(str(document.metadata)) < 1_000_000
    assert thread_time() - began < 3


PAYLOAD = "iVBORw0KGgoAAAANSUhEUgAA" * 20
PICTURES = {
    "image": (f"![a lamp](data:image/png;base64,{PAYLOAD}==) burns", "![a lamp](data:image/png) burns"),
    "image with a title": (f'![x](data:image/png;base64,{PAYLOAD} "Lamp")', '![x](data:image/png "Lamp")'),
    "image in brackets": (f"![x](<data:image/png;base64,{PAYLOAD}>)", "![x](<data:image/png>)"),
    "definition": (f"![x][1]\n\n[1]: data:image/png;base64,{PAYLOAD}\n", "[1]: data:image/png\n"),
    "HTML": (f'<img alt="x" src="data:image/jpeg;base64,{PAYLOAD}"/>', '<img alt="x" src="data:image/jpeg"/>'),
    "style": (
        f"<i style='background: url(data:font/woff2;charset=utf-8;base64,{PAYLOAD})'>x</i>",
        "url(data:font/woff2)",
    ),
    "lines": (
        f'<img src="data:image/png;base64,{PAYLOAD[:76]}\n{PAYLOAD[:76]}\n{PAYLOAD[:9]}=="> burns',
        '<img src="data:image/png"> burns',
    ),
    "escapes": (f"![x](data:image/png;base64,{PAYLOAD}%2B%3D%3D)", "![x](data:image/png)"),
    "capitals": (f"![x](DATA:image/PNG;BASE64,{PAYLOAD})", "![x](data:image/PNG)"),
    "drawing": (
        "![x](data:image/svg+xml,%3Csvg%20xmlns%3D%22http%3A%2F%2Fwww.w3.org%2F2000%2Fsvg%22%3E%3C%2Fsvg%3E)",
        "![x](data:image/svg+xml)",
    ),
}


@pytest.mark.parametrize(("source", "held"), PICTURES.values(), ids=PICTURES)
def test_pictures_in_the_text_are_not_text(source: str, held: str) -> None:
    document = parsed(f"Words before.\n\n{source}\n\nWords after.\n")
    assert held in document.text
    assert PAYLOAD[:20] not in document.text
    assert "Words after." in document.text
    assert [one.kind for one in document.omitted] == ["encoded_data"]
    assert account_of(document).n_words_lost == 0


@pytest.mark.parametrize(
    "text", ["data:text/plain;base64,SGVsbG8=", "some data: a, b; base64, words", f"key {PAYLOAD}"]
)
def test_short_data_and_other_texts_stay(text: str) -> None:
    assert parsed(f"Words {text}.").text == f"Words {text}."


def test_keys_of_toml_take_no_more_memory_than_their_text() -> None:
    source = f"+++\n{'a.' * 3000}b = 1\nacl = ['hr']\n+++\n# Title\n\nText.\n".encode()
    parse(b"+++\ntitle = 'a'\n+++\nText.\n", "warm.md")
    tracemalloc.start()
    try:
        found = parse(source, "a.md")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.metadata["acl"] is None  # nobody may see it
    assert peak < 10_000_000
