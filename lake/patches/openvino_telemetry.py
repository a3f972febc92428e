"""Imports OpenVINO without its telemetry, which reports each import to its vendor from a fork of this process.

Remove when importing OpenVINO sends nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def openvino() -> Any:
    """Import OpenVINO with its telemetry disabled."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
