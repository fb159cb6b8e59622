"""People at the desk: sign-in, second factor, roles.

`guards` says who may come to a blueprint's pages, `reauthentication` asks again who somebody is,
`require_audit` sees to it that every change leaves an entry, `navigation` is the frame of every
page of the desk.
"""
