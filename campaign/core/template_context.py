"""What a template is given, as a type: its names, and nothing else.

    class BundleList(Page, template="bundles/index.html"):
        bundles: Sequence[Bundle]
        form: SearchForm

makes a frozen dataclass with keyword arguments. Pages, mails and printed papers each have a base of
their own that renders it. A test holds the fields against the names that the template uses.
"""

from dataclasses import Field, dataclass
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True)
class TemplateContext:
    template: ClassVar[str] = ""
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init_subclass__(cls, *, template: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.template = template or cls.template
        dataclass(frozen=True, kw_only=True)(cls)

    def values(self) -> dict[str, object]:
        return dict(vars(self))  # its fields; a letter's page asks for them thousands of times
