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
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from campaign.bundles.freeze import freeze_bundle, select_letters
from campaign.core.isolation import worker
from campaign.core.isolation.orders import Limits, ProcessKind
from campaign.core.isolation.worker import WorkOutcome
from campaign.core.slow_work import leave_database
from campaign.deliveries.envelopes import reroute_bundle
from campaign.models.bundle import Bundle
from campaign.printing import print_letters, renderer
from campaign.printing.engine.join_pdf import PdfFile, describe_pdf, replace_when_done
from campaign.printing.geometry import EnvelopeSheet
from campaign.printing.html import PrintedPage
from campaign.printing.print_letters import PRESS
from campaign.printing.sheets import bundle_sheets, envelopes, handouts
from campaign.printing.sheets.envelopes import EnvelopeContext


class RememberingPress:
    """What was laid out in this run, here and in processes."""

    def __init__(self, folder: Path) -> None:
        """Keep outcomes below this folder, which may be that of another process as well."""
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._borrow_process = worker.borrow_process
        self._render_page = renderer.render_page
        self._write_sheet = renderer.write_sheet
        self._render_envelopes = envelopes.render_envelopes

    def put_up(self, patch: pytest.MonkeyPatch) -> None:
        """Let the system print by this press."""
        for module in (worker, print_letters):
            patch.setattr(module, "borrow_process", self.borrow_process)
        # Papers bear a check code: by chance no paper would be like another.
        patch.setattr(freeze_bundle, "token_hex", lambda size: "5a" * size)
        for module in (select_letters, reroute_bundle):
            patch.setattr(module, "new_salt", lambda: bytes(16))
        for module in (freeze_bundle, reroute_bundle):
            patch.setattr(module, "new_bundle", partial(_make_numbered, module.new_bundle))
        for module in (renderer, handouts):
            patch.setattr(module, "render_page", self.render_page)
        for module in (renderer, bundle_sheets):
            patch.setattr(module, "write_sheet", self.write_sheet)
        patch.setattr(envelopes, "render_envelopes", self.render_envelopes)

    @contextmanager
    def borrow_process(self, _kind: ProcessKind) -> Iterator["RememberingPress"]:
        """What takes orders; a process is borrowed for those that are new."""
        leave_database()
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
            _keep(kept, (outcome, out.read_bytes()))
        return outcome

    def render_page(
        self, page: PrintedPage, stylesheet: str, geometry: Hashable, **facts: Any
    ) -> bytes:
        """The PDF of such a page."""
        kept = self._folder / ("page-" + _name_page(page, stylesheet, geometry, facts))
        if not kept.exists():
            _keep(kept, self._render_page(page, stylesheet, geometry, **facts))
        pdf: bytes = pickle.loads(kept.read_bytes())
        return pdf

    def render_envelopes(self, fronts: Sequence[EnvelopeContext], sheet: EnvelopeSheet) -> bytes:
        """The PDF of such envelopes; some that are refused are laid out each time."""
        kept = self._folder / ("envelopes-" + _digest(repr((list(fronts), sheet)).encode()))
        if not kept.exists():
            _keep(kept, self._render_envelopes(fronts, sheet))
        pdf: bytes = pickle.loads(kept.read_bytes())
        return pdf

    def write_sheet(
        self,
        page: PrintedPage,
        stylesheet: str,
        geometry: Hashable,
        out: Path,
        *,
        check: Callable[[Any], None] = lambda document: None,
        **facts: Any,
    ) -> PdfFile:
        """The PDF of such a sheet; one that is refused is laid out each time."""
        kept = self._folder / ("sheet-" + _name_page(page, stylesheet, geometry, facts))
        if kept.exists():
            pages, pdf = pickle.loads(kept.read_bytes())
            with replace_when_done(out) as path:
                path.write_bytes(pdf)
            return describe_pdf(out, pages)
        written = self._write_sheet(page, stylesheet, geometry, out, check=check, **facts)
        _keep(kept, (written.pages, out.read_bytes()))
        return written


def _make_numbered(make: Callable[..., Bundle], *facts: Any) -> Bundle:
    """A bundle whose address, which a code on its papers bears, follows from its number."""
    bundle = make(*facts)
    bundle.public_id = _digest(f"bundle {bundle.id}".encode())[:22]
    return bundle


def _keep(kept: Path, outcome: Any) -> None:
    """Write it down; another worker of the run sees the whole file or none."""
    writing = kept.with_name(uuid4().hex)
    writing.write_bytes(pickle.dumps(outcome))
    writing.rename(kept)


def _name_page(
    page: PrintedPage, stylesheet: str, geometry: Hashable, facts: dict[str, Any]
) -> str:
    """What tells a page, and what it is wanted as, from every other."""
    return _digest(repr((page.html(), stylesheet, geometry, sorted(facts.items()))).encode())


def _name(work: str, job: dict[str, Any], limits: Limits) -> str:
    """What tells an order from every other: files by what is in them, not where they lie."""
    facts = _facts({name: part for name, part in job.items() if name != "out"})
    return _digest(json.dumps([work, facts, repr(limits)]).encode())


def _facts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _facts(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_facts(part) for part in value]
    # Unlike Path, this takes texts of any length.
    if isinstance(value, str) and value.startswith("/") and os.path.isfile(value):  # noqa: PTH113
        return ["file", _digest(Path(value).read_bytes())]
    return value


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
