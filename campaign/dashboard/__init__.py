"""Today's work (`today`, `to_deliver`), running campaigns, and the statistics of each.

`count_figures` counts and keeps, `read_figures` adds up, `charts` and `statistics_page` show them.
"""
