"""What a view gives back: a page, or the next one with what was done."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.core.template_context import TemplateContext
from campaign.web.form_base import DeskForm, list_problems, name_lost_files
from campaign.web.spreadsheets import csv_lines


class Page(TemplateContext):
    def html(self) -> str:
        return render_template(self.template, **self.values())


def add_lookups(blueprint: Blueprint, *lookups: Callable[..., object]) -> None:
    """Let templates call these by their names; they are given the session of the request."""
    for lookup in lookups:
        blueprint.add_app_template_global(partial(_look_up, lookup), lookup.__name__)


def _look_up(lookup: Callable[..., object], *subjects: object) -> object:
    return lookup(db.session(), *subjects)


def show_page(page: Page, status: int = 200) -> ResponseReturnValue:
    """Return the page; 422 where something is wrong in its form."""
    form = getattr(page, "form", None)
    refused = form is not None and any(list_problems(form))
    if refused:
        name_lost_files(form)
    return page.html(), 422 if refused else status


def redirect_to(
    endpoint: str, message: str = "", category: str = "message", /, **values: Any
) -> ResponseReturnValue:
    if message:
        flash(message, category)
    return redirect(url_for(endpoint, **values), 303)


class ProblemsOn:
    """Puts what is found invalid within it on the form's fields, and goes on behind it.

    With `refused`, the sentence for where the state of things does not allow it, Refused as well.
    """

    def __init__(self, form: DeskForm, refused: object = None) -> None:
        self._form, self._refused = form, refused

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, problem: object, _trace: object) -> bool:
        if isinstance(problem, Invalid):
            self._form.refuse_problem(problem)
        elif isinstance(problem, Refused) and self._refused is not None:
            self._form.form_errors.append(self._refused)
        else:
            return False
        return True


def accepted(form: DeskForm, action: Callable[[], object], *, refused: object = None) -> bool:
    """Do `action`; False where `ProblemsOn` has put a problem on the form."""
    with ProblemsOn(form, refused):
        action()
        return True
    return False


def pdf_file(body: bytes, name: str, *, inline: bool = False) -> Response:
    """Send a PDF: to be saved, as a stranger's always is; one of ours may be shown (`inline`)."""
    disposition = f'{"inline" if inline else "attachment"}; filename="{name}"'
    headers = {"Content-Disposition": disposition}
    return Response(body, mimetype="application/pdf", headers=headers)


def csv_file(name: str, rows: Iterable[Iterable[object]], delimiter: str = ",") -> Response:
    """Send the rows as a download; they are read when the request's session has ended.

    `delimiter`: of the file that they come from, so that the same program opens both.
    """
    response = Response(csv_lines(rows, delimiter), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
