"""What a line of AsciiDoc begins, ends or states of the block after it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lake.parse.markup.asciidoc_lists import item_of
from lake.parse.markup.asciidoc_source import ATTRIBUTE, CONDITION, DELIMITER, INCLUDE, MARKS

HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?[ \t]*$")
BLOCK_TITLE = re.compile(r"\.(?!\.)(\S.*)$")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):[ \t]+(?=\S)")
MACRO = re.compile(r"(image|video|audio|toc|plantuml|ditaa|graphviz|icon)::([^\s\[\]]*(?: [^\[\]]*)?)\[(.*)\][ \t]*$")
_VALUE = re.compile(r"(?:^|,)\s*(?:([\w-]+)\s*=\s*)?(?:\"((?:\\.|[^\"])*)\"|([^,]*))")


@dataclass(slots=True)
class BlockMarks:
    """What lines before a block state of it: its title, its style and other positional values, its named values."""

    title: str = ""
    values: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    @property
    def style(self) -> str:
        return re.split("[.#%]", self.values[0])[0].strip().lower() if self.values else ""

    def add(self, line: str) -> None:
        inner = line.strip()[1:-1]
        if inner.startswith("["):
            return
        for number, (name, quoted, plain) in enumerate(_VALUE.findall(inner)):
            value = (quoted or plain).strip()
            if name:
                self.named[name.lower()] = value
                continue
            self.values += [""] * (number + 1 - len(self.values))
            self.values[number] = value or self.values[number]

    def has(self, option: str) -> bool:
        stated = ",".join((*self.values[:1], self.named.get("options", ""), self.named.get("opts", "")))
        return option in re.split("[.#%, ]", stated)


def inside(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str], int]:
    """The lines of a delimited block, and the line after it; one that is never closed ends with the text."""
    end = delimiter if not delimiter.startswith("```") else "```"
    for number in range(at + 1, len(lines)):
        if lines[number].rstrip() == end:
            return list(lines[at + 1 : number]), number + 1
    return list(lines[at + 1 :]), len(lines)


def interrupts(line: str) -> bool:
    """Whether a line ends the paragraph before it without a blank line."""
    return any(pattern.match(line) for pattern in (DELIMITER, MARKS, INCLUDE, CONDITION, ATTRIBUTE))


def ends_item(line: str) -> bool:
    return item_of(line) is not None or interrupts(line)


def is_apart(line: str) -> bool:
    """Whether a block is no paragraph, which the lines of a list can hold."""
    return bool(DELIMITER.match(line) or MACRO.match(line)) or is_indented(line)


def starts_block(line: str) -> bool:
    patterns = (HEADING, MACRO, BLOCK_TITLE, _ADMONITION)
    return ends_item(line) or any(pattern.match(line) for pattern in patterns)


def is_indented(line: str) -> bool:
    return line[:1] in " \t" and bool(line.strip())
