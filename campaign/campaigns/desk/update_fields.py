"""Title and text of a post per language: a language has both of them, or neither."""

from collections.abc import Callable, Sequence

from flask_babel import lazy_gettext as _l
from wtforms import Form
from wtforms.validators import ValidationError

from campaign.web.form_fields import LineField, TextField


def post_fields(locales: Sequence[str]) -> dict[str, object]:
    """Fields `title_<language>` and `body_<language>`, with their checks, for a form's class."""
    fields: dict[str, object] = {}
    for code in locales:
        fields[f"title_{code}"] = LineField(_l("Title"), limit=200)
        fields[f"body_{code}"] = TextField(_l("Text"), limit=10_000)
        fields[f"validate_body_{code}"] = _needs_title(code)
        fields[f"validate_title_{code}"] = _needs_text(code, locales)
    return fields


def _needs_title(code: str) -> Callable[[Form, TextField], None]:
    def check(form: Form, field: TextField) -> None:
        if field.data and not form[f"title_{code}"].data:
            raise ValidationError(_l("Write a title in the same language as the text."))

    return check


def _needs_text(code: str, locales: Sequence[str]) -> Callable[[Form, LineField], None]:
    """A title alone would hide the text of the main language from its readers."""

    def check(form: Form, field: LineField) -> None:
        others = any(form[f"body_{other}"].data for other in locales if other != code)
        if field.data and others and not form[f"body_{code}"].data:
            raise ValidationError(
                _l(
                    "Write the text in this language too, or delete its title. Otherwise its "
                    "readers would miss the text."
                )
            )

    return check
