# SPDX-License-Identifier: Apache-2.0
"""Numbers with a unit in their name and a range, as the configuration files use them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, le=1, description="share of the time")]
Wavelength_m = Annotated[float, Field(ge=1.2e-6, le=1.7e-6, description="vacuum wavelength in metres")]
OpticalPower_W = Annotated[float, Field(ge=0, le=0.1, description="optical power in watts")]
Attenuation_dB = Annotated[float, Field(ge=0, le=60, description="attenuation in decibels")]
Bias_A = Annotated[float, Field(ge=0, le=100e-6, description="detector bias current in amperes")]
Voltage_V = Annotated[float, Field(ge=-5, le=5, description="threshold or trigger level in volts")]
Amplitude_Vpp = Annotated[float, Field(gt=0, le=0.5, description="full scale of a generator channel, volts")]
Frequency_Hz = Annotated[float, Field(gt=0, le=20e9, description="microwave frequency in hertz")]
MicrowavePower_dBm = Annotated[float, Field(ge=-120, le=25)]
Delay_s = Annotated[float, Field(ge=0, lt=0.1, description="delay after the slot tick, seconds")]
Duration_ps = Annotated[int, Field(gt=0, le=10**12, description="integer picoseconds, at most a second")]
Time_ps = Annotated[int, Field(ge=0, le=10**12, description="integer picoseconds after an event")]
Timeout_s = Annotated[float, Field(gt=0, le=600, description="seconds of the wall clock")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Endpoint = Annotated[
    str,
    Field(
        pattern=r"^tcp://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+|\*):[0-9]{1,5}$",
        description="tcp://host:port; port 0 takes a free one",
    ),
]


class Strict(BaseModel):
    """A section of a file: unknown keys and silent conversions are errors, values are frozen."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,  # sections are built into their file's model, which only its reader needs
    )
