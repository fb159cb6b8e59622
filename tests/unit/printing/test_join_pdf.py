"""Joining in a process of its own: the same file as here, and what comes of one that dies."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from campaign.core.isolation import worker
from campaign.core.isolation.orders import Limits
from campaign.core.isolation.worker import WorkProcess, WorkProcessStopped
from campaign.printing.engine import join_pdf
from campaign.printing.geometry import LETTER
from campaign.printing.print_letters import DEFAULT_LIMITS, PRESS
from campaign.printing.problems import OUT_OF_MEMORY, RENDERER_FAILED, TOOK_TOO_LONG
from campaign.printing.sheets import bundle_sheets
from tests.unit.printing.pdf_pages import pages_of
from tests.unit.printing.test_lists import LIST, row

NO_TIME = Limits(seconds=0.0, seconds_per_letter=0.0)
NO_MEMORY = Limits(memory=1_000_000)
TITLE = "UA 7/31 · The signatures"


@pytest.fixture(scope="module")
def process() -> Iterator[WorkProcess]:
    """A process of these tests: others may have left orders to one at rest. It forks for each."""
    with WorkProcess(PRESS) as running:
        yield running


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Two lists, of one page each."""
    paths = [tmp_path / f"{number}.pdf" for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        bundle_sheets.signature_list([row(number)], 1, LIST, LETTER, path)
    return paths


def make_large(path: Path) -> None:
    """Have the first page hold so much that joining it takes some tens of megabytes."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Ballast = pikepdf.Object.parse(b"[" + b"7 " * 500_000 + b"]")
        pdf.save(path)


def order(parts: list[Path], out: Path) -> dict[str, object]:
    return {
        "parts": [str(part) for part in parts],
        "out": str(out),
        "title": TITLE,
        "language": "fr-CA",
    }


def test_a_process_joins_to_the_same_bytes(
    process: WorkProcess, parts: list[Path], tmp_path: Path
) -> None:
    here = join_pdf.join(parts, tmp_path / "here.pdf", title=TITLE, language="fr-CA")
    there = tmp_path / "there.pdf"
    outcome = process.run("join", order(parts, there), DEFAULT_LIMITS, 2)
    assert outcome.report == {"pages": 2}
    assert join_pdf.describe_pdf(there, 2).sha256 == here.sha256
    with pikepdf.open(there) as pdf:
        assert (str(pdf.docinfo["/Title"]), str(pdf.Root.Lang)) == (TITLE, "fr-CA")
    assert ["00001" in pages_of(there)[0], "00002" in pages_of(there)[1]] == [True, True]


def test_a_list_is_joined_in_no_process_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(*_: object, **_more: object) -> None:
        raise AssertionError("joined in this process")

    monkeypatch.setattr(join_pdf, "join", here)
    monkeypatch.setattr(join_pdf, "join_parts", here)
    file = bundle_sheets.signature_list([row(1)], 1, LIST, LETTER, tmp_path / "s.pdf")
    assert (file.pages, file.bytes) == (1, file.path.stat().st_size)


@pytest.mark.parametrize(("limits", "slug"), [(NO_TIME, TOOK_TOO_LONG), (NO_MEMORY, OUT_OF_MEMORY)])
def test_a_join_beyond_its_limits_says_which_and_leaves_nothing(
    process: WorkProcess, parts: list[Path], tmp_path: Path, limits: Limits, slug: str
) -> None:
    make_large(parts[0])
    out = tmp_path / "out" / "s.pdf"
    out.parent.mkdir()
    outcome = process.run("join", order(parts, out), limits, 2)
    assert (outcome.report, outcome.slug) == (None, slug)
    assert not out.exists()
    assert process.run("join", order(parts, out), DEFAULT_LIMITS, 2).report == {"pages": 2}


def children_of(parent: int) -> list[int]:
    """Those that live, by the parent each names: the kernel's own list may lack one."""
    children = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            after_name = status.read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent and after_name[0] != "Z":
                children.append(int(status.parent.name))
    return children


def test_a_join_that_is_killed_is_taken_for_starved(process: WorkProcess, tmp_path: Path) -> None:
    pipe = tmp_path / "part.pdf"
    os.mkfifo(pipe)  # nobody writes to it: who opens it waits for ever
    running, over = process._process.pid, threading.Event()

    def kill() -> None:
        while not over.wait(0.01):
            for child in children_of(running):
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(child, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    outcome = process.run("join", order([pipe], tmp_path / "s.pdf"), DEFAULT_LIMITS, 1)
    over.set()
    killer.join()
    assert (outcome.report, outcome.slug, outcome.detail) == (None, OUT_OF_MEMORY, "SIGKILL")


@pytest.mark.parametrize(("limits", "slug"), [(NO_TIME, TOOK_TOO_LONG), (NO_MEMORY, OUT_OF_MEMORY)])
def test_a_list_that_took_too_much_is_no_fault_of_a_text(
    tmp_path: Path, limits: Limits, slug: str
) -> None:
    worker.close_all()
    with pytest.raises(WorkProcessStopped) as raised:
        bundle_sheets.signature_list([row(1)], 1, LIST, LETTER, tmp_path / "s.pdf", limits=limits)
    assert raised.value.slug == slug
    assert not (tmp_path / "s.pdf").exists()


def test_whatever_a_join_dies_of_it_is_no_fault_of_a_text(
    process: WorkProcess, parts: list[Path], tmp_path: Path
) -> None:
    parts[0].write_bytes(b"no PDF")
    job = order(parts, tmp_path / "s.pdf")
    with pytest.raises(WorkProcessStopped) as raised:
        bundle_sheets._count_pages(process, "join", job, DEFAULT_LIMITS, 2)
    assert raised.value.slug == RENDERER_FAILED
