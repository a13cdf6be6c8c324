# SPDX-License-Identifier: Apache-2.0
"""A node's process: sockets, link state machine and journal; its instruments live in a worker process."""
