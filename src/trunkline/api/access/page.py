"""The page on which a person approves a device code: one form, no script, nothing fetched."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from trunkline.api.access.grants import Denied, Desk
from trunkline.api.exchange import Answer

_HEADERS = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store", "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                                       "frame-ancestors 'none'"}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Trunkline: sign in on another device</title>
<style>body{{font:16px sans-serif;max-width:24em;margin:4em auto;padding:0 1em}}label{{display:block;margin:1em 0}}
input{{font:inherit;width:100%;box-sizing:border-box;padding:.4em}}button{{font:inherit;padding:.5em 1em}}
.said{{padding:.6em;border-left:4px solid #777;background:#eee}}</style></head>
<body><h1>Sign in</h1>{said}{form}</body></html>"""

_FORM = """<p>Only approve a code that you asked for yourself.</p>
<form method="post" action="/devicelogin">
<label>Code <input name="user_code" value="{code}" autocomplete="off" required></label>
<label>User name <input name="username" value="{user}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button name="answer" value="approve">Sign in</button> <button name="answer" value="decline">Decline</button></form>"""


def show(user_code: str) -> Answer:
    return _page("", _FORM.format(code=escape(user_code), user=""))


def submit(desk: Desk, body: bytes, address: str) -> Answer:
    """Approved or declined by whoever has the account's password."""
    fields = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    typed, user = fields.get("user_code", ""), fields.get("username", "")
    again = _FORM.format(code=escape(typed), user=escape(user))
    code = desk.codes.waiting(typed)
    if code is None:
        return _page("The code is wrong, has expired, or was used already.", again, 400)
    if fields.get("answer") == "decline":
        code.declined = True
        return _page("You declined. Nobody was signed in.", "")
    try:
        desk.approve(code, user, fields.get("password", ""), address)
    except Denied as denied:
        return _page(str(denied), again, 400)
    return _page("You have signed in on your device. You may close this window.", "")


def _page(said: str, form: str, status: int = 200) -> Answer:
    told = f'<p class="said" role="status">{escape(said)}</p>' if said else ""
    return Answer(status, _PAGE.format(said=told, form=form).encode(), _HEADERS)
