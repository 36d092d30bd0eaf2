"""Printing a view through the Jinja2 template beside it. Templates print; views have decided."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    # Daemons do not read HTML: nothing is to be escaped, and names were checked when the view was made.
    return Environment(loader=PackageLoader("trunkline.routing", "."), undefined=StrictUndefined,  # noqa: S701
                       trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)


def printed(template: str, view: object) -> str:
    return _environment().get_template(template).render(view=view)
