# SPDX-License-Identifier: Apache-2.0
"""The tune-up: what is due, how it is measured, what it says, and where that is kept."""
