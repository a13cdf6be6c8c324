# SPDX-License-Identifier: Apache-2.0
"""Messages between processes: one header, msgspec bodies, raw array frames, and their size limits."""
