"""Fields of front matter as JSON values: from TOML, from YAML, and from what is nearly YAML; and the acl among them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any
from unicodedata import category, normalize

from lake.parse.rights_words import RIGHTS_KEY

_MOST_VALUES = 10_000
_MOST_CHARACTERS = 1 << 18
_DEEPEST = 20
_RIGHTS = re.compile(
    rf"""(?:^|[{{,?])[ \t]*(?:-[ \t]+)*(?:[!&]\S+[ \t]+)?["']?{RIGHTS_KEY}["']?[ \t]*(?:[:=]|$)""",
    re.MULTILINE | re.IGNORECASE,
)
#: A dotted key of TOML whose parts take the square of their number in time and memory; possessive, to be linear itself.
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){64}""")
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
#: A field of YAML that is no YAML.
_FIELD = re.compile(r"""(["']?)([^\W\d_][\w$@./ -]{0,60}?)\1[ \t]*:(?:[ \t]+(.*)|(?=[^\s/])(.*)|)$""")
#: Between the words of a sentence with a word and a colon before it.
_LEAST_SPACES = 4
_KEY = re.compile(r"[\w$@.:/-]{1,60}(?: [\w.-]{1,30}){0,2}")
_USUAL_WORDS = (
    "title subtitle author authors date tags categories category keywords description summary layout permalink slug "
    "draft lang language id type weight aliases acl sidebar_position sidebar_label nav_order parent version status "
    "owner image"
)
#: Keys of which one shows that a block with comments or a blank first line is front matter, not text.
_USUAL = frozenset(_USUAL_WORDS.split())


class NotUnderstood(Exception):
    """A block is no mapping; the message says why."""


def as_meant(text: str) -> str:
    """A text in plain widths, with usual spaces and line ends, and without invisible characters."""
    text = normalize("NFKC", _LINE_END.sub("\n", text))
    return text if text.isascii() else "".join(letter for letter in text if category(letter) != "Cf")


def is_acl(key: object) -> bool:
    """Whether a key means the acl, however it is written."""
    return as_meant(str(key)).strip().lower() == "acl"


def names_rights(block: str) -> bool:
    """Whether a block between fences names an acl as a field of its own."""
    return bool(_RIGHTS.search(as_meant(block)))


def toml_fields(body: str) -> dict[str, Any]:
    """Fields of a block in TOML. Raises NotUnderstood if it is none."""
    import tomllib

    def number(written: str) -> float | str:
        value = float(written)
        return value if repr(value) == written else written

    if _LONG_KEY.search(body):
        raise NotUnderstood("a key of its TOML has more parts than anybody writes")
    try:
        return stated_fields(tomllib.loads(body, parse_float=number))
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(f"it is no TOML ({error})"[:200]) from error


def yaml_fields(body: str) -> dict[str, Any]:
    """Fields of a block in YAML, or in lines like it. Raises NotUnderstood if it is no mapping of fields."""
    if not body.strip():
        return {}
    import yaml

    lenient = False
    try:
        value = yaml.load(body, _loader())
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        cause = " ".join(str(error).split())[:120]
        lenient, value = True, _lenient(body)
        if value is None:
            raise NotUnderstood(f"it is no YAML ({cause})") from error
    if not isinstance(value, dict) or not value:
        raise NotUnderstood("it is no mapping")
    keys = [str(key) for key in value]
    if not all(_KEY.fullmatch(key) for key in keys):
        raise NotUnderstood("it is no mapping of fields")
    if not _USUAL & {key.lower() for key in keys} and _looks_like_text(body):
        raise NotUnderstood("it is text")
    fields = stated_fields(value)
    meant = as_meant(body)
    named = len(_RIGHTS.findall(meant)) if lenient else len(re.findall(r"^[\"']?acl[\"']?\s*:", meant, re.M | re.I))
    if named > 1 or (named and not any(map(is_acl, fields))):
        raise NotUnderstood("not in one place that is clear")
    return fields


def _looks_like_text(body: str) -> bool:
    """Whether the block has a blank first line, begins with a comment, or parts sentences by blank lines."""
    if body[0] == "\n" or re.match(r"\s*#", body):
        return True
    lines = [line.rstrip() for line in body.split("\n")]
    return any(
        line.endswith((".", "!", "?")) and not after and line.count(" ") >= _LEAST_SPACES and ": " in line[:80]
        for line, after in pairwise(lines[:-1])
    )


def _lenient(body: str, depth: int = 0) -> dict[str, Any] | None:
    """Fields of a block that is no YAML, each for itself; None if a line belongs to no field."""
    fields: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in body.split("\n"):
        found = _FIELD.match(line)
        if found:
            if found[2] in fields:
                return None
            lines = fields[found[2]] = [found[3] or found[4] or ""]
        elif not line.strip() or line[0] == "#":
            continue
        elif lines and line[0] in " \t-":
            lines.append(line)
        else:
            return None
    return {key: _value(written, depth) for key, written in fields.items()}


def _value(lines: list[str], depth: int) -> Any:
    """A field's value: by YAML if it is some, else nested fields, a list, or the text as written."""
    import yaml

    first, rest = lines[0], lines[1:]
    try:
        value = yaml.load("\n".join(lines) if first else dedent("\n".join(rest)), _loader())
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        value = None
    else:
        if not (first and isinstance(value, dict) and not first.startswith("{")):
            return value
    inner = dedent("\n".join(rest))
    if not first and rest and depth < _DEEPEST:
        items = re.split(r"^-[ \t]+", inner, flags=re.MULTILINE)
        if not items[0].strip() and len(items) > 1:
            return [_value([item.strip("\n")], depth + 1) for item in items[1:]]
        nested = _lenient(inner, depth + 1)
        if nested:
            return nested
    return _unquoted(" ".join(line.strip() for line in lines if line.strip()))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def stated_fields(value: dict[Any, Any]) -> dict[str, Any]:
    """A mapping as JSON values, without empty ones. Raises NotUnderstood if it is larger than anybody writes."""
    budget = [_MOST_VALUES, _MOST_CHARACTERS]
    stated = {str(key): flat for key, item in value.items() if (flat := _plain(item, budget)) not in (None, "")}
    return stated | {str(key): _rights(item) for key, item in value.items() if is_acl(key)}


def _rights(value: object) -> list[str] | None:
    """A list of texts; None for anything else, which lets nobody see the document."""
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _plain(value: object, budget: list[int], depth: int = 0) -> Any:
    """A value as JSON; items of lists are texts, as they are written."""
    budget[0] -= 1
    if budget[0] < 0 or budget[1] < 0 or depth > _DEEPEST:
        raise NotUnderstood("it holds more values than can be kept")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_item(_plain(item, budget, depth + 1)) for item in _ordered(value) if item is not None]
    text = value if isinstance(value, str) else value.hex() if isinstance(value, bytes) else str(value)
    budget[1] -= len(text)
    return text


def _ordered(values: list[Any] | tuple[Any, ...] | set[Any]) -> Iterable[Any]:
    return sorted(values, key=str) if isinstance(values, set) else values


def _item(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


@cache
def _loader() -> Any:
    """A safe loader that takes a scalar for a number only if the number is written like that, and dates for texts."""
    import yaml

    class AsWritten(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            if sum(is_acl(key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)) > 1:
                raise NotUnderstood("an acl comes twice")
            return super().construct_mapping(node, deep)

    for tag, pattern, first in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"0|-?[1-9]\d{0,17}", list("-0123456789")),
        ("float", r"-?(?:0|[1-9]\d{0,13})\.(?:0|\d{0,8}[1-9])", list("-0123456789")),
        ("merge", r"<<", ["<"]),
    ):
        AsWritten.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$"), first)
    return AsWritten
