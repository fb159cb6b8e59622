"""What everybody reads: home, case, updates, feeds, share, printed things.

Signing is in `campaign.signing`. `page_cache` keeps finished pages in memory.
"""
