"""The blocks of Prefect that raglake brings: ``prefect block register -m raglake.blocks``.

``RaglakeLake`` names a lake; the others hold the credentials of sources.
"""

from __future__ import annotations

from raglake.shadowing import ours_first

with ours_first():
    from tasks.blocks import (
        ConnectorCredentials,
        DatabaseCredentials,
        GitCredentials,
        MailCredentials,
        RaglakeLake,
        WebCredentials,
    )

__all__ = [
    "ConnectorCredentials",
    "DatabaseCredentials",
    "GitCredentials",
    "MailCredentials",
    "RaglakeLake",
    "WebCredentials",
]
