# SPDX-License-Identifier: Apache-2.0
"""A laboratory to break: bench and nodes as processes, with relays and proxies between them.

How to write the test of a row of the fault list::

    from fault_lab import Laboratory, fault

    @fault(16)                                    # the row; its docstring is the outcome in the table
    def test_a_lost_reply_expires_on_both_nodes(rack: Laboratory) -> None:
        \"\"\"The REPLY is sent again; its pairs are CONFIRMED on both nodes or EXPIRED on both.\"\"\"
        lost = rack.link["bob"].add(Rule("drop", kind="link.reply", way="down", count=1))
        with rack.client() as client:
            client.prepare()
            ending = client.measure(number=20)
        assert lost.struck                        # first: the injection took effect
        assert ending.state == "DELIVERED"        # then: what was expected

* ``rack`` (fixture, one a module) is running and healed before and after each test, and after each test its
  history is checked: ``check(rack)``, invariants I1 to I7. Nodes that a test killed are started again.
* Messages on the link: ``rack.link["alice"]`` is the relay between alice and the midpoint (``way`` "up" goes
  to the midpoint); ``.add(Rule(...))``, ``.log``, ``.inject(way, frames)``, ``.clear()``. See :mod:`relay`.
* Messages of clients: ``rack.command["alice"]`` is the relay in front of alice's command channel;
  ``rack.client(relayed=True)`` goes through it.
* Bytes: ``rack.wire["alice"]`` is the TCP proxy between alice and her relay: latency, slices, black hole,
  reset. See :mod:`proxy`.
* Instruments: ``rack.fault("bob_tc", "hang", match=...)``, ``rack.strikes("bob_tc")``, ``rack.heal()``;
  ``rack.panel("hub_pump", "POW:SHUT?")`` reads at the instrument itself, ``rack.wire_log(after_s)`` what
  reached the instruments and when (monotonic clock).
* Processes: ``rack.kill("alice")``, ``rack.pause``, ``rack.resume``, ``rack.restart``, ``rack.stop_node``,
  ``rack.pid``, ``rack.workers``.
* Requests: ``client.start(number=...)`` then ``asked.slots(3)`` waits for three more slots, ``asked.end()``
  waits for the end; everything a client was told is in ``rack.history``.
* A protection switched off: in ``with rack.off("NAME", "alice"):`` that node runs without the protection
  NAME of :mod:`site.live`, if the laboratory is ``switchable``; what cannot be switched while a node runs is
  in :mod:`without`: ``Laboratory(folder, without={"alice": "NAME"})``. ``unprotected(16, "...")`` marks the
  test that shows the failure; ``shown_to_fail(scenario, rack, "why")`` runs the row's scenario and wants it,
  or the history, to fail.

The table of docs/reference/fault-rows.md is made from these marks: ``python -m fault_lab.table --write``.
"""

from fault_lab.broken import HistoryBroken
from fault_lab.deadline import within
from fault_lab.history import History, check
from fault_lab.laboratory import Laboratory, wait_for
from fault_lab.marks import fault, shown_to_fail, unprotected
from fault_lab.proxy import Proxy
from fault_lab.relay import Relay, Rule

__all__ = [
    "History",
    "HistoryBroken",
    "Laboratory",
    "Proxy",
    "Relay",
    "Rule",
    "check",
    "fault",
    "shown_to_fail",
    "unprotected",
    "wait_for",
    "within",
]
