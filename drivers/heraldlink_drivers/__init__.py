# SPDX-License-Identifier: Apache-2.0
"""QCoDeS drivers and the roles they play in a quantum-network node.

``from heraldlink_drivers import SantecTSL570`` loads QCoDeS; ``heraldlink_drivers.roles`` and
``heraldlink_drivers.errors`` do not.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heraldlink_drivers.id_quantique_id900 import IDQuantiqueID900
    from heraldlink_drivers.keysight_n7764a import KeysightN7764A
    from heraldlink_drivers.santec_tsl570 import SantecTSL570
    from heraldlink_drivers.single_quantum_eos import SingleQuantumEOS
    from heraldlink_drivers.stanford_dg645 import StanfordDG645
    from heraldlink_drivers.tektronix_awg70002a import HeraldTektronixAWG70002A

__all__ = [
    "HeraldTektronixAWG70002A",
    "IDQuantiqueID900",
    "KeysightN7764A",
    "SantecTSL570",
    "SingleQuantumEOS",
    "StanfordDG645",
]

_MODULES = {
    "HeraldTektronixAWG70002A": "tektronix_awg70002a",
    "IDQuantiqueID900": "id_quantique_id900",
    "KeysightN7764A": "keysight_n7764a",
    "SantecTSL570": "santec_tsl570",
    "SingleQuantumEOS": "single_quantum_eos",
    "StanfordDG645": "stanford_dg645",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
