"""Which releases are kept, and why: a pure rule over the log."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from lake.options import Retention
from lake.releases.history import History


def kept(history: History, retention: Retention, now: datetime) -> dict[str, str]:
    """Every release that is kept -> why."""
    reasons: dict[str, str] = {}
    if history.live:
        reasons[history.live.id] = "live"
    reasons |= {release: f"named {name}" for name, release in history.names.items() if release not in reasons}
    rules = (
        *(_recent(history, retention), _calendar(history, retention, now)),
        *(_hourly(history, retention, now), _young(history, retention, now)),
    )
    for found in (*rules, _just_rolled_back(history)):
        reasons |= {release: why for release, why in found.items() if release not in reasons}
    return {release: reasons[release] for release in history.releases if release in reasons}


def folded(history: History, retention: Retention, now: datetime) -> dict[str, str]:
    """As ``kept``, but every release of a run over everything is kept as well."""
    reasons = kept(history, retention, now)
    every = {name: reasons.get(name, "by a run over everything") for name in history.releases}
    return {name: why for name, why in every.items() if name in reasons or not history.releases[name].is_scoped}


def _recent(history: History, retention: Retention) -> dict[str, str]:
    """Releases of runs over everything; the others are kept by their age."""
    seen = history.all_published()
    names = [name for name, release in history.releases.items() if not release.is_scoped]
    published = [name for name in names if name in seen]
    after = names.index(published[-1]) if published else -1
    newest = [*published[::-1][: retention.keep_last], *names[after + 1 :][::-1][: retention.keep_last]]
    return dict.fromkeys(newest, f"one of the last {retention.keep_last}")


def _calendar(history: History, retention: Retention, now: datetime) -> dict[str, str]:
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=n) for n in range(retention.keep_daily)]
    months = [_months_before(today, n) for n in range(retention.keep_monthly)]
    reasons: dict[str, str] = {}
    for last_day, label in [*((day, f"{day}") for day in days), *((day, f"{day:%Y-%m}") for day in months)]:
        moment = datetime.combine(last_day, time.max, UTC)
        live = next((entry.live for entry in reversed(history.entries) if entry.at <= moment), None)
        if live in history.releases:
            reasons.setdefault(live, f"live at the end of {label}")
    return reasons


def _months_before(today: date, n: int) -> date:
    """The last day of the month ``n`` months ago.

    >>> _months_before(date(2026, 1, 15), 2)
    datetime.date(2025, 11, 30)
    """
    months = today.year * 12 + today.month - n
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def _hourly(history: History, retention: Retention, now: datetime) -> dict[str, str]:
    """Releases of runs over some documents that were live at the end of an hour."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    oldest = this_hour - timedelta(hours=retention.keep_hourly)
    live_at: dict[datetime, str | None] = {}
    for entry in history.entries:
        live_at[entry.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)] = entry.live
    return {
        live: f"live at the end of {hour:%Y-%m-%d %H}:59"
        for hour, live in live_at.items()
        if live in history.releases and oldest <= hour < this_hour and history.releases[live].is_scoped
    }


def _young(history: History, retention: Retention, now: datetime) -> dict[str, str]:
    left, reasons = history.all_left_at(), {}
    for name, release in history.releases.items():
        grace = min(retention.grace, retention.keep_live) if release.is_scoped else retention.grace
        if max(release.created_at, left.get(name, release.created_at)) > now - grace:
            reasons[name] = f"in use less than {_hours(grace)} ago"
    return reasons


def _hours(length: timedelta) -> str:
    n = length / timedelta(hours=1)
    return f"{n:g} hour{'' if n == 1 else 's'}"


def _just_rolled_back(history: History) -> dict[str, str]:
    """Releases that were rolled back with nothing published since: the next run must not bring them back."""
    actions = [entry.action for entry in history.entries]
    published = max((i for i, action in enumerate(actions) if action == "publish"), default=-1)
    if "rollback" not in actions[published + 1 :]:
        return {}
    names = [name for name in history.releases if history.rolled_back_because(name) is not None]
    return dict.fromkeys(names, "rolled back, and nothing published since")
