# SPDX-License-Identifier: Apache-2.0
"""Formats of recordings: open binary streams in, blocks of tags out, and back."""
