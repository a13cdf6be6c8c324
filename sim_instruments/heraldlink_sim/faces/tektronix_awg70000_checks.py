# SPDX-License-Identifier: Apache-2.0
"""Calibration and diagnostics of an AWG70000 or AWG5200, and applications that it has no licence for.

Source: AWG70000 programmer manual as tm_devices lists its commands. Both take their time on the instrument's
clock (240 s and 20 s [?]). Basic waveforms, captures, S-parameters, plug-ins and synchronised instruments are
licensed apart and not on this one: their commands answer -241.
"""

from collections.abc import Callable, Iterable

from heraldlink_sim.faces.tektronix_awg70000_service import ServiceCommands
from heraldlink_sim.scpi import Optional, ScpiError, Text, command, query
from heraldlink_sim.scpi.lexer import Argument

_CALIBRATION_s, _TEST_s = 240.0, 20.0
_WORD = Optional(Text(bare=True), "ALL")
_TESTS = ("Clock,Clock,PLL Lock", "DAC,Registers,Read Back", "Memory,Waveform,Pattern")
_TEMPERATURE_C = 42
_MOST_ARGUMENTS = 6


_APPLICATIONS = [
    f"{root}:{name}"
    for root, names in (
        (
            "BWAVeform",
            "AMPLitude AUTO COMPile COMPile:CASSign COMPile:CHANnel COMPile:NAME COMPile:PLAY CYCLe",
        ),
        ("BWAVeform", "FDRange FREQuency FUNCtion HIGH LENGth LOW OFFSet RESet SRATe"),
        ("CPLayback", "CAPTure:FILE CAPTure:INSTrument:OSCilloscope CAPTure:INSTrument:RSA CAPTure:WLISt"),
        ("CPLayback", "CLISt:NAME CLISt:SIGNal:DELete COMPile COMPile:CFRequency COMPile:LSEQuence"),
        ("CPLayback", "COMPile:NORMalize COMPile:SRATe COMPile:SRATe:AUTO CLISt:SIGNal:SCOMpile"),
        ("CPLayback", "CLISt:SIGNal:WAVeform:FOFFset CLISt:SIGNal:WAVeform:NAME CLISt:SIGNal:WAVeform:OTIMe"),
        ("CPLayback", "CLISt:SIGNal:WAVeform:SRATe CLISt:SIGNal:WCOunt"),
        ("SYNChronize", "ADJust:STARt CONFigure DESKew:ABORt DESKew:STARt DESKew:STATe TYPE ENABle"),
        ("CONNectivity", "CONNect DISConnect GANG:CREAte REMove STATus ACTive"),
        ("WLISt:WAVeform", "ACFile:GAUSsian:BANDwidth"),
        ("WPLugin", "ACTive"),
        ("WLISt:SPARameter", "MODE BANDwidth"),
        ("AWGControl", "COMPile"),
    )
    for name in names.split()
]


class Anything:
    """Whatever a client writes there."""

    def parse(self, argument: Argument) -> None:
        """Nothing is taken from it."""


def _unlicensed(headers: Iterable[str]) -> Callable[..., None]:
    """One refusal for commands and queries under all ``headers``."""

    def refuse(device: "CheckCommands", *arguments: object) -> None:
        raise ScpiError(-241, "the application is not licensed")

    arguments = [Optional(Anything(), None)] * _MOST_ARGUMENTS
    for header in headers:
        refuse = query(header, *arguments)(command(header, *arguments)(refuse))
    return refuse


