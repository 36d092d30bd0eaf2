"""Key Vault. The vaults themselves are declared in ``resources.vaults``; here is what is not ARM's manner.

``kept`` says how vaults, secrets and their versions are stored and named, ``front`` is the data plane's HTTP with its
challenge, ``secrets`` its operations, ``recycling`` deleted vaults and their return, ``lookup`` finds a secret by the
identifier that another resource holds.
"""
