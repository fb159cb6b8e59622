"""The views of the public pages.

`before_request` is what every public page, also of signing, is held to.
"""