class CheckCommands(ServiceCommands):
    """``CALibration`` and ``DIAGnostic``, one at a time, while nothing is played."""

    _procedure = ""
    _selected: tuple[str, ...] = _TESTS
    _loops = 0
    _calibrated = False

    @command("CALibration[:ALL]")
    @command("CALibration:STARt")
    def _calibrate(self) -> None:
        self._begin_procedure("Calibration", _CALIBRATION_s, self._finish_calibration)

    @query("CALibration[:ALL]")
    @query("*CAL")
    async def _calibrate_and_wait(self) -> int:
        """0 once it is done."""
        self._calibrate()
        await self.complete()
        return 0

    @command("CALibration:ABORt")
    @command("CALibration:STOP")
    @command("DIAGnostic:ABORt")
    @command("DIAGnostic:STOP")
    def _abort(self) -> None:
        if self._procedure:
            self.abort_operations()
            self._procedure = ""

    @command("CALibration:RESTore")
    def _restore_calibration(self) -> None:
        self._calibrated = False

    @query("CALibration:RUNNing")
    @query("DIAGnostic:RUNNing")
    def _running_procedure(self) -> str:
        self.look()
        return f'"{self._procedure}"'

    @query("CALibration:STOP:STATe")
    @query("DIAGnostic:STOP:STATe")
    def _stopped(self) -> int:
        self.look()
        return int(not self._procedure)

    @query("CALibration:RESult", _WORD, _WORD, _WORD)
    def _calibration_result(self, *path: str) -> str:
        self.look()
        return '"Running"' if self._procedure == "Calibration" else '"Pass"'

    @query("CALibration:RESult:TEMPerature", _WORD, _WORD, _WORD)
    @query("DIAGnostic:RESult:TEMPerature", _WORD, _WORD, _WORD)
    def _temperature(self, *path: str) -> int:
        return _TEMPERATURE_C

    @query("CALibration:RESult:TIME", _WORD, _WORD, _WORD)
    @query("DIAGnostic:RESult:TIME", _WORD, _WORD, _WORD)
    def _time_of_result(self, *path: str) -> str:
        return '"1/1/2026 12:00 AM"'

    @query("CALibration:STATe:FACTory", _WORD, _WORD)
    def _factory_state(self, *path: str) -> str:
        return f'"Calibrated,{_TEMPERATURE_C},1/1/2026 12:00 AM"'

    @query("CALibration:STATe:USER", _WORD, _WORD)
    def _user_state(self, *path: str) -> str:
        self.look()
        return self._factory_state() if self._calibrated else '"Uncalibrated"'

    @query("CALibration:CATalog", _WORD, _WORD)
    def _calibrations(self, *path: str) -> str:
        return '"Clock,DAC,Output"'

    @query("CALibration:LOG")
    @query("DIAGnostic:LOG")
    def _log(self) -> str:
        self.look()
        return '"' + ";".join(f"{test} Pass" for test in self._selected * self._loops) + '"'

    @command("CALibration:LOG:CLEar")
    @command("DIAGnostic:LOG:CLEar")
    def _clear_log(self) -> None:
        self._loops = 0

    @command("DIAGnostic:IMMediate")
    @command("DIAGnostic:STARt")
    def _test(self) -> None:
        if not self._selected:
            raise ScpiError(-221, "no test is selected")
        rounds = self.test_count.get() if self.test_loops.get() == "COUN" else 1
        self._loops = 0
        self._begin_procedure("Diagnostics", _TEST_s * rounds, lambda: self._finish_test(rounds))

    @query("DIAGnostic:IMMediate")
    async def _test_and_wait(self) -> int:
        self._test()
        await self.complete()
        return 0

    @query("DIAGnostic:DATA")
    def _test_code(self) -> int:
        return 0

    @query("DIAGnostic:LOOPs")
    def _finished_loops(self) -> int:
        self.look()
        return self._loops

    @query("DIAGnostic:RESult", _WORD, _WORD, _WORD)
    def _test_result(self, *path: str) -> str:
        self.look()
        if self._procedure == "Diagnostics":
            return '"Running"'
        return '"Pass"' if self._loops else '"Not run"'

    @query("DIAGnostic:CATalog", _WORD, _WORD)
    def _tests(self, *path: str) -> str:
        return ",".join(f'"{test}"' for test in _TESTS)

    @query("DIAGnostic:TYPE:CATalog")
    def _test_types(self) -> str:
        return '"NORMal,POST"'

    @command("DIAGnostic:SELect", _WORD, _WORD, _WORD)
    def _select(self, *path: str) -> None:
        chosen = tuple(test for test in _TESTS if _covers(path, test))
        if not chosen:
            raise ScpiError(-224, ",".join(path))
        self._selected = tuple(test for test in _TESTS if test in (*self._selected, *chosen))

    @command("DIAGnostic:UNSelect", _WORD, _WORD, _WORD)
    def _unselect(self, *path: str) -> None:
        self._selected = tuple(test for test in self._selected if not _covers(path, test))

    @query("DIAGnostic:SELect:VERify", _WORD, _WORD, _WORD)
    def _is_selected(self, *path: str) -> int:
        return int(any(_covers(path, test) for test in self._selected))

    _refuse = _unlicensed(_APPLICATIONS)

    @query("CPLayback:CLISt:SIZE")
    @query("SYNChronize:ENABle")
    def _none_of_these(self) -> int:
        return 0

    @query("WPLugin:PLUGins")
    @query("CONNectivity:ACTive")
    def _nothing_installed(self) -> str:
        return '""'

    def self_test(self) -> int:
        """``*TST?``: what the power-on tests found."""
        return 0

    def _begin_procedure(self, name: str, duration_s: float, finish: Callable[[], None]) -> None:
        self.look()
        if self._procedure or self._running:
            raise ScpiError(-221, f"{self._procedure or 'playing'}")
        self._procedure = name
        self.begin(duration_s, finish, behind=True)

    def _finish_calibration(self) -> None:
        self._procedure, self._calibrated = "", True

    def _finish_test(self, rounds: int) -> None:
        self._procedure, self._loops = "", rounds


def _covers(path: tuple[str, ...], test: str) -> bool:
    """Whether a path of subsystem, area and test (ALL for any) means this test."""
    return all(
        word.upper() == "ALL" or word.lower() == part.lower()
        for word, part in zip(path, test.split(","), strict=False)
    )
