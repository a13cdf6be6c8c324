# SPDX-License-Identifier: Apache-2.0
"""Runs and recordings on disk: tags, dataset, figures and record of a run in one folder; files of tags."""
