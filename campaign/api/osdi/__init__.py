"""OSDI 1.2 in Action Network's dialect, for programs with a token.

`views` says under which addresses, `resources` what a thing is as JSON, `listing` makes its pages,
`filters` reads `filter`, `sign_ups` takes what forms elsewhere send.
"""
