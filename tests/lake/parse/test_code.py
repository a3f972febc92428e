"""Source code is its own text: every line is in a block, whatever the grammar makes of it."""

from __future__ import annotations

import pytest

from lake.parse import parse
from lake.parse.code_limits import is_slow

SOURCES = {
    "a.py": "#!/usr/bin/env python\nimport os\n\n\nclass Lamp:\n    def lit(self):\n        pass\n\nX = 2\n",
    "broken.py": "def f(:\n    return ((\n\nclass\n\nrest = 1\n",
    "a.js": "const f = () => 1;\nexport default class A { m() {} }\n// end",
    "a.ts": "export type A = string;\nnamespace N { export function f(): void {} }\n",
    "a.go": "package main\n\nfunc (l *Lamp) Lit() bool { return true }\n",
    "a.rs": "#[derive(Debug)]\nstruct A;\nimpl A { fn m(&self) {} }\n",
    "a.java": "package p;\npublic record A(int x) { void m() {} }\n",
    "a.c": "#define X 1\nstruct s { int a; };\nint main(void) { return X; }\n",
    "a.sh": "set -e\nlit() { echo on; }\nlit\n",
    "a.sql": "SELECT 1;\n\n-- after\nSELECT 2;\n",
    "a.yaml": "lamp: oil\n\nn: 1.10\n",
    "Makefile": "all:\n\techo on\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_line_is_in_a_block(name: str, ends: str) -> None:
    source = SOURCES[name]
    parsed = parse(source.replace("\n", ends).encode(), name)
    assert parsed.text == source
    assert parsed.source_text is None
    kept = "".join(parsed.text[block.start : block.end] for block in parsed.blocks)
    assert "".join(kept.split()) == "".join(source.split())


def test_comments_in_other_scripts_do_not_move_the_blocks() -> None:
    source = "# Фонарь 灯塔\ndef lit():\n    return '灯'\n\n\ndef out():\n    return 'é'\n"
    parsed = parse(source.encode(), "a.py")
    assert [block.label for block in parsed.blocks] == ["lit", "out"]
    assert parsed.text[parsed.blocks[1].start :].startswith("def out")


@pytest.mark.parametrize(
    ("line", "suffix"),
    [("\\\n", "py"), ("  \\\n", "pyi"), ('r#"\n', "rs"), ('br##"#"\n', "rs"), ("cat <<-E\n\t", "sh")],
)
def test_what_a_grammar_reads_slowly_is_kept_in_paragraphs(line: str, suffix: str) -> None:
    source = f"{line * 40_000}\n\nlast"
    assert is_slow(source, f".{suffix}")
    document = parse(source.encode(), f"a.{suffix}")
    assert document.text == source
    assert document.omitted == ()
    assert source[document.blocks[-1].start :] == "last"


@pytest.mark.parametrize(
    ("source", "suffix"),
    [
        ("x = 1 + \\\n" * 9000, ".py"),
        ('let a = r#"b"#;\n' * 9000, ".rs"),
        ('let a = r##"b"# c"##;\n' * 9000, ".rs"),
        ("cat <<E\na\nE\n" * 900, ".sh"),
        ("\\\n" * 9000, ".c"),
    ],
)
def test_long_programs_keep_their_units(source: str, suffix: str) -> None:
    assert not is_slow(source, suffix)


def test_shells_with_characters_that_their_grammar_can_t_look_up() -> None:
    text = "füllen() {\n  echo {0\U000dc762T}\n}\n\n暖機() {\n  echo {1..\U0001f600}\n}\n"
    for suffix in (".sh", ".bash", ".zsh"):
        document = parse(text.encode(), f"a{suffix}")
        assert document.text == text
        assert [block.heading for block in document.blocks] == [("füllen",), ("暖機",)]
