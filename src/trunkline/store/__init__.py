"""What we remember: resources, operations, activities, numbers, applied blueprints. The only room that speaks SQL.

``database`` opens the store and hands out transactions; ``reader`` and ``writer`` are what can be asked and told inside
one, ``question`` how it is asked; ``schema`` the tables and ``migrations`` how they came to be; ``rows`` translates
between values and rows, of which ``sealed`` encrypts the secrets; ``engine`` knows the differences between databases,
``failure`` turns their errors into ours.
"""

from trunkline.store.database import Store
from trunkline.store.reader import Reader
from trunkline.store.writer import Writer

__all__ = ["Reader", "Store", "Writer"]
