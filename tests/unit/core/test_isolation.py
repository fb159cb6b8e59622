"""What reads strangers' files can do nothing else, and its word is checked."""

import io
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from campaign.core.errors import ReadingFailed
from campaign.core.isolation import run_apart as apart
from campaign.core.isolation import worker
from campaign.core.isolation.confine import list_open_ways
from campaign.core.isolation.orders import Limits
from campaign.core.isolation.run_apart import run_apart
from campaign.core.isolation.worker import WorkOutcome, WorkProcess
from campaign.printing.redraw import redraw_picture

_ROOT = Path(__file__).parents[3]
_PICTURES = ("JPEG", "PNG", "WEBP")
pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "aarch64"}, reason="no filter of system calls"
)


def picture(kind: str, size: tuple[int, int] = (60, 40)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


def test_the_reader_has_no_files_network_processes_or_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAMPAIGN_DATA_KEY", "secret")
    worker.close_all()
    assert set(list_open_ways(b"/etc/passwd")) >= {
        "reads files",
        "starts processes",
        "signals processes",
        "knows the environment",
    }
    assert run_apart(list_open_ways, b"/etc/passwd") == []


_IN_CHILDREN = """
import ctypes, errno, json, os, socket, sys, types
package = types.ModuleType("campaign")
package.__path__ = ["campaign"]
sys.modules["campaign"] = package
from campaign import file_readers
from campaign.core.isolation import confine

TABLE = file_readers.TABLE
TABLE.load()
picture = sys.stdin.buffer.read()
at_hand = sorted({"flask", "sqlalchemy", "campaign.models"} & sys.modules.keys())

def try_all(kind):
    if kind == "press":
        confine.limit_process(500_000_000, 9)
    else:
        confine.keep_to_computing(1_500_000_000, 9, landlock=kind == "landlock")
    found = {"ways": confine.list_open_ways(b"/etc/passwd")}
    leaving = {"exec": lambda: os.execv("/bin/true", ["true"]), "socket": socket.socket}
    for name, leave in leaving.items():
        try:
            leave()
        except OSError as problem:
            found[name] = type(problem).__name__
    socket_of_x32 = 0x40000000 + 41
    confine._libc.syscall(socket_of_x32, 2, 1, 0)
    found["x32"] = errno.errorcode[ctypes.get_errno()]
    if kind != "press":
        mail = b"From: a@b\\nContent-Type: text/plain; charset=iso-8859-7\\n\\n\\xe1"
        reports = [
            TABLE.run("campaign.printing.redraw.redraw_picture",
                      {"side": 9, "formats": ["PNG"]}, picture),
            TABLE.run("campaign.replies.mime.read_email", {}, mail),
            TABLE.run("campaign.directory.imports.read_list.read_list", {},
                      "name,town\\nAna,Hull\\n".encode("utf-16")),
        ]
        found["read"] = ["value" in report for report in reports]
    return found

results = {"at hand": at_hand}
for kind in ("landlock", "seccomp", "press"):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, json.dumps(try_all(kind)).encode())
        os._exit(0)
    os.close(writer)
    results[kind] = json.loads(os.read(reader, 65536))
print(json.dumps(results))
"""


def test_each_wall_holds_and_files_are_read_behind_it() -> None:
    """A machine without Landlock lets the reader open no file at all; the press writes some."""
    run = [sys.executable, "-c", _IN_CHILDREN]
    done = subprocess.run(run, input=picture("PNG"), cwd=_ROOT, capture_output=True, check=True)
    results = json.loads(done.stdout)
    assert results.pop("at hand") == [], "what a file takes over finds no application, no database"
    for kind, outcome in results.items():
        assert (outcome["exec"], outcome["socket"]) == ("PermissionError", "PermissionError"), kind
        assert outcome["x32"] == "EPERM", kind
        assert "reaches the network" not in outcome["ways"], kind
        if kind != "press":
            assert set(outcome["ways"]) <= {"knows the environment"}, kind
            assert outcome["read"] == [True, True, True], kind


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(memory=1_500_000_000, seconds=0), "took-too-long"),
        (Limits(memory=150_000_000, seconds=30), "out-of-memory"),
    ],
)
def test_what_takes_too_much_is_ended(
    monkeypatch: pytest.MonkeyPatch, limits: Limits, why: str
) -> None:
    monkeypatch.setattr(apart, "_LIMITS", limits)
    data = picture("PNG", (5000, 5000))
    with pytest.raises(ReadingFailed) as failed:
        run_apart(redraw_picture, data, side=100, formats=_PICTURES)
    assert failed.value.why.startswith(why)


def test_only_named_readers_run() -> None:
    def read(data: bytes) -> str:
        return "never"

    with pytest.raises(ReadingFailed, match="cannot be read"):
        run_apart(read, b"")


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"value": "[{}]"},
        {"value": '[{"jpeg": "AA==", "width": "wide", "height": 1}]'},
        {"value": "not JSON"},
        {"value": 3},
        {"unreadable": ["a"]},
        {"unreadable": ["a", {"b": {"c": 1}}]},
    ],
)
def test_a_process_that_fell_to_a_file_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, report: dict[str, object]
) -> None:
    monkeypatch.setattr(WorkProcess, "run", lambda *_: WorkOutcome(report))
    with pytest.raises(ReadingFailed):
        run_apart(redraw_picture, b"", side=9, formats=_PICTURES)
