"""The signature list, drawn row by row without a layout engine.

`list_sheet` has its columns and rows and fits texts into cells, `typeface` shapes them, `list_job`
writes pages, in a process of the engine.
"""
