# SPDX-License-Identifier: Apache-2.0
"""What a laboratory is made of: transducers, detectors, paths; nothing that an instrument sets."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi

from heraldlink_physics.clock import TRUE_CLOCK, Clock
from heraldlink_physics.electro_optic import ElectroOpticPort
from heraldlink_physics.errors import PhysicsError, within, within_or_infinite
from heraldlink_physics.fibre import NO_FIBRE, Fibre, FreeSpace
from heraldlink_physics.piezo import PiezoPort
from heraldlink_physics.snspd import Snspd


@dataclass(frozen=True, slots=True)
class Carver:
    """Acousto-optic modulator that carves the pump, dark at zero drive: transmission sin² of the voltage."""

    v_pi_V: float
    """Voltage of full transmission."""
    extinction_dB: float
    """Full over dark transmission; its inverse leaks all the time."""

    def __post_init__(self) -> None:
        within("carver.v_pi_V", self.v_pi_V, 1e-6)
        within("carver.extinction_dB", self.extinction_dB, 0)


@dataclass(frozen=True, slots=True)
class Transducer:
    """Optical side of a transducer, coupled to mechanics or microwaves; rates are omega / 2 pi."""

    optical_frequency_Hz: float
    microwave_frequency_Hz: float
    coupling_Hz: float
    """Single-photon coupling g/2pi of the optical cavity to the mechanics, or to the microwaves."""
    kappa_external_Hz: float
    kappa_internal_Hz: float
    chip_to_fibre: float
    """Power transmission between fibre and chip, the same in both directions, 0..1."""
    free_spectral_range_Hz: float = 0.0
    """Distance of the resonator's modes, so that the pump has one of its own; 0: there is but the one."""
    frequency_jump_Hz: float = 0.0
    """By how far the cavity jumps from `optical_frequency_Hz`, and back (random telegraph noise)."""
    frequency_jump_rate_Hz: float = 0.0
    """Jumps per second, there and back alike."""

    def __post_init__(self) -> None:
        within("transducer.optical_frequency_Hz", self.optical_frequency_Hz, 1e12, 1e15)
        within("transducer.microwave_frequency_Hz", self.microwave_frequency_Hz, 1e6, 1e12)
        within("transducer.coupling_Hz", self.coupling_Hz, 0)
        within("transducer.kappa_external_Hz", self.kappa_external_Hz, 1)
        within("transducer.kappa_internal_Hz", self.kappa_internal_Hz, 0)
        within("transducer.chip_to_fibre", self.chip_to_fibre, 0, 1)
        within("transducer.free_spectral_range_Hz", self.free_spectral_range_Hz, 0)
        within("transducer.frequency_jump_Hz", self.frequency_jump_Hz, -1e12, 1e12)
        within("transducer.frequency_jump_rate_Hz", self.frequency_jump_rate_Hz, 0)


@dataclass(frozen=True, slots=True)
class Heating:
    """n_0 + pulse_photons (E/E_ref)**a exp(-t/decay) + average_photons (P/P_ref)**b, t after a pulse."""

    n_0: float
    pulse_photons: float
    pulse_reference_J: float
    pulse_exponent: float
    decay_s: float
    average_photons: float
    average_reference_W: float
    average_exponent: float

    def __post_init__(self) -> None:
        within("heating.n_0", self.n_0, 0)
        within("heating.pulse_photons", self.pulse_photons, 0)
        within("heating.pulse_reference_J", self.pulse_reference_J, 1e-24)
        within("heating.pulse_exponent", self.pulse_exponent, 0, 4)
        within("heating.decay_s", self.decay_s, 1e-12)
        within("heating.average_photons", self.average_photons, 0)
        within("heating.average_reference_W", self.average_reference_W, 1e-24)
        within("heating.average_exponent", self.average_exponent, 0, 4)


