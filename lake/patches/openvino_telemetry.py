"""Imports OpenVINO without its telemetry, which sends each import to its maker from a fork of this process.

Remove when importing OpenVINO sends nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def openvino() -> Any:
    """OpenVINO, kept from telling its maker of each import by network, from a fork of this process."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
