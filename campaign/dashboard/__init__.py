"""Today's work (`today`, `to_deliver`), running campaigns, and the statistics of each.

`refresh_statistics` and `count_statistics` keep the counts, `campaign_statistics` reads them,
`charts` draws them, `statistics_tables` and `statistics_page` lay out the page.
"""
