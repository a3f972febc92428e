"""Profiles on trial: other search options, another chat model or other prompts for a share of the sessions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.answer import AnswerOptions, load_chat
from lake.errors import UsageError
from lake.options import SearchDefaults, options
from lake.options.checks import check_names

if TYPE_CHECKING:
    from lake.answer import ChatModel

#: Options of answers that a profile may set; the others belong to the request.
ANSWERING = ("budget_tokens", "max_tokens", "min_evidence", "temperature", "check", "link_template", "prompts")
_FIELDS = ("search", "answers", "model")


@dataclass(frozen=True, slots=True)
class Profile:
    """Search options, answer options and a chat model that replace those of the service and of a request."""

    search: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    chat: ChatModel | None = None

    def answering(self, usual: AnswerOptions) -> AnswerOptions:
        return replace(usual, **self.answers)


def read_profile(path: str) -> Profile:
    """The profile of a JSON file ``{"search": {...}, "answers": {...}, "model": ...}``, whose parts may be left out.

    Raises UsageError, which names the file, if it can't be read, has other names, or a value is not allowed.
    """
    try:
        found = json.loads(Path(path).read_text("utf-8"))
        if not isinstance(found, Mapping):
            raise UsageError('it must hold an object, such as {"search": {"rerank": "own"}}')
        return _profile(found)
    except OSError as error:
        raise UsageError(f"the profile {path} can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError, UsageError) as error:
        raise UsageError(f"the profile {path} is invalid: {error}") from error


def _profile(found: Mapping[str, Any]) -> Profile:
    check_names("it", "names", found, _FIELDS)
    parts = {name: found.get(name, {}) for name in ("search", "answers")}
    for name, part in parts.items():
        if not isinstance(part, Mapping):
            raise UsageError(f"{name} must be an object of options")
    model = found.get("model")
    if model is not None and not (isinstance(model, str) and model):
        raise UsageError("model must be a chat model, such as openai:gpt-4.1-mini")
    if not any(parts.values()) and model is None:
        raise UsageError(f"it changes nothing; it may have {', '.join(_FIELDS)}")
    check_names("search", "options", parts["search"], options(SearchDefaults).keys() - {"k"})
    SearchDefaults(**parts["search"])
    check_names("answers", "options", parts["answers"], ANSWERING)
    AnswerOptions(**parts["answers"])
    return Profile(parts["search"], parts["answers"], None if model is None else load_chat(model))
