"""A small load generator for servers of this machine: keep-alive connections, raw sockets."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Sequence

_TIMEOUT = 60


def requests_per_second(
    port: int, make: Callable[[int], bytes], *, count: int, connections: int, expected: bytes
) -> float:
    """Answers per second to `count` requests over `connections`; each must begin with `expected`.

    Sent from a process of its own, so that the measured server and the measuring client do not
    share an interpreter. Raises AssertionError when an answer is another one.
    """
    context = multiprocessing.get_context("fork")
    result = context.SimpleQueue()
    child = context.Process(
        target=_run, args=(port, [make(n) for n in range(count)], connections, expected, result)
    )
    child.start()
    outcome = result.get()
    child.join()
    if isinstance(outcome, str):
        raise AssertionError(outcome)
    return count / float(outcome)


def _run(
    port: int, messages: Sequence[bytes], connections: int, expected: bytes, result: object
) -> None:
    failures: list[str] = []

    def work(mine: Sequence[bytes]) -> None:
        try:
            _send(port, mine, expected, failures)
        except OSError as problem:  # a thread that ends early must not pass for a fast one
            failures.append(str(problem))

    shares = [messages[start::connections] for start in range(connections)]
    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    result.put(failures[0] if failures else seconds)  # type: ignore[attr-defined]


def _send(port: int, mine: Sequence[bytes], expected: bytes, failures: list[str]) -> None:
    connection = socket.create_connection(("127.0.0.1", port), _TIMEOUT)
    for message in mine:
        try:
            connection.sendall(message)
            answer, closes = answer_of(connection)
        except OSError:
            answer, closes = b"", True
        if not answer:  # the server closed an idle connection: once more
            connection = socket.create_connection(("127.0.0.1", port), _TIMEOUT)
            connection.sendall(message)
            answer, closes = answer_of(connection)
        if not answer.startswith(expected):
            failures.append(answer[:200].decode("latin-1"))
            return
        if closes:
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port), _TIMEOUT)


def answer_of(connection: socket.socket) -> tuple[bytes, bool]:
    """One whole answer's head and whether the connection ends with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            return data, True
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    lower = head.lower()
    length = 0
    for line in lower.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        block = connection.recv(65536)
        if not block:
            break
        body += block
    return head, b"connection: close" in lower
