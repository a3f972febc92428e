"""How many files, and so connections, this process may have open."""

from __future__ import annotations

import logging
import resource

_log = logging.getLogger(__name__)
#: Files of the lake, of models, logs and outgoing connections.
_OTHERS = 256


def make_room(n_connections: int) -> int:
    """Raises the process's own limit of open files; returns how many connections fit, at most ``n_connections``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = n_connections + _OTHERS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return n_connections
    reached = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (reached, hard))
    fitting = max(reached - _OTHERS, reached // 2)
    if fitting < n_connections:
        message = "this process may open %d files, so it serves %d connections, not %d; raise `ulimit -Hn`"
        _log.warning(message, reached, fitting, n_connections)
    return min(fitting, n_connections)
