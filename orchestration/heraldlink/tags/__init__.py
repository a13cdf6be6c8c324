# SPDX-License-Identifier: Apache-2.0
"""Time tags: blocks of streams, formats, and analyses of how clicks pair up; arrays in, arrays out.

Files are opened by `heraldlink.recordings`, which has the verbs of ``heraldlink tags`` too.
"""
