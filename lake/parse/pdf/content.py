"""What a page draws, operator by operator: its content without what belongs to layers that are off."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lake.parse.pdf.objects import string_end

_TOKEN = re.compile(
    rb"(?:[\s\0]+|%[^\r\n]*)*(?:(?P<string>\()|(?P<operand>/[^\s\0<>\[\]()/%{}]*|<<|>>|<[^>]*>|[\[\]{}]|[-+.\d][-+.\d]*"
    rb"(?=[\s\0<>\[\]()/%{}]|\Z)|true\b|false\b|null\b)|(?P<operator>[^\s\0<>\[\]()/%{}]+))"
)
_IMAGE_END = re.compile(rb"[\s\0]EI(?=[\s\0]|\Z)")
_LAYER = re.compile(rb"[\s\0]*/OC[\s\0]*/([^\s\0<>\[\]()/%{}]+)[\s\0]*BDC\Z")
_DRAWN = re.compile(rb"/([^\s\0<>\[\]()/%{}]+)[\s\0]+Do\Z")
#: What is written in place of operators that draw.
_WITHOUT = {operator: b"" for operator in (b"Tj", b"TJ", b"Do", b"sh", b"EI")}
_WITHOUT |= dict.fromkeys((b"'", b'"'), b" T*")
_WITHOUT |= dict.fromkeys((b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"S", b"s"), b" n")


class ShownContent:
    """Content streams that follow each other, without what is hidden."""

    def __init__(self, is_hidden: Callable[[str], bool], is_hidden_part: Callable[[str], bool]) -> None:
        """``is_hidden`` decides on the name of a layer, ``is_hidden_part`` on that of a form or a picture."""
        self._is_hidden = is_hidden
        self._is_hidden_part = is_hidden_part
        #: For each marked part that is open, whether it is a layer that is off.
        self._open: list[bool] = []

    def of(self, content: bytes) -> bytes:
        """One stream; state that it changes inside of hidden parts is kept, for what follows them."""
        kept = []
        for operation, operator in _operations(content):
            if operator in (b"BDC", b"BMC"):
                layer = _LAYER.match(operation)
                self._open.append(layer is not None and self._is_hidden(layer[1].decode("latin-1")))
            elif operator == b"EMC" and self._open:
                self._open.pop()
            is_left_out = operator in _WITHOUT and any(self._open)
            if operator == b"Do" and not is_left_out and (drawn := _DRAWN.search(operation)):
                is_left_out = self._is_hidden_part(drawn[1].decode("latin-1"))
            kept.append(_WITHOUT[operator] if is_left_out else operation)
        return b"".join(kept)


def _operations(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each operator with its operands and the white space before them; and the operator by itself."""
    begin = at = 0
    while token := _TOKEN.match(content, at):
        at = token.end()
        if token.lastgroup == "string":
            at = string_end(content, at)
        elif token.lastgroup == "operator":
            operator = token["operator"]
            if operator == b"ID":
                end = _IMAGE_END.search(content, at)
                at, operator = (end.end() if end else len(content)), b"EI"
            elif operator == b"BI":
                continue
            yield content[begin:at], operator
            begin = at
    yield content[begin:], b""
