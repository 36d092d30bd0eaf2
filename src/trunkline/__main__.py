"""``trunkline`` and ``python -m trunkline``."""

from __future__ import annotations

from trunkline.cli.root import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
