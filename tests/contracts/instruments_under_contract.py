# SPDX-License-Identifier: Apache-2.0
"""Which simulated model stands in for the hardware of each driver, and what it may be set to.

Limits are those of the instruments here; on hardware they come from ``--limits FILE``.
"""

LASER = {"wavelength_m": (1.50e-6, 1.60e-6), "power_W": (1e-3, 1e-2)}

MODELS: dict[str, str] = {
    "BlueforsController": "Bluefors",
    "HeraldTektronixAWG5208": "Tektronix AWG5208",
    "HeraldTektronixAWG70002A": "Tektronix AWG70002A",
    "IDQuantiqueID1000": "ID Quantique ID1000",
    "IDQuantiqueID900": "ID Quantique ID900",
    "KeysightN7761A": "Keysight N7761A",
    "KeysightN7764A": "Keysight N7764A",
    "LakeShore372": "Lake Shore 372",
    "PolatisOST": "Polatis OST",
    "SGS100ARole": "R&S SGS100A",
    "SantecTSL570": "Santec TSL-570",
    "SingleQuantumEOS": "Single Quantum EOS",
    "SingleQuantumRetina": "Single Quantum Retina",
    "StanfordDG645": "SRS DG645",
    "ThorlabsPM103E": "Thorlabs PM103E",
    "TopticaDLCpro": "TOPTICA DLC pro",
}

LIMITS: dict[str, dict[str, tuple[float, float]]] = {
    "HeraldTektronixAWG5208": {"sample_rate_Hz": (1e9, 2.4e9), "amplitude_Vpp": (0.1, 0.5)},
    "HeraldTektronixAWG70002A": {"sample_rate_Hz": (5e9, 20e9), "amplitude_Vpp": (0.25, 0.5)},
    "SGS100ARole": {"frequency_Hz": (4e9, 8e9), "power_dBm": (-60.0, 0.0)},
    "SantecTSL570": LASER,
    "SingleQuantumEOS": {"bias_A": (0.0, 20e-6), "trigger_level_V": (0.0, 0.2)},
    "SingleQuantumRetina": {"bias_A": (0.0, 20e-6), "trigger_level_V": (0.0, 0.2)},
    "StanfordDG645": {"amplitude_V": (1.0, 4.0)},
    "ThorlabsPM103E": {"wavelength_m": (1.2e-6, 1.6e-6)},
    "TopticaDLCpro": {"wavelength_m": (1.54e-6, 1.56e-6), "power_W": (1e-3, 5e-3)},
}
