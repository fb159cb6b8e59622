"""Who runs this site and what happens with personal data: pages made from the settings.

`organisation_texts` what the organization adds to them, `save_text` how that is saved in the
workspace; `privacy_notice` the notice in sections; `notice_versions` which version was on its page
when, for consents; `empty_settings` what production still has to fill in.
"""
