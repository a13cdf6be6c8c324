# SPDX-License-Identifier: Apache-2.0
"""Why a node does not work, or will not: checks that change nothing, each finding with its remedy."""
