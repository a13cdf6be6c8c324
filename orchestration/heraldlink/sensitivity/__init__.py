# SPDX-License-Identifier: Apache-2.0
"""What the calibration sequences can tell about every parameter of a device file, and what they cannot."""
