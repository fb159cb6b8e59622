"""Who runs this site and what happens with personal data: pages made from the settings.

`privacy_notice` the notice in sections; `page_texts` what the organization adds to the pages, and
which notice was on its page when, for consents, and what production must fill in.
"""
