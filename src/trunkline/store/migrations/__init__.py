"""How the tables came to be: ``env`` is run by Alembic, ``versions`` holds one module per step."""