@dataclass(frozen=True, slots=True)
class Qubit:
    """The node's qubit as its drive and its owner see it."""

    frequency_Hz: float
    rabi_rad_per_Vs: float
    """Rotation angle per area of the resonant drive's envelope at the generator."""
    dephasing: float
    """Phase-flip probability between loading and readout, 0..0.5."""
    loading_efficiency: float
    """From the transducer's microwave output into the qubit, 0..1."""
    t1_s: float = inf
    """Energy relaxation time."""
    t2_s: float = inf
    """Decay time of the coherence (free precession), <= 2 T1."""
    thermal_population: float = 0.0
    """Excited share at rest and after a reset, 0..0.5."""

    def __post_init__(self) -> None:
        within("qubit.frequency_Hz", self.frequency_Hz, 1e6, 1e12)
        within("qubit.rabi_rad_per_Vs", self.rabi_rad_per_Vs, 0)
        within("qubit.dephasing", self.dephasing, 0, 0.5)
        within("qubit.loading_efficiency", self.loading_efficiency, 0, 1)
        within_or_infinite("qubit.t1_s", self.t1_s, 1e-12)
        within_or_infinite("qubit.t2_s", self.t2_s, 1e-12)
        within("qubit.thermal_population", self.thermal_population, 0, 0.5)
        if self.t2_s > 2 * self.t1_s:
            raise PhysicsError(
                f"qubit.t2_s = {self.t2_s:g} is impossible: relaxation alone ends the coherence in "
                f"2 T1, allowed are 0 to {2 * self.t1_s:g}"
            )


@dataclass(frozen=True, slots=True)
class Readout:
    """Photon-counting readout through the transducer with a red pump."""

    photons_e: float
    """Mean detected photons per readout gate from the excited qubit at the nominal pump power, >= 0."""
    photons_g: float
    """The same from the ground state, >= 0."""
    pump_power_W: float
    """Nominal red pump power in the fibre before the transducer."""
    gate_s: float
    """Nominal length of the readout gate."""
    detector: Snspd
    """The node's own; the photon numbers hold for its plateau efficiency."""

    def __post_init__(self) -> None:
        within("readout.photons_e", self.photons_e, 0)
        within("readout.photons_g", self.photons_g, 0)
        within("readout.pump_power_W", self.pump_power_W, 1e-18)
        within("readout.gate_s", self.gate_s, 1e-12)


@dataclass(frozen=True, slots=True)
class EmitterSource:
    """A node whose qubit itself emits: each pump pulse excites its bright state e, fully (assumed)."""

    emission: float
    """Probability that it then emits into the cavity's mode, 0..1."""

    def __post_init__(self) -> None:
        within("emitter.emission", self.emission, 0, 1)


@dataclass(frozen=True, slots=True)
class ArmDevice:
    """One node's hardware and its fibre to the midpoint."""

    name: str
    splitter: float
    """Share of the pump laser that goes to this node, 0..1."""
    insertion: float
    """From the splitter to the fibre before the transducer, attenuator and carver apart, 0..1."""
    carver: Carver
    transducer: Transducer
    path_efficiency: float
    """From the transducer's fibre to the beam splitter (circulator, filters, fibre), detector apart, 0..1."""
    fibre_delay_ps: int
    """From the generator's output through carver, transducer and fibre to the midpoint's detectors."""
    pump_extinction_dB: float
    """By how much the filters before the midpoint weaken the pump relative to the photons; inf: no leak."""
    n_added: float
    heating: Heating
    qubit: Qubit
    readout: Readout
    filter_linewidth_Hz: float = inf
    """Full width at half maximum of the filter cavity before the midpoint; inf: none that shapes a photon."""
    filter_offset_Hz: float = 0.0
    """The filter's frequency less the transducer's optical frequency."""
    fibre: Fibre = NO_FIBRE
    """From the node to the midpoint, beyond `path_efficiency` and `fibre_delay_ps`."""
    free_space: FreeSpace | None = None
    """Between two telescopes on the way, if any."""
    clock: Clock = TRUE_CLOCK
    """Of the node's tagger."""
    piezo: PiezoPort | None = None
    """Microwave side of a piezo-optomechanical transducer, where it is known."""
    electro_optic: ElectroOpticPort | None = None
    """Microwave side of an electro-optic transducer, where it is known."""
    emitter: EmitterSource | None = None
    """The qubit itself emits, and the transducer only reads it; at both nodes of a link or at none."""

    @property
    def path_transmission(self) -> float:
        """From the transducer's fibre to the beam splitter, long fibre and telescopes included, 0..1."""
        through_air = self.free_space.transmission if self.free_space else 1.0
        return self.path_efficiency * self.fibre.transmission * through_air

    @property
    def path_delay_ps(self) -> int:
        """From the generator's output to the midpoint's detectors, long fibre and telescopes included."""
        return (
            self.fibre_delay_ps + self.fibre.delay_ps + (self.free_space.delay_ps if self.free_space else 0)
        )

    def __post_init__(self) -> None:
        within("splitter", self.splitter, 0, 1)
        within("insertion", self.insertion, 0, 1)
        within("path_efficiency", self.path_efficiency, 0, 1)
        if self.pump_extinction_dB != inf:
            within("pump_extinction_dB", self.pump_extinction_dB, 0)
        within("n_added", self.n_added, 0)
        within_or_infinite("filter_linewidth_Hz", self.filter_linewidth_Hz, 1)
        within("filter_offset_Hz", self.filter_offset_Hz, -1e12, 1e12)
        if self.piezo is not None and self.electro_optic is not None:
            raise PhysicsError("piezo and electro_optic exclude each other: a transducer is of one kind")


