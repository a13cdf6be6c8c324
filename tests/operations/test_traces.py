# SPDX-License-Identifier: Apache-2.0
"""A request is one span at its node, a child of the client's; without an exporter nothing is loaded."""

import subprocess
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from heraldlink.messages.command import Created, Err, Finished, Held, HeraldedPair
from heraldlink.messages.values import Prediction
from heraldlink.traces import Spans, carried

WITHOUT = """
import sys
import heraldlink.agent.run, heraldlink.client
from heraldlink.traces import carried, exported
print(carried(), exported(), any(name.startswith("opentelemetry") for name in sys.modules))
"""


def provider() -> InMemorySpanExporter:
    """The exporter of this process, which may have one provider only."""
    exporter = InMemorySpanExporter()
    found = trace.get_tracer_provider()
    if not isinstance(found, TracerProvider):
        found = TracerProvider()
        trace.set_tracer_provider(found)
    found.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def test_a_request_is_a_child_of_the_clients_span() -> None:
    exporter = provider()
    with trace.get_tracer("script").start_as_current_span("experiment") as experiment:
        sent = carried()
    assert f"{experiment.get_span_context().trace_id:032x}" in sent
    spans = Spans("alice")
    pair = HeraldedPair(1, 1, 3, 17, "psi+", "ZZ", (1, 1), 0.8, "model", 0.02, "WITHHELD", "a doubt")
    spans.told("lab/1", 5, Created(5, 99, made(Prediction), 1000), sent)
    spans.told("lab/1", 5, Held(5, pair), "")
    spans.told("lab/1", 5, Finished(5, "FAILED", "bob", "bob_awg", "no answer", 0, 1, 0, 3), "")
    spans.told("lab/1", 6, Err("NORES", "refused before it was taken"), "")
    request = next(span for span in exporter.get_finished_spans() if span.name == "request")
    assert request.context.trace_id == experiment.get_span_context().trace_id
    assert request.parent.span_id == experiment.get_span_context().span_id
    assert request.attributes["heraldlink.request"] == 99
    assert request.attributes["state"] == "FAILED"
    assert request.status.description == "no answer"
    assert [(event.name, event.attributes["attempt"]) for event in request.events] == [("herald", 17)]


def made(kind: type) -> object:
    """A message part whose numbers do not matter here."""
    return kind(*[0.0] * len(kind.__struct_fields__))


def test_nothing_is_loaded_without_an_exporter() -> None:
    found = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
