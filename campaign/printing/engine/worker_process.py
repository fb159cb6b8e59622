"""The process that renders: reads orders from stdin, forks a child for each, answers on stdout."""

import errno
import gc
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, NotRequired, TypedDict

from weasyprint.urls import FatalURLFetchingError

from campaign.printing import fonts, html, renderer
from campaign.printing.engine.assemble_pages import compose_letters
from campaign.printing.engine.cards_job import render_cards, typeset_cards
from campaign.printing.engine.join_pdf import join_parts
from campaign.printing.engine.render_job import render_few, render_letters, typeset_letters
from campaign.printing.problems import (
    MACHINE_FAILED,
    NO_ROOM,
    OUT_OF_MEMORY,
    RENDERER_FAILED,
    RENDERER_WARNING,
    TOOK_TOO_LONG,
)
from campaign.printing.signature_list.list_job import typeset_list


class Order(TypedDict):
    work: str
    """A name in `WORK`."""
    job: dict[str, object]
    memory: int
    seconds: float


class Answer(TypedDict):
    """The fields of a `worker.Outcome`."""

    report: Mapping[str, object] | None
    slug: NotRequired[str]
    detail: NotRequired[str]
    peak_memory: NotRequired[int]


WORK: dict[str, Callable[[Any], Mapping[str, object]]] = {
    "letters": typeset_letters,
    "segments": compose_letters,
    "cards": typeset_cards,
    "few-letters": partial(render_few, render_letters),
    "few-cards": partial(render_few, render_cards),
    "list": typeset_list,
    "join": join_parts,
}
"""Kinds of work, by name."""

# How C code of the renderer ends when memory can't be had: GLib aborts, others crash.
_STARVED = {signal.SIGABRT, signal.SIGTRAP, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_OF_THE_MACHINE = {
    errno.EFBIG,
    errno.EIO,
    errno.EROFS,
    errno.EMFILE,
    errno.ENFILE,
    errno.EACCES,
    errno.ENOENT,
}
# Of the memory limit: a child that used so much and ended without an answer couldn't get more.
_NEARLY = 0.7


_IDLE_SECONDS = 60.0
"""Without an order for so long, the process ends; twice what `worker_pool` waits before it asks."""


def main() -> None:
    """Serve orders until stdin ends, or no more come."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever else prints must not get between the answers
    _load()
    # An order is one line, and the next one comes after the answer: nothing waits in the buffer.
    while select.select([0], [], [], _IDLE_SECONDS)[0] and (line := sys.stdin.buffer.readline()):
        answer = json.dumps(_serve(json.loads(line))).encode() + b"\n"
        try:
            while answer:
                answer = answer[os.write(answers, answer) :]
        except BrokenPipeError:
            return  # who asked was killed


def _load() -> None:
    """Load what every child needs, so that children share it.

    No document may be laid out here: Pango then starts a thread, which a fork doesn't copy, and
    the child would wait for it for ever.
    """
    fonts.own_characters()
    fonts.arabic_characters()
    fonts.system_characters()
    html.load_templates()
    renderer.load_types()
    gc.collect()
    gc.freeze()


def _serve(order: Order) -> Answer:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(order, writer)
    os.close(writer)
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        answer = _read(pipe.fileno(), time.monotonic() + order["seconds"])
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    peak = usage.ru_maxrss * 1024
    if answer is None:
        detail = f"{order['seconds']:g} s"
        return {"report": None, "slug": TOOK_TOO_LONG, "detail": detail, "peak_memory": peak}
    if os.WIFSIGNALED(status) or not answer:
        return _without_answer(status, peak, order["memory"])
    outcome: Answer = json.loads(answer)
    if outcome.get("slug") == RENDERER_FAILED and peak > _NEARLY * order["memory"]:
        # What has no room fails in many ways, not all of which Python knows as a want of memory.
        outcome["slug"] = OUT_OF_MEMORY
    outcome["peak_memory"] = peak
    return outcome


def _without_answer(status: int, peak: int, memory: int) -> Answer:
    """Say why a child ended without a word: nearly always for want of memory."""
    if os.WIFSIGNALED(status):
        ended = signal.Signals(os.WTERMSIG(status))
        starved, detail = ended in _STARVED, ended.name
    else:
        starved, detail = peak > _NEARLY * memory, f"exit {os.waitstatus_to_exitcode(status)}"
    slug = OUT_OF_MEMORY if starved else RENDERER_FAILED
    return {"report": None, "slug": slug, "detail": detail, "peak_memory": peak}


def _read(descriptor: int, deadline: float) -> bytes | None:
    """Return what the child writes until it ends; None if that's after the deadline."""
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            part = os.read(descriptor, 65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return None


def _slug_of(error: BaseException) -> str:
    """Tell faults of the machine, for which no letter is set aside, from those of the renderer."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return NO_ROOM
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return MACHINE_FAILED
    return RENDERER_FAILED


def _work(order: Order, writer: int) -> NoReturn:
    """The child: does the work within the limits, reports, and ends without cleaning up."""
    resource.setrlimit(resource.RLIMIT_DATA, (order["memory"], order["memory"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The renderer's own temporary files go with the job's folder: nobody cleans up after us here.
    tempfile.tempdir = str(Path(str(order["job"]["out"])).parent)
    # Layout makes millions of small objects that live to the end: look for garbage seldom.
    gc.set_threshold(100_000, 50, 100)
    answer: Answer
    try:
        answer = {"report": WORK[order["work"]](order["job"])}
    except MemoryError:
        answer = {"report": None, "slug": OUT_OF_MEMORY, "detail": f"{order['memory']} bytes"}
    except renderer.RendererWarning:
        answer = {"report": None, "slug": RENDERER_WARNING, "detail": ""}
    except FatalURLFetchingError:
        answer = {"report": None, "slug": RENDERER_FAILED, "detail": "refused address"}
    except BaseException as error:
        answer = {"report": None, "slug": _slug_of(error), "detail": type(error).__name__}
    try:
        data = json.dumps(answer).encode()
        while data:
            data = data[os.write(writer, data) :]
    finally:
        os._exit(0)
