"""Letters per second: a whole `campaign bundle` against one WeasyPrint document per letter."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import peak_megabytes

_PLAIN_LETTERS = 40


@dataclass
class BundleRun:
    letters: int
    seconds: float
    """From command to verified ZIP, with all lists."""
    peak_mb: float
    """Of the largest single process."""

    @property
    def rate(self) -> float:
        return self.letters / self.seconds


def bundle(environment: dict[str, str], letters: int, out: Path, *, processes: int) -> BundleRun:
    """Time `campaign bundle` of that many letters, three in ten with own words."""
    synthesise(environment, letters)
    begin = time.perf_counter()
    answer, peak = _watched(
        environment,
        "bundle",
        "ua-58-20",
        "--mission",
        "mexico-ottawa",
        "--out",
        str(out),
        "--processes",
        str(processes),
        "--json",
    )
    report = json.loads(answer)
    _, peak_of_check = _watched(environment, "verify", report["zip"])
    return BundleRun(report["letters"], time.perf_counter() - begin, max(peak, peak_of_check))


def synthesise(environment: dict[str, str], signatures: int) -> None:
    """Confirmed signatures of invented people, three in ten with own words."""
    _campaign(
        environment, "synth", "ua-58-20", "--signatures", str(signatures), "--own-words", "0.3"
    )


def one_by_one(environment: dict[str, str]) -> float:
    """Letters per second of one core when each letter is a document of its own."""
    script = (
        "import time\n"
        "from benchmarks.letters import plain_letters\n"
        f"print(plain_letters({_PLAIN_LETTERS}))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(answer.stdout)


def plain_letters(count: int) -> float:
    """Lay out `count` letters, a WeasyPrint document each; letters per CPU second."""
    from campaign.printing.engine.letters_job import render_letters
    from campaign.printing.geometry import layout_for
    from campaign.printing.printed_content import LetterContext

    letter = LetterContext(
        key="bench",
        number="00001",
        reference="UA 58/20",
        locale="en",
        sender_lines=("Ana Example", "Ottawa", "Canada"),
        place_and_date="Ottawa, 24 November 2026",
        addressee_lines=(
            "Governor of Yucatán",
            "Embassy of Mexico",
            "45 O'Connor Street",
            "Suite 1000",
            "Ottawa ON K1P 1A4",
        ),
        subject="UA 58/20: police protection",
        salutation="Excellency:",
        opening=("I am writing to you about the safety of a person who defends rights. " * 2,),
        points=("I respectfully ask you to restore the full measures of protection. " * 2,) * 4,
        own_words=("I am a nurse, and I know what it means to rely on somebody at night. " * 3,),
        closing=("Thank you for your attention to this letter.",),
        complimentary_close="Yours sincerely,",
        signature_name="Ana Example",
        signature_locality="Ottawa",
    )
    layout = layout_for("CA")
    render_letters([letter], layout)
    begin = time.process_time()
    for _ in range(count):
        render_letters([letter], layout)
    return count / (time.process_time() - begin)


def _campaign(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "campaign", *arguments],
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def new_instance(**more: str) -> tuple[tempfile.TemporaryDirectory[str], dict[str, str]]:
    """An instance with the demo, whose limits do not stand in the way of a load test."""
    folder = tempfile.TemporaryDirectory(prefix="bench-")
    environment = {
        "CAMPAIGN_INSTANCE": f"{folder.name}/instance",
        "CAMPAIGN_SIGNINGS_PER_HOUR": "100000000",
        "CAMPAIGN_BURST_PER_NETWORK": "100000000",
        "CAMPAIGN_BURST_PER_CAMPAIGN": "100000000",
        "CAMPAIGN_LIVE_PREVIEWS_PER_HOUR": "100000000",
        "CAMPAIGN_LOG_LEVEL": "error",
        **more,
    }
    _campaign(environment, "demo")
    return folder, environment


def _watched(environment: dict[str, str], *arguments: str) -> tuple[str, float]:
    """What a command printed, and the megabytes of the largest process it had."""
    process = subprocess.Popen(
        [sys.executable, "-m", "campaign", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, peak_megabytes(process.pid))
        time.sleep(0.1)
    assert process.stdout is not None
    output = process.stdout.read()
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"campaign {arguments[0]} failed")
    return output, peak
