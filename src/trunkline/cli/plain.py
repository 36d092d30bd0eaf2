"""Texts of others, such as a peer's last words, as they may reach a terminal."""

from __future__ import annotations


def plain(text: str) -> str:
    """They command no terminal."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"
