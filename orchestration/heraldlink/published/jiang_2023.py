# SPDX-License-Identifier: Apache-2.0
"""Jiang 2023: heralds per second, and how many microwave photons a detected optical photon adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heraldlink.published.experiment import Experiment
from heraldlink.published.pump import SAMPLE_RATE_HZ, settings, times_s
from heraldlink.published.row import Level, Panel, Row, Table, curve
from heraldlink.published.solve import solved
from heraldlink_physics.chain import arm
from heraldlink_physics.device import ArmDevice
from heraldlink_physics.photon_addition import Addition, photon_addition
from heraldlink_physics.settings import ArmSettings
from heraldlink_physics.transducer import extraction

STATEMENT = (
    "A blue pulse makes n̄ pairs in proportion to its energy and leaves n_th thermal phonons behind "
    "(heating by the last pulse and by the average power, a bath that decays exponentially). The two "
    "modes are Gaussian; what a click of the optical detector, dark counts included, adds to the "
    "microwave mode is computed exactly: (1+n̄)(1+n_th) photons for rare clicks, since thermal photons "
    "stimulate. Of these the share η_mw leaves the device.",
    "Only the four published numbers are read in the source. The optical chain, the pulse and the "
    "heating are assumed (device file and configs/published/jiang_2023.yaml), and η_mw = 0.35 is the "
    "published addition itself: the row shows which products the published numbers fix and whether they "
    "fit together.",
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What one pump energy gives."""

    energy_J: float
    n_bar: float
    n_thermal: float
    addition: Addition
    rate_Hz: float
    """Heralds per second."""


def row(experiment: Experiment, device: ArmDevice) -> Row:
    """The row; `device` is either arm of the device file."""
    published_Hz = experiment.result("herald_rate_Hz").value
    energy_J = solved(published_Hz, lambda joule: pulse(experiment, device, joule).rate_Hz, 0.0, 1e-12)
    found = pulse(experiment, device, energy_J)
    return Row(
        name="jiang_2023",
        title=experiment.title,
        source=experiment.source,
        statement=STATEMENT,
        tables=(_table(experiment, device, found),),
        panels=(_rates(experiment, device), _added(experiment, device, found)),
        deviations=_deviations(experiment, device, found),
    )


def pulse(experiment: Experiment, device: ArmDevice, energy_J: float) -> Pulse:
    """Pairs, heat, addition and heralds of a pump pulse, through the chain of nodes and laboratory."""
    period_s = experiment.condition("period_s")
    pumped = arm(device, _settings(experiment, device, energy_J))
    detector, bias_A = device.readout.detector, experiment.condition("bias_A")
    dark = detector.dark_rate(bias_A) * experiment.condition("gate_s")
    efficiency = pumped.arm.efficiency * detector.efficiency(bias_A)
    addition = photon_addition(pumped.arm.n_bar, pumped.arm.n_thermal, efficiency, dark)
    rate_Hz = addition.click_probability / period_s
    return Pulse(energy_J, pumped.arm.n_bar, pumped.arm.n_thermal, addition, rate_Hz)


def _settings(experiment: Experiment, device: ArmDevice, energy_J: float) -> ArmSettings:
    sigma_s, period_s = experiment.condition("pulse_sigma_s"), experiment.condition("period_s")
    shape = np.exp(-((times_s(period_s) - period_s / 2) ** 2) / 2 / sigma_s**2)
    return settings(device, energy_J * SAMPLE_RATE_HZ * shape / float(shape.sum()))


def _table(experiment: Experiment, device: ArmDevice, found: Pulse) -> Table:
    rate, added = experiment.result("herald_rate_Hz"), experiment.result("added")
    thermal, conversion = experiment.result("thermal_photons"), experiment.result("conversion")
    share = device.qubit.loading_efficiency
    out = share * found.addition.added_photons
    assumed = pulse(experiment, device, experiment.condition("pulse_energy_J"))
    energy_pJ, largest = assumed.energy_J * 1e12, _optical(device) * share
    rows = (
        (
            f"heralds per second at {energy_pJ:g} pJ",
            f"{rate.value:g}",
            rate.evidence,
            f"{assumed.rate_Hz:.1f}",
        ),
        ("pulse energy for the published rate (pJ)", "", "", f"{found.energy_J * 1e12:.3f}"),
        ("... pairs per pulse", "", "", f"{found.n_bar:.2e}"),
        ("... thermal photons", f"< {thermal.value:g}", thermal.evidence, f"{found.n_thermal:.2f}"),
        ("share of an added photon that leaves, η_mw", f"{added.value:g}", added.evidence, "given"),
        ("... mean photons that leave per herald", "", "", f"{out:.2f}"),
        ("largest conversion", f"{conversion.value:g}", conversion.evidence, f"{largest:.4f}"),
    )
    return Table("Published and computed", ("quantity", "published", "evidence", "model"), rows)


