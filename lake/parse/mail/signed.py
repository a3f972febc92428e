"""What a signed part holds that wraps its content: CMS, as S/MIME writes it (RFC 8551), in BER or DER."""

from __future__ import annotations

from binascii import unhexlify

_SIGNED = unhexlify("2a864886f70d010702")
_OCTETS, _IDENTIFIER, _SET, _SEQUENCE, _CONTENT = 0x04, 0x06, 0x31, 0x30, 0xA0
_CONSTRUCTED, _INTEGER = 0x20, 0x02
_MAX_DEPTH = 32


def signed_content(data: bytes) -> bytes | None:
    """The content that a signature wraps; None if ``data`` is encrypted, damaged, or a signature alone."""
    try:
        reader = _Elements(data)
        reader.enter(_SEQUENCE)
        if reader.read(_IDENTIFIER) != _SIGNED:
            return None
        reader.enter(_CONTENT)
        reader.enter(_SEQUENCE)
        reader.read(_INTEGER)
        reader.read(_SET)
        reader.enter(_SEQUENCE)
        reader.read(_IDENTIFIER)
        reader.enter(_CONTENT)
        return reader.octets() or None
    except (IndexError, ValueError):
        return None


class _Elements:
    """Reads elements one after the other. Raises ValueError or IndexError where another one stands or bytes end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def enter(self, tag: int) -> int | None:
        """Go to the first element inside the next one, and return where that ends; None if a mark ends it."""
        if self._data[self._at] != tag:
            raise ValueError(f"element {self._data[self._at]:#x} instead of {tag:#x}")
        length = self._data[self._at + 1]
        self._at += 2
        if length == 0x80:
            return None
        if length > 0x80:
            n_bytes = length & 0x7F
            length = int.from_bytes(self._data[self._at : self._at + n_bytes], "big")
            self._at += n_bytes
        if self._at + length > len(self._data):
            raise ValueError("the data end inside an element")
        return self._at + length

    def read(self, tag: int, depth: int = 0) -> bytes:
        """The bytes of the next element, and go behind it."""
        if depth > _MAX_DEPTH:
            raise ValueError("elements are nested too deep")
        end = self.enter(tag)
        start = self._at
        if end is None:
            while not self._is_end():
                self.read(self._data[self._at], depth + 1)
            end = self._at
            self._at += 2
        else:
            self._at = end
        return self._data[start:end]

    def octets(self) -> bytes:
        """The next octet string, which may come in pieces."""
        if self._data[self._at] == _OCTETS:
            return self.read(_OCTETS)
        end = self.enter(_OCTETS | _CONSTRUCTED)
        pieces = []
        while self._at < end if end is not None else not self._is_end():
            pieces.append(self.read(_OCTETS))
        return b"".join(pieces)

    def _is_end(self) -> bool:
        return self._data[self._at] == 0 == self._data[self._at + 1]
