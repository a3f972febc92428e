"""Options of an answer from the passages found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from lake.errors import UsageError
from lake.options.declaration import check, option

Check = Literal["rules", "model"]
Understand = Literal["rewrite", "expand", "hyde", "decompose"]

#: Rejects 3 in 1,000 of the answerable questions in English, 1 to 2 in 100 in Spanish and German, and 7 in 100 in
#: Chinese.
_MIN_EVIDENCE = 0.03

_LINK_FIELDS = ("uri", "source", "page", "start", "end", "doc_id")
#: A field of a link's template.
LINK_FIELD = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class ExpansionLimits:
    """Maximum queries of one expansion or hop, hops, and calls of the model for one question."""

    max_queries: int = 4
    max_hops: int = 3
    max_calls: int = 6
    max_tokens: int = 400


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """Number of passages, and limits of the model's request and answer."""

    k: int = option(8, "Number of passages to answer from.", least=1)
    budget_tokens: int = option(
        8000, "Maximum size of a request, in tokens: instructions, sources, question and output.", least=1
    )
    max_tokens: int = option(1000, "Maximum size of the answer, in tokens.", least=1)
    temperature: float = option(0.0, "Sampling temperature of the model.", least=0)
    min_evidence: float = option(
        _MIN_EVIDENCE, "Call no model if the passages are less likely than this to hold the answer.", least=0, most=1
    )
    understand: tuple[Understand, ...] = option(
        (), "Rework the question before the search; each strategy calls the model, and decompose searches again."
    )
    check: Check = option(
        "rules", "How to check each sentence against its sources; model calls the chat model once more."
    )
    link_template: str | None = option(
        None,
        "Address at which a person reads a source, with {uri}, {source}, {page}, {start}, {end} and {doc_id}.",
        unset="the uri of a document from the web",
    )
    model_seconds: float = option(60.0, "With degrade, maximum seconds to wait for the chat model.", above=0)
    limits: ExpansionLimits = field(default_factory=ExpansionLimits)
    prompts: str | None = option(None, "Folder of prompt templates.", unset="$RAGLAKE_PROMPTS, else the built-in ones")

    def __post_init__(self) -> None:
        check(self)
        if self.link_template is not None:
            check_link(self.link_template)


def check_link(template: str) -> None:
    """Raises UsageError unless the template is an http(s) address whose fields are known.

    >>> check_link("https://wiki.example/{uri}#page={page}")
    """
    unknown = [name for name in LINK_FIELD.findall(template) if name not in _LINK_FIELDS]
    if unknown or "{" in LINK_FIELD.sub("", template) or not template.startswith(("http://", "https://")):
        known = ", ".join(f"{{{name}}}" for name in _LINK_FIELDS)
        raise UsageError(f"link_template={template!r} must begin with https:// or http://, and may have {known}")
