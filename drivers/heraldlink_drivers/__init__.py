# SPDX-License-Identifier: Apache-2.0
"""QCoDeS drivers and the roles they play in a quantum-network node.

``from heraldlink_drivers import SantecTSL570`` loads QCoDeS; ``heraldlink_drivers.roles`` and
``heraldlink_drivers.errors`` do not. ``VisaSession`` is the base for drivers of your own.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heraldlink_drivers._visa_session import VisaSession
    from heraldlink_drivers.bluefors import BlueforsController
    from heraldlink_drivers.id_quantique_id900 import IDQuantiqueID900, IDQuantiqueID1000
    from heraldlink_drivers.keysight_n7761a import KeysightN7761A
    from heraldlink_drivers.keysight_n7764a import KeysightN7764A
    from heraldlink_drivers.lakeshore_372 import LakeShore372
    from heraldlink_drivers.polatis_ost import PolatisOST
    from heraldlink_drivers.santec_tsl570 import SantecTSL570
    from heraldlink_drivers.sgs100a_role import SGS100ARole
    from heraldlink_drivers.single_quantum_eos import SingleQuantumEOS
    from heraldlink_drivers.single_quantum_retina import SingleQuantumRetina
    from heraldlink_drivers.stanford_dg645 import StanfordDG645
    from heraldlink_drivers.tektronix_awg5208 import HeraldTektronixAWG5208
    from heraldlink_drivers.tektronix_awg70002a import HeraldTektronixAWG70002A
    from heraldlink_drivers.thorlabs_pm103e import ThorlabsPM103E
    from heraldlink_drivers.toptica_dlcpro import TopticaDLCpro

__all__ = [
    "BlueforsController",
    "HeraldTektronixAWG5208",
    "HeraldTektronixAWG70002A",
    "IDQuantiqueID900",
    "IDQuantiqueID1000",
    "KeysightN7761A",
    "KeysightN7764A",
    "LakeShore372",
    "PolatisOST",
    "SGS100ARole",
    "SantecTSL570",
    "SingleQuantumEOS",
    "SingleQuantumRetina",
    "StanfordDG645",
    "ThorlabsPM103E",
    "TopticaDLCpro",
    "VisaSession",
]

_MODULES = {
    "BlueforsController": "bluefors",
    "HeraldTektronixAWG5208": "tektronix_awg5208",
    "HeraldTektronixAWG70002A": "tektronix_awg70002a",
    "IDQuantiqueID1000": "id_quantique_id900",
    "IDQuantiqueID900": "id_quantique_id900",
    "KeysightN7761A": "keysight_n7761a",
    "KeysightN7764A": "keysight_n7764a",
    "LakeShore372": "lakeshore_372",
    "PolatisOST": "polatis_ost",
    "SGS100ARole": "sgs100a_role",
    "SantecTSL570": "santec_tsl570",
    "SingleQuantumEOS": "single_quantum_eos",
    "SingleQuantumRetina": "single_quantum_retina",
    "StanfordDG645": "stanford_dg645",
    "ThorlabsPM103E": "thorlabs_pm103e",
    "TopticaDLCpro": "toptica_dlcpro",
    "VisaSession": "_visa_session",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
