"""The other end: reads orders from stdin, forks a child for each, answers on stdout."""

import gc
import importlib
import json
import os
import select
import signal
import sys
import tempfile
import time
from errno import EACCES, EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOENT, ENOSPC, EROFS
from pathlib import Path
from typing import NoReturn

from campaign.core.isolation import confine, orders
from campaign.core.isolation.orders import Answer, WorkOrder, WorkTable

# How C code of the renderer ends when memory can't be had: GLib aborts, others crash.
_STARVED = {signal.SIGABRT, signal.SIGTRAP, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL}
_FULL = {ENOSPC, EDQUOT}
_OF_THE_MACHINE = {EFBIG, EIO, EROFS, EMFILE, ENFILE, EACCES, ENOENT}
# Of the memory limit: a child that used so much and ended without an answer couldn't get more.
_NEARLY = 0.7
_IDLE_SECONDS = 60.0
"""Without an order for so long, the process ends; twice what `worker` waits before it asks."""
_MOST_ANSWERED = 300_000_000  # bytes of a child's answer


def main(module: str) -> None:
    """Serve orders until stdin ends, or no more come."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever else prints must not get between the answers
    table: WorkTable = importlib.import_module(module).TABLE
    table.load()
    confine.leave_network()
    gc.collect()
    gc.freeze()
    # An order is one line and its file, and the next one comes after the answer: nothing waits in
    # the buffer.
    while select.select([0], [], [], _IDLE_SECONDS)[0] and (line := sys.stdin.buffer.readline()):
        order: WorkOrder = json.loads(line)
        data = sys.stdin.buffer.read(order["bytes"])
        answer = json.dumps(_serve(table, order, data)).encode() + b"\n"
        del data
        try:
            while answer:
                answer = answer[os.write(answers, answer) :]
        except BrokenPipeError:
            return  # who asked was killed


def _serve(table: WorkTable, order: WorkOrder, data: bytes) -> Answer:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(table, order, data, writer)
    os.close(writer)
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        answer = _read(pipe.fileno(), time.monotonic() + order["seconds"])
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    peak = usage.ru_maxrss * 1024
    if answer is None:
        detail = f"{order['seconds']:g} s"
        return {"report": None, "slug": orders.TOOK_TOO_LONG, "detail": detail, "peak_memory": peak}
    if os.WIFSIGNALED(status) or not answer:
        return _without_answer(table, status, peak, order["memory"])
    outcome: Answer = json.loads(answer)
    if outcome.get("slug") == table.failed and peak > _NEARLY * order["memory"]:
        # What has no room fails in many ways, not all of which Python knows as a want of memory.
        outcome["slug"] = orders.OUT_OF_MEMORY
    outcome["peak_memory"] = peak
    return outcome


def _without_answer(table: WorkTable, status: int, peak: int, memory: int) -> Answer:
    """Say why a child ended without a word: nearly always for want of memory."""
    if os.WIFSIGNALED(status):
        ended = signal.Signals(os.WTERMSIG(status))
        starved, detail = ended in _STARVED, ended.name
    else:
        starved, detail = peak > _NEARLY * memory, f"exit {os.waitstatus_to_exitcode(status)}"
    slug = orders.OUT_OF_MEMORY if starved else table.failed
    return {"report": None, "slug": slug, "detail": detail, "peak_memory": peak}


def _read(descriptor: int, deadline: float) -> bytes | None:
    """Return what the child writes until it ends; None if that's after the deadline, or no end."""
    parts: list[bytes] = []
    size = 0
    while (left := deadline - time.monotonic()) > 0 and size <= _MOST_ANSWERED:
        if select.select([descriptor], [], [], left)[0]:
            part = os.read(descriptor, 65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
    return None


def _slug_of(table: WorkTable, error: BaseException) -> str:
    """Tell faults of the machine, for which no letter is set aside, from those of the work."""
    if isinstance(error, MemoryError):
        return orders.OUT_OF_MEMORY
    if isinstance(error, OSError) and not table.reads_only and error.errno in _FULL:
        return orders.NO_ROOM
    if isinstance(error, OSError) and not table.reads_only and error.errno in _OF_THE_MACHINE:
        return orders.MACHINE_FAILED
    return table.slugs.get(type(error), table.failed)


def _work(table: WorkTable, order: WorkOrder, data: bytes, writer: int) -> NoReturn:
    """The child: does the work within the limits, reports, and ends without cleaning up."""
    answer: Answer
    try:
        if table.reads_only:
            writer = _keep_one(writer)
            confine.keep_to_computing(order["memory"], order["seconds"])
        else:
            confine.limit_process(order["memory"], order["seconds"])
            # The child's own temporary files go with the job's folder: nobody cleans up after us.
            tempfile.tempdir = str(Path(str(order["job"]["out"])).parent)
        # Layout makes millions of small objects that live to the end: look for garbage seldom.
        gc.set_threshold(100_000, 50, 100)
        answer = {"report": table.run(order["work"], order["job"], data)}
        text = json.dumps(answer)
    except BaseException as error:
        slug = _slug_of(table, error)
        detail = "" if type(error) in table.slugs else type(error).__name__
        text = json.dumps({"report": None, "slug": slug, "detail": detail})
    try:
        rest = text.encode()
        while rest:
            rest = rest[os.write(writer, rest) :]
    finally:
        os._exit(0)


def _keep_one(writer: int) -> int:
    """Close all that the child could read or write but its answer; gives where that is now."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.dup2(writer, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    return 3
