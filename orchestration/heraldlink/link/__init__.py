# SPDX-License-Identifier: Apache-2.0
"""The link layer as pure step functions: state and event in, state and actions out; no I/O, no clock."""
