"""Each template is given what it names, and nothing that it does not."""

import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from flask import Flask
from jinja2 import Environment

import campaign
from campaign.core.template_context import TemplateContext
from campaign.mail.messages import Mail
from campaign.printing.engine.segments import SegmentSheets
from campaign.printing.html import LetterSheet, PrintedPage, environment
from campaign.staff.navigation import DeskFrame
from campaign.web.page import Page
from tests.sources import VAGUE_NAMES
from tests.template_names import names_required, names_set, names_used

Context = TypeVar("Context", bound=TemplateContext)
_PARTS = (".subject.txt", ".txt", ".html")
"""Of a mail."""


def _contexts(base: type[Context]) -> Iterator[type[Context]]:
    for module in pkgutil.walk_packages(campaign.__path__, "campaign."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            import_module(module.name)
    waiting = list(base.__subclasses__())
    while waiting:
        context = waiting.pop()
        waiting += context.__subclasses__()
        # Other tests of the same process may have contexts of their own.
        if context.template and context.__module__.startswith("campaign."):
            yield context


def _given_anyway(app: Flask) -> set[str]:
    """Names of the environment, of context processors, and of the frame of the desk."""
    names = {field.name for field in fields(DeskFrame)}
    names |= {"g", "request", "session", "config", "get_flashed_messages"}
    names |= set(app.jinja_env.globals)
    with app.test_request_context("/en/"):
        for processors in app.template_context_processors.values():
            for processor in processors:
                names |= set(processor())
    return names


def problems_of(
    env: Environment,
    context: type[TemplateContext],
    given: set[str],
    *,
    parts: Sequence[str] = ("",),
    unused: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """What is missing in a context, and what nobody asks for.

    :param parts: endings of its templates, where it has several.
    :param unused: fields that are for something else than the templates.
    """
    names = {field.name for field in fields(context)}
    templates = [context.template + part for part in parts]
    for template in templates:
        for name in names_required(env, template) - given - names:
            yield f"{context.__qualname__}: {template} names {name!r}"
    used = set().union(*(names_used(env, template) for template in templates))
    for name in names - used - unused:
        yield f"{context.__qualname__}: {context.template} does not use {name!r}"


def test_each_page_is_given_what_its_template_names(app: Flask) -> None:
    given = _given_anyway(app)
    problems = [
        problem
        for context in _contexts(Page)
        for problem in problems_of(app.jinja_env, context, given)
    ]
    assert problems == []


def test_each_mail_is_given_what_its_templates_name(app: Flask) -> None:
    given = _given_anyway(app) | {"subject"}
    header = {field.name for field in fields(Mail)}
    mails = list(_contexts(Mail))
    problems = [
        problem
        for mail in mails
        for problem in problems_of(
            app.jinja_env, mail, given, parts=_PARTS, unused=header | mail.recheck_only
        )
    ]
    assert problems == []
    assert {mail.kind for mail in mails} == {
        Path(name).name.removesuffix(".subject.txt")
        for name in app.jinja_env.list_templates()
        if name.startswith("mail/") and name.endswith(".subject.txt")
    }


def test_each_printed_page_is_given_what_its_template_names() -> None:
    env = environment()
    pages = list(_contexts(PrintedPage))
    problems = [problem for page in pages for problem in problems_of(env, page, set(env.globals))]
    assert problems == []
    # Parts of letters are macros, which see what the page that imports them is given.
    parts = names_required(env, "parts.html") - set(env.globals)
    assert parts <= {field.name for field in fields(LetterSheet)}
    assert parts <= {field.name for field in fields(SegmentSheets)}
    assert {page.template for page in pages} == {
        name for name in env.list_templates() if name.endswith(".html")
    } - {"parts.html"}


def test_each_stylesheet_names_only_what_it_is_filled_with() -> None:
    env = environment()
    given = set(env.globals) | {"layout", "mm", "pt", "screen"}
    for name in env.list_templates(extensions=["css"]):
        card = {"card_width", "card_height"} if name == "card-screen.css" else set()
        assert names_required(env, name) <= given | card, name


def test_names_of_templates_say_what_they_hold(app: Flask) -> None:
    for env in (app.jinja_env, environment()):
        for name in env.list_templates(extensions=["html", "txt", "xml"]):
            assert names_set(env, name) & VAGUE_NAMES == set(), name


def test_a_wrong_context_is_found(app: Flask) -> None:
    """Without this, the test above could pass for looking at nothing."""

    class Wrong(TemplateContext, template="public/outcome.html"):
        more: str

    sentences = set(problems_of(app.jinja_env, Wrong, _given_anyway(app)))
    assert "names 'case'" in " ".join(sentences)
    assert any(sentence.endswith("does not use 'more'") for sentence in sentences)
