"""Today's work (`today`, `to_deliver`), running campaigns, and the statistics of each.

`count_statistics` keeps the counts, `figures` reads them, `charts` and `statistics_page` show them.
"""
