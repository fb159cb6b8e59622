"""What every page stands on: security, limits, error pages, forms, Markdown, pagination.

`page` is what a template is given and what a view gives back, `template_globals` what every
template can name. `form_base` and `form_fields` are of every form; `edit_conflict` is for those
that two people may save at once, `typed_words` for those that can no longer be saved.
"""
