"""Prompts as files that users can edit, checked before a model sees them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.ids import value_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

VARIABLE = "RAGLAKE_PROMPTS"
_VARIABLES = "variables.json"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PACKAGED = Path(__file__).parent / "prompts"

#: Template -> the placeholders that it must contain; no others are allowed.
PLACEHOLDERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "answer_system": frozenset({"marker", "fence"}),
        "answer_question": frozenset({"sources", "question", "fence"}),
        "answer_weak_evidence": frozenset(),
        "check_sentences": frozenset({"sources", "question", "sentences", "fence"}),
        "standalone": frozenset({"history", "question", "fence"}),
        "rewrite": frozenset({"question", "fence"}),
        "expand": frozenset({"question", "fence", "n_queries"}),
        "hyde": frozenset({"question", "fence"}),
        "decompose": frozenset({"question", "fence", "sources", "n_queries"}),
        "rerank": frozenset({"passages", "question", "fence", "n"}),
        "draft_question": frozenset({"passage", "fence", "kinds"}),
        "find_answer": frozenset({"sources", "question", "fence"}),
        "answer_from_passage": frozenset({"passage", "question", "fence"}),
        "answer_unaided": frozenset({"question", "fence"}),
        "same_answer": frozenset({"question", "first", "second", "fence"}),
        "judge_faithfulness": frozenset({"sources", "question", "answer", "fence"}),
        "judge_relevance": frozenset({"question", "answer", "fence"}),
        "judge_precision": frozenset({"sources", "question", "reference", "fence", "n"}),
        "judge_recall": frozenset({"sources", "question", "reference", "fence"}),
        "judge_correctness": frozenset({"question", "reference", "answer", "fence"}),
    }
)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The templates' texts by name, with their own variables filled in; ``digest`` identifies a set of prompts."""

    texts: Mapping[str, str]

    @property
    def digest(self) -> str:
        return value_digest(dict(self.texts))

    def render(self, name: str, **words: str) -> str:
        """The template with its placeholders filled; leaves a ``$`` in the inserted text alone."""
        return Template(self.texts[name]).substitute(words).strip()

    def n_stable(self, name: str, **fixed: str) -> int:
        """Number of characters at the beginning of the rendered template that requests share, as whole paragraphs.

        Only placeholders in ``fixed`` are filled in them, which have the same words in every request.
        """
        text = self.texts[name].strip()
        others = [found.start() for found in Template.pattern.finditer(text) if _name_in(found) not in (None, *fixed)]
        end = max(text.rfind("\n\n", 0, others[0]), 0) if others else len(text)
        return len(Template(text[:end]).substitute(fixed))


def load_prompts(folder: str | Path | None = None) -> Prompts:
    """The packaged prompts, replaced by those in ``folder`` or RAGLAKE_PROMPTS: NAME.md or NAME.txt.

    ``variables.json`` there holds texts by name, which fill further placeholders of these templates. Raises UsageError
    for a missing folder, a file of unknown name, and a template with missing or unknown placeholders.
    """
    texts = dict(_packaged())
    chosen = folder or os.environ.get(VARIABLE) or None
    if chosen is not None:
        texts |= _own(Path(chosen))
    return Prompts(MappingProxyType(texts))


def _name_in(found: re.Match[str]) -> str | None:
    """The placeholder's name; that of a doubled dollar sign is none, and so it counts as fixed."""
    return None if found["escaped"] is not None else found["named"] or found["braced"]


@cache
def _packaged() -> Mapping[str, str]:
    return {name: (_PACKAGED / f"{name}.md").read_text(encoding="utf-8") for name in PLACEHOLDERS}


def _own(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise UsageError(f"no folder of prompts {str(folder)!r}; create it, or unset {VARIABLE} for the packaged ones")
    variables = _variables(folder / _VARIABLES)
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".md", ".txt")]
    return {path.stem: _filled(_checked(path, variables), variables) for path in files}


def _variables(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read as JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UsageError(f'{path} must be an object of texts, such as {{"company": "Example Ltd"}}')
    taken = frozenset[str]().union(*PLACEHOLDERS.values())
    for name in found:
        if name in taken or not _NAME.fullmatch(name):
            raise UsageError(
                f"{path}: {name!r} must be a name of ASCII letters, digits and underscores, and none of {_list(taken)}"
            )
    return found


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """The template with its variables filled in, and its other placeholders as they are."""

    def value(found: re.Match[str]) -> str:
        # What is put in is a part of the template, in which a dollar sign is written twice.
        name = _name_in(found) or ""
        return variables[name].replace("$", "$$") if name in variables else found[0]

    return Template.pattern.sub(value, text)


def _checked(path: Path, variables: Collection[str]) -> str:
    wanted = PLACEHOLDERS.get(path.stem)
    if wanted is None:
        raise UsageError(f"no prompt is called {path.name!r}; the prompts are {', '.join(sorted(PLACEHOLDERS))}")
    text = path.read_text(encoding="utf-8")
    template = Template(text)
    if not template.is_valid():
        raise UsageError(f"{path} has a '$' that begins no placeholder; write '$$' for a dollar sign")
    found = set(template.get_identifiers()) - set(variables)
    for what, names in (("lacks", wanted - found), ("has unknown", found - wanted)):
        if names:
            listed = ", ".join(f"${name}" for name in sorted(names))
            needs = f"it needs {_list(wanted) or 'no placeholder'}, and {_VARIABLES} beside it may define more"
            raise UsageError(f"{path} {what} {listed}; {needs}")
    return text


def _list(names: frozenset[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(names))
