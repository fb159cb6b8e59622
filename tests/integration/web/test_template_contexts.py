"""Each template is given what it names, and nothing that it does not."""

import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module

import pytest
from flask import Flask
from jinja2 import Environment

import campaign
from campaign.core.template_context import TemplateContext
from campaign.staff.navigation import DeskFrame
from campaign.web.page import Page
from tests.template_names import names_required, names_used

pytestmark = pytest.mark.one_engine


def _contexts(base: type[TemplateContext]) -> Iterator[type[TemplateContext]]:
    for module in pkgutil.walk_packages(campaign.__path__, "campaign."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            import_module(module.name)
    waiting = list(base.__subclasses__())
    while waiting:
        context = waiting.pop()
        waiting += context.__subclasses__()
        if context.template:
            yield context


def _given_anyway(app: Flask) -> set[str]:
    """Names of the environment, of context processors, and of the frame of the desk."""
    names = {field.name for field in fields(DeskFrame)}  # type: ignore[arg-type]
    names |= {"g", "request", "session", "config", "get_flashed_messages"}
    names |= set(app.jinja_env.globals)
    with app.test_request_context("/en/"):
        for processors in app.template_context_processors.values():
            for processor in processors:
                names |= set(processor())
    return names


def problems_of(env: Environment, context: type[TemplateContext], given: set[str]) -> Iterator[str]:
    """What is missing in a context, and what nobody asks for."""
    names = {field.name for field in fields(context)}  # type: ignore[arg-type]
    for name in names_required(env, context.template) - given - names:
        yield f"{context.__qualname__}: {context.template} names {name!r}"
    for name in names - names_used(env, context.template):
        yield f"{context.__qualname__}: {context.template} does not use {name!r}"


def test_each_page_is_given_what_its_template_names(app: Flask) -> None:
    given = _given_anyway(app)
    problems = [
        problem
        for context in _contexts(Page)
        for problem in problems_of(app.jinja_env, context, given)
    ]
    assert problems == []


def test_a_wrong_context_is_found(app: Flask) -> None:
    """Without this, the test above could pass for looking at nothing."""

    class Wrong(TemplateContext, template="public/outcome.html"):
        more: str

    sentences = set(problems_of(app.jinja_env, Wrong, _given_anyway(app)))
    assert "names 'case'" in " ".join(sentences)
    assert any(sentence.endswith("does not use 'more'") for sentence in sentences)
