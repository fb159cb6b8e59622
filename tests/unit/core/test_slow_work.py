"""Whatever asks a process of its own or another server leaves the database first."""

import ast
import re
from collections.abc import Iterator

from tests.sources import read_modules, search_modules

_SLOW = (
    r"^\s*(?:import|from) (?:asyncio|ftplib|http\.client|imaplib|multiprocessing|obstore|poplib"
    r"|smtplib|socket|socketserver|ssl|subprocess|telnetlib|urllib\.request|urllib3)\b"
)
_LEAVE = {
    "core/isolation/run_apart.py": {"run_apart"},
    "core/isolation/worker.py": {"borrow_process"},
    "core/outgoing_http.py": {"open_http", "refuse_address", "send"},
    "core/rate_limits.py": {"wait"},
    "mail/imap.py": {"_connect"},
    "mail/transports.py": {"connect"},
    "operations/outside_checks.py": {"fetch_site"},
    "staff/staff_users.py": {"hash_new_password"},
}
_WHO_NEED_NOT = {
    "commands/doctor.py": "a command; it asks by what leaves the database",
    "commands/serve.py": "starts the server",
    "commands/web_worker.py": "the server itself",
    "core/isolation/confine.py": "in a process that has no database",
    "core/metrics.py": "the name of this machine",
    "printing/fonts.py": "asks once in a process which fonts there are",
    "storage/places.py": "a file is kept before its row is committed, or lost with it",
}
_CALLED_BY_WHO_LEAVES = {
    "core/isolation/worker.py": {"__init__"},
    "mail/imap.py": {"_hang_up"},
    "core/outgoing_http.py": {
        "_connection_to",
        "_exchange",
        "_parse",
        "_trust",
        "hang_up",
        "look_up",
    },
}


def _called(function: ast.AST) -> set[str]:
    """The first name of each call in a function: of `ssl.create_default_context()`, `ssl`."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {ast.unparse(call).partition(".")[0] for call in calls}


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _slow_names(tree: ast.AST) -> set[str]:
    return {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and re.match(_SLOW, ast.unparse(node))
        for alias in node.names
    }


def test_all_that_waits_for_others_leaves_the_database() -> None:
    """Function by function, as far as it calls such a module itself."""
    slow = dict(search_modules(_SLOW))
    assert slow.keys() - _LEAVE.keys() == _WHO_NEED_NOT.keys()
    for name in slow.keys() - _WHO_NEED_NOT.keys():
        tree = ast.parse(slow[name])
        names = _slow_names(tree)
        asking = {function.name for function in _functions(tree) if names & _called(function)}
        asking -= {
            function.name for function in _functions(tree) if "leave_database" in _called(function)
        }
        assert asking == _CALLED_BY_WHO_LEAVES.get(name, set()), name


def test_each_of_these_does() -> None:
    leaving = {
        name: {
            function.name
            for function in _functions(ast.parse(text))
            if "leave_database" in _called(function)
        }
        for name, text in read_modules().items()
        if "leave_database" in text and name != "core/slow_work.py"
    }
    assert leaving == _LEAVE


_SLOW_CALLS = {
    *("borrow_process", "hash_new_password", "is_password_right", "open_http", "open_import"),
    *("pdf_of", "pdf_page", "posted_pdf", "read_rows", "run_apart", "source_of_upload"),
}


def _slow_calls_while_reading(tree: ast.AST) -> Iterator[str]:
    for block in ast.walk(tree):
        if isinstance(block, ast.With) and any(
            ast.unparse(item.context_expr) == "db.reading()" for item in block.items
        ):
            for node in ast.walk(block):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    if name in _SLOW_CALLS:
                        yield name


def test_what_is_slow_comes_after_the_block_that_reads() -> None:
    """Such a block stops nobody who writes; but it holds a connection."""
    calls_by_module = {
        name: [*_slow_calls_while_reading(ast.parse(t))] for name, t in read_modules().items()
    }
    assert {name: calls for name, calls in calls_by_module.items() if calls} == {}
