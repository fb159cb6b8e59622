"""What forms say where a field has no message of its own: our words, in the reader's language."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from wtforms import Form, IntegerField, RadioField, SelectChoice, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from campaign.web.form_base import DeskForm, PlainForm, Worded


def _below(kind: type) -> Iterator[type]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _below(subclass)


@pytest.mark.usefixtures("app")
def test_every_form_of_the_site_says_our_words() -> None:
    ours = {form for form in _below(Form) if form.__module__.startswith("campaign.")}
    assert len(ours) > 50
    assert {form for form in ours if not issubclass(form, Worded)} == set()


class _Bare(PlainForm):
    name = StringField(validators=[InputRequired()])
    town = StringField(validators=[Length(max=3)])
    letters = IntegerField(validators=[NumberRange(1, 9)])
    people = IntegerField()
    lists = SelectMultipleField(choices=[SelectChoice("a", "A")])


@pytest.mark.parametrize(
    ("lang", "needed", "number"),
    [
        ("en", "Fill in this field.", "Enter a number from 1 to 9."),
        ("fr", "Remplissez ce champ.", "Indiquez un nombre de 1 à 9."),
    ],
)
def test_a_sentence_of_the_library_is_never_read(
    app: Flask, lang: str, needed: str, number: str
) -> None:
    with app.test_request_context(f"/{lang}/", headers={"Accept-Language": lang}):
        typed = [
            ("name", ""),
            ("town", "Ottawa"),
            ("letters", "12"),
            ("people", "many"),
            ("lists", "b"),
        ]
        form = _Bare(MultiDict(typed))
        form.validate()
        assert form.errors["name"] == [needed]
        assert form.errors["letters"] == [number]
        assert set(form.errors) == {"name", "town", "letters", "people", "lists"}
        assert "3" in form.errors["town"][0]
        text = " ".join(str(error) for errors in form.errors.values() for error in errors)
    for theirs in ("required", "Field", "Not a valid", "is not a valid", "%("):
        assert theirs not in text


def test_each_problem_leads_to_its_control_and_one_of_none_nowhere(app: Flask) -> None:
    class Form(DeskForm):
        name = StringField()
        kind = RadioField(choices=[SelectChoice("a", "A")])

    with app.test_request_context():
        form = Form()
        form.name.errors, form.kind.errors, form.form_errors = ["No."], ["None."], ["Not now."]
        assert form.problems() == [("", "Not now."), ("name", "No."), ("kind-0", "None.")]
