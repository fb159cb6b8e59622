"""The signature list, drawn row by row without a layout engine.

`label_sheets` has its columns and rows, `list_cells` fits a text into a cell, `typeface` shapes
it, `list_pages` writes pages, `list_job` is the work that a process of the engine does.
"""
