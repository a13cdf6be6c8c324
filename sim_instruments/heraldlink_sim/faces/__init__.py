# SPDX-License-Identifier: Apache-2.0
"""One face per instrument: the vendor's protocol outside, a frozen state for the world inside."""
