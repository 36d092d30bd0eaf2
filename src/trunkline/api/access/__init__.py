"""Who may come in, and what they may do.

``hashing`` keeps secrets as hashes, ``directory`` is the file of tenants, subscriptions and accounts, which may change
while the service runs. ``roles`` and ``evaluate`` decide, purely, what an assignment of a role permits; ``asked`` says
which action a request is, ``permissions`` answers for a principal, ``linked`` for what a body links to,
``assignments``, ``definitions`` and ``own`` are the API of Microsoft.Authorization, ``endpoints`` the operator's own.
``grants`` and ``device`` are the ways to log in, ``identity`` that of programs on this machine, ``issuers`` those of
other identity providers.
"""
