# SPDX-License-Identifier: Apache-2.0
"""Counters of a node for Prometheus, served on loopback; needs the extra ``[metrics]``.

Labels have few values each (no request, no run), so that series do not grow in number.
"""

from collections.abc import Callable, Mapping

from heraldlink.errors import ConfigurationError
from heraldlink.link.courier import Tally
from heraldlink.messages.event import FAULT, LEASE, PAIR, REQUEST, SLOT, STATE, Event
from heraldlink.security.places import host_of, is_loopback

try:
    from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, start_http_server
except ImportError as error:
    raise ConfigurationError('metrics need prometheus_client: pip install "heraldlink[metrics]"') from error

STATES = ["BOOT", "RECOVER", "SAFE", "IDLE", "ARMED", "RUNNING", "DRAIN", "SUSPENDED", "FAULT", "MAINT"]


class Metrics:
    """A `heraldlink.agent.notices.Counter`; a thread serves ``/metrics`` at ``endpoint``.

    Raises ConfigurationError for an address that is taken, or not on loopback: metrics are not encrypted.
    """

    def __init__(self, endpoint: str, tallies: Callable[[], Mapping[str, Tally]]) -> None:
        if not is_loopback(endpoint):
            raise ConfigurationError(f"metrics: {endpoint} is not on loopback, and metrics are not encrypted")
        self._tallies, registry = tallies, CollectorRegistry()
        self._events = Counter("heraldlink_events", "events told", ["topic"], registry=registry)
        self._pairs = Counter("heraldlink_pairs", "heralds by their verdict", ["status"], registry=registry)
        self._requests = Counter("heraldlink_requests", "requests by state", ["state"], registry=registry)
        self._faults = Counter("heraldlink_faults", "failures by instrument", ["device"], registry=registry)
        self._slots = Counter("heraldlink_slots", "slots played", registry=registry)
        self._attempts = Counter("heraldlink_attempts", "attempts of measuring slots", registry=registry)
        self._state = Enum("heraldlink_state", "state of the node", states=STATES, registry=registry)
        self._held = Gauge("heraldlink_lease_held", "whether somebody holds the lease", registry=registry)
        self._link = Gauge(
            "heraldlink_link_messages", "link messages by what became of them", ["node", "what"],
            registry=registry,
        )  # fmt: skip
        host, port = host_of(endpoint), int(endpoint.rpartition(":")[2])
        try:
            server, _ = start_http_server(port, addr=host.strip("[]"), registry=registry)
        except OSError as error:
            raise ConfigurationError(f"metrics: cannot listen on {endpoint}: {error.strerror}") from error
        self.address = f"http://{host}:{server.server_port}/metrics"

    def count(self, event: Event) -> None:
        """One more event."""
        facts = event.facts
        self._events.labels(event.topic).inc()
        match event.topic:
            case t if t == PAIR:
                self._pairs.labels(facts["status"]).inc()
            case t if t == REQUEST:
                self._requests.labels(facts["state"]).inc()
            case t if t == FAULT:
                self._faults.labels(facts["device"] or "worker").inc()
            case t if t == SLOT:
                self._slots.inc()
                self._attempts.inc(0 if facts["estimate"] else float(facts["attempts"] or 0))
            case t if t == STATE:
                self._state.state(str(facts["state"]).partition(" ")[0])
            case t if t == LEASE:
                self._held.set(1.0 if facts["held"] else 0.0)
            case _:
                pass

    def measure(self) -> None:
        """Read the link's tallies."""
        for node, tally in self._tallies().items():
            for name in ("resent", "repeated", "reordered", "former_life", "out_of_window", "given_up"):
                self._link.labels(node, name).set(getattr(tally, name))
