"""Where security events go besides the store."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.model.event import Event
from trunkline.settings import Siem
from trunkline.telemetry.siem.formats import Form
from trunkline.telemetry.siem.outlet import file_outlet, syslog_outlet


def outlets(settings: Siem) -> Callable[[Event], None]:
    found = [*([syslog_outlet(settings.syslog, Form(settings.syslog_form))] if settings.syslog else []),
             *([file_outlet(settings.file, Form(settings.file_form))] if settings.file else [])]

    def tell(event: Event) -> None:
        for outlet in found:
            outlet.tell(event)

    return tell
