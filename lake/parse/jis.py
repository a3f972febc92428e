"""ISO-2022-JP as Microsoft's programs write it (code pages 50220 to 50222), for which Python has no codec."""

from __future__ import annotations

import re

#: Changes of the set of characters: to Japanese, to katakana of half width, and back.
_STRETCHES = re.compile(rb"\x1b(\$[@B]|\$\(D|\(I)([^\x1b]*)|\x1b\([BJH]")
_NO_PAIR = "\ufffd"
#: The share of characters that may be damaged; of another text that holds such escapes far more would be.
_MOST_DAMAGED = 0.1


def microsoft_jis(data: bytes) -> str | None:
    r"""The text of such bytes, with U+FFFD for pairs that are no character; None if they are another encoding's.

    >>> microsoft_jis(b"No. \x1b$B-!\x1b(B at \x1b$B-j\x1b(B"), microsoft_jis(b"\x1b$Bx\x1b(B")
    ('No. ① at ㈱', None)
    """
    pieces: list[str] = []
    end = n_characters = n_damaged = 0
    for match in _STRETCHES.finditer(data):
        pieces.append(data[end : match.start()].decode("ascii", "replace"))
        end = match.end()
        if match[1]:
            pieces += (found := [_character(match[1], pair) for pair in _pairs(match[1], match[2])])
            n_characters += len(found)
            n_damaged += found.count(_NO_PAIR)
    pieces.append(data[end:].decode("ascii", "replace"))
    return None if n_damaged > _MOST_DAMAGED * n_characters or n_characters == 0 else "".join(pieces)


def _pairs(escape: bytes, stretch: bytes) -> list[bytes]:
    """The codes of a stretch; a line's end is no part of one."""
    found: list[bytes] = []
    width = 1 if escape == b"(I" else 2
    for line in stretch.splitlines(keepends=True):
        codes = line.rstrip(b"\r\n")
        found += (codes[i : i + width] for i in range(0, len(codes), width))
        found += [line[len(codes) :]] if len(codes) < len(line) else []
    return found


def _character(escape: bytes, code: bytes) -> str:
    """One character, by its place in Microsoft's Shift JIS, or in EUC for those of JIS X 0212."""
    if not code.strip():
        return code.decode("ascii", "replace")
    try:
        if escape == b"(I":
            return bytes([code[0] | 0x80]).decode("cp932")
        if escape == b"$(D":
            return (b"\x8f" + bytes(byte | 0x80 for byte in code)).decode("euc_jp")
        row, cell = code
        lead = (row - 0x21 >> 1) + 0x81
        trail = cell + (0x1F + (cell >= 0x60) if row % 2 else 0x7E)
        return bytes([lead + 0x40 * (lead > 0x9F), trail]).decode("cp932")
    except (UnicodeDecodeError, ValueError):
        return _NO_PAIR