@dataclass(frozen=True, slots=True)
class MidpointDevice:
    """Beam splitter, detectors and what the fibres do to the phase."""

    detectors: tuple[Snspd, Snspd]
    mode_match: float
    """|<xi_A|xi_B>|**2 for pulses of equal shape, time and frequency, 0..1."""
    fast_phase_sigma_rad: float
    """rms of the phase difference B-A that no estimate follows."""
    phase_diffusion_rad2_per_s: float
    """Growth of the variance of the phase difference B-A (a Wiener process)."""
    sync_delay_ps: int
    """From node A's generator to the START of the hub's time controller."""
    bright_transmission: float
    """Share of a carved pump pulse that reaches the beam splitter as phase reference, per arm, 0..1."""
    polarisation_misalignment_rad: float = 0.0
    """Angle between the arms' polarisations at the beam splitter, 0..pi/2: overlap cos²."""
    polarisation_diffusion_rad2_per_s: float = 0.0
    """Rotational diffusion on the Poincare sphere: the mean Stokes vector shrinks as exp(-2 D t)."""
    clock: Clock = TRUE_CLOCK
    """Of the hub's tagger."""
    round_phase_sigma_rad: float = 0.0
    """rms change of the phase difference B-A between two rounds of one attempt."""

    def __post_init__(self) -> None:
        within("mode_match", self.mode_match, 0, 1)
        within("fast_phase_sigma_rad", self.fast_phase_sigma_rad, 0)
        within("phase_diffusion_rad2_per_s", self.phase_diffusion_rad2_per_s, 0)
        within("sync_delay_ps", self.sync_delay_ps, 0)
        within("bright_transmission", self.bright_transmission, 0, 1)
        within("round_phase_sigma_rad", self.round_phase_sigma_rad, 0)
        within("polarisation_misalignment_rad", self.polarisation_misalignment_rad, 0, pi / 2)
        within("polarisation_diffusion_rad2_per_s", self.polarisation_diffusion_rad2_per_s, 0)


@dataclass(frozen=True, slots=True)
class Devices:
    """One device file: two arms and a midpoint."""

    name: str
    source: str
    arms: tuple[ArmDevice, ArmDevice]
    midpoint: MidpointDevice

    def __post_init__(self) -> None:
        first, second = (arm.emitter is not None for arm in self.arms)
        if first != second:
            raise PhysicsError(
                "arms: an emitter and a transducer in one link are impossible; two of a kind are"
            )

    @property
    def emitters(self) -> bool:
        """Whether the nodes' qubits emit themselves."""
        return self.arms[0].emitter is not None
