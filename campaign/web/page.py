"""A page: what its template is given, and how it is sent."""

from flask import render_template
from flask.typing import ResponseReturnValue

from campaign.core.template_context import TemplateContext
from campaign.web.desk_form import list_problems


class Page(TemplateContext):
    """What a template under `templates/` is given."""

    def html(self) -> str:
        return render_template(self.template, **self.values())


def show_page(page: Page, status: int = 200) -> ResponseReturnValue:
    """Return the page; 422 where something is wrong in its form."""
    form = getattr(page, "form", None)
    refused = form is not None and any(list_problems(form))
    return page.html(), 422 if refused else status
