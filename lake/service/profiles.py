"""Search profiles: other search options, another chat model or other prompts, for requests that choose one or for a
share of the sessions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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
#: Options of a search that are shown for one that chooses no profile.
_SHOWN = ("mode", "fusion", "alpha", "expand", "window", "rerank", "rerank_depth", "rerank_weight", "collapse", "k")
_FIELDS = ("search", "answers", "model")


@dataclass(frozen=True, slots=True)
class Profile:
    """Search options, answer options and a chat model that replace those of the service and of a request."""

    search: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    chat: ChatModel | None = None

    def answering(self, usual: AnswerOptions) -> AnswerOptions:
        return replace(usual, **self.answers)


def read_profiles(paths: Iterable[str]) -> dict[str, Profile]:
    """The profiles that requests may choose, by the name of their file without ``.json``."""
    found: dict[str, Profile] = {}
    for path in paths:
        if (name := Path(path).stem) in found:
            raise UsageError(f"two profiles are called {name}; rename one of the files")
        found[name] = read_profile(path)
    return found


def chosen(profiles: Mapping[str, Profile], name: str) -> Profile:
    """The profile that a request names; raises UsageError if there is none of that name."""
    if name not in profiles:
        raise UsageError(f"this service has no profile {name!r}; it has {', '.join(profiles) or 'none'}")
    return profiles[name]


def described(profiles: Mapping[str, Profile], defaults: SearchDefaults, options: Mapping[str, Any]) -> dict[str, Any]:
    """A ProfilesResult. ``options`` of the service go before the lake's ``defaults``."""
    configured = {name: options.get(name, getattr(defaults, name)) for name in _SHOWN}
    return {
        "configured": configured,
        "profiles": [
            {"name": name, "search": dict(one.search), "model": one.chat.name if one.chat else None}
            for name, one in profiles.items()
        ],
    }


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
