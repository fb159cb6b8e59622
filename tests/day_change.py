"""A test in which a day ends, in any zone, asks for two days: where it fails, it is tried again."""

import pytest
from _pytest.runner import runtestprotocol

from campaign.core import clock

_QUARTER = 15 * 60
"""Midnight is, in every zone, at a quarter of an hour."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    begun = _find_quarter()
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if _find_quarter() != begun and any(report.failed for report in reports):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _find_quarter() -> int:
    return int(clock.utcnow().timestamp()) // _QUARTER
