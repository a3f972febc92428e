"""Requests JSON of a schema from a chat model, with fenced data, and has an invalid reply repaired once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lake.answer.chat import Message
from lake.answer.fences import fence_of, fenced
from lake.answer.json_replies import first_object
from lake.errors import ContractError
from lake.ids import value_digest

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel
    from lake.answer.context import Context
    from lake.answer.templates import Prompts

T = TypeVar("T")

_REPAIR = "That can't be used: {why}. Reply again, with one JSON object of the form asked for and nothing else."


@dataclass(frozen=True)
class Form(Generic[T]):
    """The form of a reply: a template, its JSON schema, and ``read``, which raises ValueError to reject a value.

    ``words`` fill fixed placeholders of the template; ``max_tokens`` limits the reply.
    """

    prompt: str
    schema: Mapping[str, Any]
    read: Callable[[dict[str, Any]], T]
    max_tokens: int = 800
    words: Mapping[str, str] | None = None


def filled(
    chat: ChatModel, prompts: Prompts, form: Form[T], *, context: Context | None = None, **data: str
) -> T | None:
    """The model's reply as a value; None if even the repaired reply is invalid.

    ``data`` is text from elsewhere, fenced, each under its name. ``context`` is put under ``sources``.
    """
    fence = context.fence(*data.values()) if context else fence_of(*data.values())
    shown = {name: fenced(name, text, fence) for name, text in data.items()}
    if context:
        shown["sources"] = context.render(fence)
    prompt = prompts.render(form.prompt, fence=fence, **shown, **(form.words or {}))
    messages = [Message("user", prompt)]
    for _ in range(2):
        try:
            reply = chat.complete(messages, max_tokens=form.max_tokens, json_schema=dict(form.schema))
        except ContractError:  # an empty reply, or one that can't be read
            return None
        if reply.finish_reason == "refused":
            return None
        try:
            return _read(form, reply.text)
        except ValueError as wrong:
            repair = Message("user", _REPAIR.format(why=wrong))
            messages = [messages[0], Message("assistant", reply.text), repair]
    return None


def _read(form: Form[T], text: str) -> T:
    found = first_object(text)
    if found is None:
        raise ValueError("it holds no JSON object")
    for name, kind in form.schema["properties"].items():
        _check(name, found.get(name), kind)
    return form.read(found)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "array": (list,),
    "object": (dict,),
}


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    """Raises ValueError unless the value has the schema's type, down to the leaves."""
    kind = schema["type"]
    is_number_that_is_none = kind == "integer" and isinstance(value, bool)
    if not isinstance(value, _TYPES[kind]) or is_number_that_is_none:
        raise ValueError(f"{name} must be of type {kind}")
    if "enum" in schema and value not in schema["enum"]:
        raise ValueError(f"{name} must be one of {list(schema['enum'])}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            _check(f"{name}[{number}]", item, schema["items"])
    if isinstance(value, dict):
        for part, inner in schema["properties"].items():
            _check(f"{name}.{part}", value.get(part), inner)


TEXT: Mapping[str, Any] = {"type": "string"}
FLAG: Mapping[str, Any] = {"type": "boolean"}
NUMBER: Mapping[str, Any] = {"type": "integer"}


def one_of(names: Sequence[str]) -> Mapping[str, Any]:
    """The schema of a text from a fixed list."""
    return {"type": "string", "enum": list(names)}


def many(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a list of such items."""
    return {"type": "array", "items": dict(item)}


def an_object(**properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": {name: dict(schema) for name, schema in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


def versions(prompts: Prompts, names: Iterable[str]) -> str:
    """Digest of these templates, which scores and questions record as their origin."""
    return value_digest({name: prompts.texts[name] for name in names})[:12]
