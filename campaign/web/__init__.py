"""What every page stands on: security, limits, error pages, forms, fields, Markdown, pagination.

`form_base` and `fields` are of every form; `edit_conflict` is for forms that two people may save
at once.
"""
