"""The press, which lays out the same document once a run.

What processes printed is kept in a folder that all workers of a run share. All of
`tests/integration` prints by it in this process: a bundle of seven letters is printed
hundreds of times, and what is tried there is the bundle, not the page. So no test there shows by
itself that printing anew gives the same bytes. Without it run `tests/unit`, and with it the tests
of the press, `tests/e2e`, tests marked `real_press`, and whatever prints in a process of its own,
such as `test_determinism`, which prints whole bundles in two places and compares their bytes.
"""

import hashlib
import json
import os
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from weasyprint import Document

from campaign.bundles.freeze import freeze_bundle, select_letters
from campaign.core.isolation import worker
from campaign.core.isolation.orders import Limits, ProcessKind
from campaign.core.isolation.worker import WorkOutcome
from campaign.deliveries.envelopes import reroute_bundle
from campaign.printing import print_letters, renderer
from campaign.printing.print_letters import PRESS

_MOST_DOCUMENTS = 48


class RememberingPress:
    """What was laid out in this process, here and in processes."""

    def __init__(self, folder: Path) -> None:
        """Keep outcomes below this folder, which may be that of another process as well."""
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._borrow_process = worker.borrow_process
        self._lay_out = renderer.lay_out
        self._write_pdf = renderer.write_pdf
        self._documents: OrderedDict[Any, Document] = OrderedDict()
        self._written: dict[tuple[int, bool], bytes] = {}

    def put_up(self, patch: pytest.MonkeyPatch) -> None:
        """Let the system print by this press."""
        for module in (worker, print_letters):
            patch.setattr(module, "borrow_process", self.borrow_process)
        # Papers bear a check code: by chance no paper would be like another.
        patch.setattr(freeze_bundle, "token_hex", lambda size: "5a" * size)
        for module in (select_letters, reroute_bundle):
            patch.setattr(module, "new_salt", lambda: bytes(16))
        patch.setattr(renderer, "lay_out", self.lay_out)
        patch.setattr(renderer, "write_pdf", self.write_pdf)

    @contextmanager
    def borrow_process(self, _kind: ProcessKind) -> Iterator["RememberingPress"]:
        """What takes orders; a process is borrowed for those that are new."""
        yield self

    def run(self, work: str, job: dict[str, Any], limits: Limits, size: int) -> WorkOutcome:
        """The outcome of such an order; one that failed is tried each time."""
        out = Path(job["out"])
        kept = self._folder / _name(work, job, limits)
        if kept.exists():
            outcome, printed = pickle.loads(kept.read_bytes())
            out.write_bytes(printed)
            return outcome
        with self._borrow_process(PRESS) as process:
            outcome = process.run(work, job, limits, size)
        if outcome.report is not None and out.exists():
            # Another worker sees the whole file or none.
            writing = kept.with_name(uuid4().hex)
            writing.write_bytes(pickle.dumps((outcome, out.read_bytes())))
            writing.rename(kept)
        return outcome

    @contextmanager
    def lay_out(
        self, html: str, stylesheet: str, geometry: Any, *, xml: bool = False, picture: bytes = b""
    ) -> Iterator[Document]:
        """The document, laid out now or before."""
        key = (html, stylesheet, geometry, xml, picture)
        with renderer._LOCK:
            if key in self._documents:
                yield self._documents[key]
                return
            with self._lay_out(html, stylesheet, geometry, xml=xml, picture=picture) as document:
                yield document
            self._documents[key] = document
            while len(self._documents) > _MOST_DOCUMENTS:
                _, gone = self._documents.popitem(last=False)
                for tagged in (False, True):
                    self._written.pop((id(gone), tagged), None)

    def write_pdf(self, document: Document, *, tagged: bool = False) -> bytes:
        """Its PDF; that of a document which is not kept is written each time."""
        with renderer._LOCK:
            key = (id(document), tagged)
            written = self._written.get(key) or self._write_pdf(document, tagged=tagged)
            if document in self._documents.values():
                self._written[key] = written
            return written


def _name(work: str, job: dict[str, Any], limits: Limits) -> str:
    """What tells an order from every other: files by what is in them, not where they lie."""
    facts = _facts({name: one for name, one in job.items() if name != "out"})
    return _digest(json.dumps([work, facts, repr(limits)]).encode())


def _facts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _facts(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_facts(one) for one in value]
    # Unlike Path, this takes texts of any length.
    if isinstance(value, str) and value.startswith("/") and os.path.isfile(value):  # noqa: PTH113
        return ["file", _digest(Path(value).read_bytes())]
    return value


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
