# SPDX-License-Identifier: Apache-2.0
"""Who may talk to a node: keys, the list of those let in, and the door that asks for them."""
