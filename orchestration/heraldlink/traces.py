# SPDX-License-Identifier: Apache-2.0
"""Traces of requests, where this process exports them: across client and nodes, as W3C trace context.

Only the API of OpenTelemetry is used, and only if something else has set up an exporter, such as
``opentelemetry-instrument heraldlink node FILE``; nothing is imported otherwise.
"""

import os
import sys
from typing import TYPE_CHECKING

from heraldlink.messages.command import Created, Err, Finished, Held, Ok, Progress
from heraldlink.messages.header import Body

if TYPE_CHECKING:
    from opentelemetry.trace import Span

VARIABLES = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
SDK = "opentelemetry.sdk.trace"


def exported() -> bool:
    """Whether spans of this process go anywhere."""
    return SDK in sys.modules or any(name in os.environ for name in VARIABLES)


def carried() -> str:
    """The ``traceparent`` of the span that is open here, empty if there is none."""
    if SDK not in sys.modules:
        return ""
    from opentelemetry.propagate import inject

    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent", "")


class Spans:
    """A span for each request of a node, from its acceptance to its end; slots and heralds are its events."""

    def __init__(self, node: str) -> None:
        from opentelemetry import trace

        self._node = node
        self._tracer = trace.get_tracer("heraldlink")
        self._open: dict[tuple[str, int], Span] = {}

    def told(self, client: str, create_id: int, body: Body, parent: str) -> None:
        """What the client of a request was told; ``parent`` is the traceparent it sent."""
        key = client, create_id
        match body:
            case Created():
                self._open[key] = self._begun(body.request, client, parent)
            case Progress() if key in self._open:
                self._open[key].add_event(
                    "slot", {"slot": body.slot, "heralds": body.counts.heralds, "delivered": body.delivered}
                )
            case Ok(pair=pair) | Held(pair=pair) if key in self._open:
                self._open[key].add_event(
                    "herald", {"slot": pair.slot, "attempt": pair.attempt, "status": pair.status}
                )
            case Finished(state=state, reason=reason) if key in self._open:
                self._end(key, state, reason)
            case Err(code=code, reason=reason) if key in self._open:
                self._end(key, code, reason)
            case _:
                pass

    def _begun(self, request: int, client: str, parent: str) -> "Span":
        from opentelemetry.propagate import extract

        context = extract({"traceparent": parent}) if parent else None
        return self._tracer.start_span(
            "request",
            context=context,
            attributes={"heraldlink.node": self._node, "heraldlink.request": request, "client": client},
        )

    def _end(self, key: tuple[str, int], state: str, reason: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        span = self._open.pop(key)
        span.set_attribute("state", state)
        if state != "DELIVERED":
            span.set_status(Status(StatusCode.ERROR, reason))
        span.end()
