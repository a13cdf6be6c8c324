# SPDX-License-Identifier: Apache-2.0
"""The simulated laboratory: a shared physical world behind real wire protocols."""
