"""Today's work (`today`, `to_deliver`) and a campaign's statistics.

`refresh` and `count_block` keep the counts, `campaign_statistics` reads them, `charts` draws
them, `figure_tables` and `page_sections` lay out the page.
"""
