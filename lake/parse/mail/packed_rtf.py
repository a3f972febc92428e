"""Compressed RTF (MS-OXRTFCP), in which Outlook stores bodies."""

from __future__ import annotations

import struct

from lake.errors import InputError

#: What damaged properties of Outlook raise.
DAMAGED = (OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError, struct.error)
#: What the dictionary of compressed RTF holds at first, by its specification (MS-OXRTFCP).
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab"
    rb"\tx"
)
_WINDOW = 4096
_MOST_RTF = 64 << 20


def unpacked(data: bytes) -> bytes:
    """RTF as Outlook stores it, decompressed. Raises InputError or struct.error if it is damaged."""
    _, n_raw, kind, _ = struct.unpack("<IIII", data[:16])
    if n_raw > _MOST_RTF:
        raise InputError(f"{n_raw:,} bytes of RTF; save the message as .eml", "too_large")
    if kind == 0x414C454D:
        return data[16 : 16 + n_raw]
    window = bytearray(_DICTIONARY.ljust(_WINDOW, b"\0"))
    end, found, position = len(_DICTIONARY), bytearray(), 16
    while position < len(data):
        flags, position = data[position], position + 1
        for bit in range(8):
            if position >= len(data) or len(found) > n_raw:
                return bytes(found)
            if flags >> bit & 1:
                (reference,) = struct.unpack(">H", data[position : position + 2])
                position += 2
                offset, length = reference >> 4, (reference & 15) + 2
                if offset == end % _WINDOW:
                    return bytes(found)
                run = (offset + i for i in range(length))
            else:
                window[end % _WINDOW] = data[position]
                found.append(data[position])
                position, end = position + 1, end + 1
                continue
            for place in run:
                byte = window[place % _WINDOW]
                window[end % _WINDOW] = byte
                found.append(byte)
                end += 1
    return bytes(found)
