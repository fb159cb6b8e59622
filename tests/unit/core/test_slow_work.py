"""Whatever asks a process of its own or another server leaves the database first."""

import re

import pytest

from tests.sources import read_modules, search_modules

_SLOW = (
    r"^\s*(?:import|from) (?:asyncio|ftplib|http\.client|imaplib|multiprocessing|obstore|poplib"
    r"|smtplib|socket|socketserver|ssl|subprocess|telnetlib|urllib\.request|urllib3)\b"
)
_LEAVES = re.compile(r"^ +leave_database\(\)", re.MULTILINE)
_WHO_NEED_NOT = {
    "commands/doctor.py": "a command; it asks by what leaves the database",
    "commands/serve.py": "starts the server",
    "commands/web_worker.py": "the server itself",
    "core/isolation/confine.py": "in a process that has no database",
    "core/metrics.py": "the name of this machine",
    "printing/fonts.py": "asks once in a process which fonts there are",
    "storage/places.py": "a file is kept before its row is committed, or lost with it",
}


def test_all_that_waits_for_others_leaves_the_database() -> None:
    found = [name for name, text in search_modules(_SLOW) if not _LEAVES.search(text)]
    assert sorted(found) == sorted(_WHO_NEED_NOT)


@pytest.mark.parametrize(
    "name",
    [
        "core/isolation/run_apart.py",
        "core/isolation/worker.py",
        "core/outgoing_http.py",
        "core/rate_limits.py",
        "mail/imap.py",
        "mail/transports.py",
        "operations/outside_checks.py",
        "staff/staff_users.py",
    ],
)
def test_each_of_these_does(name: str) -> None:
    assert _LEAVES.search(read_modules()[name])
