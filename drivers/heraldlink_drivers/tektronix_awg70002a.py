# SPDX-License-Identifier: Apache-2.0
"""Tektronix AWG70002A as a sequencing generator: QCoDeS' own driver, with upload into memory and read-back.

QCoDeS' driver writes files on the instrument's disk and loads them; here waveforms and sequence go straight
into the lists (WLISt, SLISt). Prefer HiSLIP; on a raw socket the block is ended by a line feed, which the
parent leaves out.
"""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from qcodes.instrument_drivers.tektronix import Tektronix70000AWGChannel, TektronixAWG70002A

from heraldlink_drivers._awg70000_program import (
    CHANNELS,
    block,
    block_content,
    check,
    sequence_commands,
    stored_name,
)
from heraldlink_drivers._readings import switched
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._visa_connection import raw_socket
from heraldlink_drivers._visa_session import VisaSession
from heraldlink_drivers.errors import DriverError, ProgramError, Timeout
from heraldlink_drivers.roles import GeneratorProgram, Waveform

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

_WAITING, _RUNNING = "Waiting for trigger", "Running"
_POLL_s = 0.002
_READ_SIZE = 1 << 20
_OPERATION_ms = 30_000


class HeraldTektronixAWG70002A(VisaSession, TektronixAWG70002A):
    """AWG70002A: ``HeraldTektronixAWG70002A("awg", "TCPIP::192.168.1.50::hislip0::INSTR", visalib="@py")``.

    Everything of QCoDeS' ``TektronixAWG70002A`` works, with its errors raised. Connecting sends queries only:
    unlike the parent it leaves the current directory. ``arm_timeout``: time (s) in which ``arm`` must see
    the generator wait for its trigger.
    """

    default_timeout = 4

    def __init__(
        self, name: str, address: str, arm_timeout: float = 5.0, **kwargs: "Unpack[VisaInstrumentKWArgs]"
    ) -> None:
        self._connecting = True
        self._arm_timeout_s = arm_timeout
        super().__init__(name, address, **kwargs)
        self._connecting = False
        self.current_directory.cache.invalidate()
        self._stored: GeneratorProgram | None = None

    def write(self, cmd: str) -> None:
        """Send a command and raise InstrumentError if the instrument then reports an error."""
        if not self._connecting:
            super().write(cmd)

    def ask_raw(self, cmd: str) -> str:
        """Send a query; ``*OPC?``, which awaits an operation such as loading a file, may take 30 s."""
        if cmd != "*OPC?":
            return super().ask_raw(cmd)
        with self.lock, self._reconnect.patience(_OPERATION_ms):
            return super().ask_raw(cmd)

    def play(self, wait_for_running: bool = True, timeout: float = 10) -> None:
        """Run, and wait until it plays or waits for its trigger; raises Timeout after ``timeout`` s."""
        self.write("AWGC:RUN")
        if wait_for_running:
            self._wait_for((_WAITING, _RUNNING), timeout)

    def _sendBinaryFile(self, binfile: bytes, filename: str, path: str, overwrite: bool = True) -> None:
        with self.lock:
            super()._sendBinaryFile(binfile, filename, path, overwrite)
            if raw_socket(self.visa_handle) is not None:
                self.visa_handle.write_raw(b"\n")
            with self._reconnect.patience(_OPERATION_ms):
                self.raise_errors(f'MMEM:DATA "{filename}"')

    # the role of a waveform generator

    def upload(self, program: GeneratorProgram, only: Sequence[str] | None = None) -> None:
        """Load a program into memory and assign it, or just the waveforms ``only`` of the loaded program.

        Leaves the generator stopped. A program loaded before through this driver, and whatever bears the
        names of the new one, is deleted. Raises ProgramError before anything is sent.
        """
        check(self.name, program)
        with self.lock:
            with self.batch(f"upload of program {program.name}"):
                if only is None:
                    self._replace(program)
                else:
                    self._refresh(program, only)
            self._stored = program

    def _replace(self, program: GeneratorProgram) -> None:
        self.stop()
        self._forget(program)
        self.write(f"CLOC:SRAT {program.sample_rate_Hz:.12g}")
        for channel, amplitude in enumerate(program.amplitude_Vpp, start=1):
            self.write(f"SOUR{channel}:DAC:RES 8")
            self.write(f"SOUR{channel}:VOLT {amplitude:.6g}")
        for name, waveform in program.waveforms.items():
            for channel in range(1, CHANNELS + 1):
                self.write(f'WLIS:WAV:NEW "{stored_name(name, channel)}",{waveform.length},REAL')
            self._send_waveform(name, waveform)
        for command in sequence_commands(program):
            self.write(command)
        for channel in range(1, CHANNELS + 1):
            self.write(f'SOUR{channel}:CASS:SEQ "{program.name}",{channel}')
        self.ask("*OPC?")

    def _refresh(self, program: GeneratorProgram, only: Sequence[str]) -> None:
        stored = self._stored
        if stored is None or stored.name != program.name:
            raise ProgramError(f"{self.name}: program {program.name} is not loaded; upload it whole")
        for name in only:
            known = stored.waveforms.get(name)
            if known is None or name not in program.waveforms:
                raise ProgramError(f"{self.name}: program {program.name} has no waveform {name}")
            if known.length != program.waveforms[name].length:
                raise ProgramError(f"{self.name}: waveform {name} changed its length; upload it whole")
        self.stop()
        for name in only:
            self._send_waveform(name, program.waveforms[name])

    def _forget(self, program: GeneratorProgram) -> None:
        """Delete the program loaded before, and what bears the names of the new one."""
        programs = [program] if self._stored is None else [self._stored, program]
        sequences = set(self.sequenceList)
        for name in dict.fromkeys(known.name for known in programs):
            if name in sequences:
                self.write(f'SLIS:SEQ:DEL "{name}"')
        listed = set(self.waveformList)
        for name in dict.fromkeys(_stored_names(programs)):
            if name in listed:
                self.write(f'WLIS:WAV:DEL "{name}"')
        self._stored = None

    def _send_waveform(self, name: str, waveform: Waveform) -> None:
        for channel, (samples, markers) in enumerate(
            zip(waveform.channels, waveform.markers, strict=True), start=1
        ):
            stored = stored_name(name, channel)
            self._send_block(f'WLIS:WAV:DATA "{stored}",0,{samples.size},', samples.astype("<f4").tobytes())
            marks = markers.astype(np.uint8).tobytes()
            self._send_block(f'WLIS:WAV:MARK:DATA "{stored}",0,{markers.size},', marks)

    def _send_block(self, command: str, data: bytes) -> None:
        """Send a command with a block, ended by a line feed as any message."""
        with self.lock, self.guarded(command):
            self.visa_handle.write_raw(command.encode() + block(data) + b"\n")

    def _ask_block(self, query: str) -> bytes:
        with self.lock, self.guarded(query):
            handle = self.visa_handle
            handle.write(query)
            if raw_socket(handle) is None:
                return block_content(handle.read_raw(_READ_SIZE))
            head = handle.read_bytes(2)
            digits = handle.read_bytes(int(head[1:]))
            data = handle.read_bytes(int(digits))
            handle.read()  # the line feed behind the block
            return data

    def arm(self) -> None:
        """Outputs on, run, and return when the generator waits for its trigger; else raise Timeout."""
        with self.lock:
            outputs = ";".join(f":OUTP{channel}:STAT 1" for channel in range(1, CHANNELS + 1))
            self.write(f"AWGC:STOP;:OUTP:OFF 0;{outputs};:AWGC:RUN")
            self._wait_for((_WAITING,), self._arm_timeout_s)

    def _wait_for(self, states: tuple[str, ...], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while (state := str(self.run_state.get())) not in states:
            if time.monotonic() > deadline:
                raise Timeout(f"{self.name}: {state.lower()} {timeout_s:g} s after being told to run")
            time.sleep(_POLL_s)

    def armed(self) -> bool:
        """Whether all outputs are on and it waits for its trigger."""
        outputs = ";".join(f":OUTP{channel}:STAT?" for channel in range(1, CHANNELS + 1))
        *on, off, state = (int(reply) for reply in self.ask(f"{outputs};:OUTP:OFF?;:AWGC:RST?").split(";"))
        return all(on) and not off and state == 1

    def _analog(self) -> list[Tektronix70000AWGChannel]:
        return [cast(Tektronix70000AWGChannel, getattr(self, f"ch{n}")) for n in range(1, CHANNELS + 1)]

    def reference_external(self) -> bool:
        """Whether the clock follows an external reference or clock."""
        return str(self.clock_source.get()) != "Internal"

    def set_reference_external(self, external: bool) -> None:
        """Follow the external 10 MHz, or the internal reference."""
        self.clock_source.set("Internal, 10 MHZ ref." if external else "Internal")

    def amplitudes_Vpp(self) -> tuple[float, ...]:
        """Peak-to-peak voltage of each channel into 50 ohm."""
        return tuple(float(channel.awg_amplitude.get()) for channel in self._analog())

    def sample_rate_Hz(self) -> float:
        """Sample rate, samples per second."""
        return float(self.sample_rate.get())

    def waveform(self, name: str) -> Waveform:
        """Read a waveform of the loaded program back, sample by sample."""
        with self.lock:
            stored = [stored_name(name, channel) for channel in range(1, CHANNELS + 1)]
            return Waveform(
                channels=tuple(self._samples(one) for one in stored),
                markers=tuple(self._markers(one) for one in stored),
            )

    def _samples(self, stored: str) -> NDArray[np.float32]:
        length = int(self.ask(f'WLIS:WAV:LENG? "{stored}"'))
        return np.frombuffer(self._ask_block(f'WLIS:WAV:DATA? "{stored}",0,{length}'), "<f4").astype(
            np.float32
        )

    def _markers(self, stored: str) -> NDArray[np.uint8]:
        length = int(self.ask(f'WLIS:WAV:LENG? "{stored}"'))
        data = self._ask_block(f'WLIS:WAV:MARK:DATA? "{stored}",0,{length}')
        return np.frombuffer(data, np.uint8).copy()

    def waveform_stamp(self, name: str) -> str:
        """Time stamps of the last change of a waveform's channels."""
        return self.waveform_stamps([name])[name]

    def waveform_stamps(self, names: Sequence[str]) -> dict[str, str]:
        """Time stamps of the last change of several waveforms, in one exchange."""
        stored = [stored_name(name, channel) for name in names for channel in range(1, CHANNELS + 1)]
        replies = self.ask(";".join(f':WLIS:WAV:TST? "{one}"' for one in stored)).split(";") if stored else []
        if len(replies) != len(stored):
            raise DriverError(f"{self.name}: {len(replies)} time stamps for {len(stored)} waveforms")
        stamps = [reply.strip().strip('"') for reply in replies]
        return {
            name: "|".join(stamps[CHANNELS * number : CHANNELS * (number + 1)])
            for number, name in enumerate(names)
        }

    def safe_state(self) -> None:
        """Outputs off, then stop; raises DriverError if the read-back disagrees."""
        outputs = [partial(channel.state.set, 0) for channel in self._analog()]
        with self.lock:
            take_all(*outputs, self.stop, self._check_safe)

    def _check_safe(self) -> None:
        for number, channel in enumerate(self._analog(), start=1):
            switched(self.name, f"output {number}", bool(channel.state.get()), False)
        if (state := str(self.run_state.get())) != "Stopped":
            raise DriverError(f"{self.name}: {state.lower()} after being stopped")


def _stored_names(programs: Iterable[GeneratorProgram]) -> list[str]:
    return [
        stored_name(name, channel)
        for program in programs
        for name in program.waveforms
        for channel in range(1, CHANNELS + 1)
    ]