def _optical(device: ArmDevice) -> float:
    """Share of the cavity's photons that reach the fibre."""
    return extraction(device.transducer) * device.transducer.chip_to_fibre


def _rates(experiment: Experiment, device: ArmDevice) -> Panel:
    energies = np.linspace(1e-15, 2 * experiment.condition("pulse_energy_J"), 31)
    rates = [pulse(experiment, device, float(energy)).rate_Hz for energy in energies]
    published = experiment.result("herald_rate_Hz").value
    return Panel(
        title="heralds",
        x_label="pump energy of a pulse before the chip (pJ)",
        y_label="heralds per second (Hz)",
        curves=(curve("model", energies * 1e12, rates),),
        levels=(Level(f"published, {published:g} Hz", published),),
    )


def _added(experiment: Experiment, device: ArmDevice, found: Pulse) -> Panel:
    thermal = np.linspace(0.0, experiment.result("thermal_photons").value, 21)
    added, share = experiment.result("added").value, device.qubit.loading_efficiency
    efficiency = _efficiency(experiment, device, found)
    photons = np.array(
        [photon_addition(found.n_bar, float(n), efficiency, 0.0).added_photons for n in thermal]
    )
    return Panel(
        title="added microwave photons",
        x_label="thermal photons $n_{th}$ before a pulse (dimensionless)",
        y_label="per herald (dimensionless)",
        curves=(
            curve(f"mean photons that leave, if η_mw = {share:g}", thermal, share * photons),
            curve(f"η_mw, if {added:g} is that mean", thermal, added / photons, "dashed"),
        ),
        levels=(Level(f"published, {added:g}", added),),
    )


def _efficiency(experiment: Experiment, device: ArmDevice, found: Pulse) -> float:
    pumped = arm(device, _settings(experiment, device, found.energy_J)).arm
    return pumped.efficiency * device.readout.detector.efficiency(experiment.condition("bias_A"))


def _deviations(experiment: Experiment, device: ArmDevice, found: Pulse) -> tuple[str, ...]:
    rate, added = experiment.result("herald_rate_Hz").value, experiment.result("added").value
    share, conversion = device.qubit.loading_efficiency, experiment.result("conversion").value
    assumed = pulse(experiment, device, experiment.condition("pulse_energy_J"))
    optical, photons = _optical(device), found.addition.added_photons
    product = found.n_bar * (1 + found.n_thermal) * _efficiency(experiment, device, found)
    dark = 1 - product / found.addition.click_probability
    return (
        f"Heralds: {assumed.rate_Hz:.1f} against {rate:g} per second at the assumed energy, which is not "
        f"published; {found.energy_J * 1e12:.3f} pJ gives the published rate. The rate fixes one "
        f"product, pairs times (1 + n_th) times efficiency over the period: {product:.2e} per pulse of "
        f"{experiment.condition('period_s') * 1e6:g} µs. {dark:.0%} of the heralds are dark counts then, "
        "which add nothing.",
        f"Addition: {added:g} can mean two things. If it is the share of an added photon that leaves, "
        f"the mean that leaves per herald is {share * photons:.2f} at n_th = {found.n_thermal:.2f}, as "
        f"thermal photons stimulate; if it is that mean, only {added / photons:.2f} leaves. With n_th "
        "between 0 and the published bound η_mw lies between "
        f"{added / (1 + experiment.result('thermal_photons').value):.2f} and {added:g}.",
        f"Conversion: {conversion:g} in continuous wave needs an optical share of at least "
        f"{conversion / share:.3f} with η_mw = {share:g}; the assumed {optical:.3f} allows "
        f"{optical * share:.4f}, so that the published conversion and addition fit the first reading "
        "with cooperativities almost matched. With the second reading the optical share would have to "
        f"be {conversion / (added / photons):.2f}.",
    )
