"""One finding as a chapter of a report: what first, what worst, why, how it was shown, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qdiag.model.call import Call, Configuration, Environment, Failure
from qdiag.model.comparison import MEASURED, Comparison, Signature, Verdict
from qdiag.model.findings import Confidence, Diagnosis, Divergence, Excerpt, Finding, Minimal, Reproducer
from qdiag.model.measured import UNKNOWN
from qdiag.model.parameter import NARROW
from qdiag.model.promise import Promise
from qdiag.model.remarks import Remark
from qdiag.model.result import Entry, Result
from qdiag.report.content import evidence, for_maintainers, known_faults, sentences
from qdiag.report.content.drawing import drawing
from qdiag.report.content.elements import element_name, element_words
from qdiag.report.content.figures import calls, count, gap, precision, short_line, units, values, words
from qdiag.report.content.gaps import heat_map
from qdiag.report.content.method_names import Names, full
from qdiag.report.content.promises import promise_in_words
from qdiag.report.outline import Chapter, Code, Fact, Station, Table

_MOST_UNITS = 1e4
"""Beyond so many units of the working precision, counting them says nothing."""


def chapter(number: int, entry: Entry, result: Result, environment: Environment, names: Names) -> Chapter:
    """The chapter of one finding, or of one remark."""
    if isinstance(entry, Remark):
        return remark_chapter(number, entry, result)
    return finding_chapter(number, entry, result, environment, names)


def finding_chapter(number: int, finding: Finding, result: Result, environment: Environment, names: Names) -> Chapter:
    """The chapter of one finding."""
    divergence, diagnosis = finding.divergence, finding.diagnosis
    call = divergence.call
    after = finding.minimal.circuit if finding.minimal else None
    element = divergence.comparison.element
    claim = sentences.of_finding(finding, result, replace(names, numbered=False))
    return Chapter(
        number=str(number),
        title=f"{_heading(divergence, names)} at call {call.index}",
        verdict=sentences.WORDS[divergence.verdict],
        sentence=sentences.of_finding(finding, result, names),
        claim=claim,
        headline=for_maintainers.title_for_an_issue(finding, claim),
        cause=diagnosis.title,
        element=element_words(element, call) if element is not None else "",
        facts=tuple(fact for fact in _facts(finding, result, names) if fact.text),
        code=diagnosis.code,
        slug=diagnosis.slug,
        confidence=diagnosis.confidence.value,
        blamed=diagnosis.blamed,
        excerpts=tuple(_excerpt(one) for one in finding.excerpts),
        results=_results(divergence.comparison, call, names),
        evidence=evidence.table(diagnosis.evidence, divergence.signature),
        ruled_out=for_maintainers.ruled_out_words(diagnosis),
        raised=_raising_table(divergence),
        before=drawing(call.circuit),
        after=drawing(after) if after is not None else None,
        minimal=_minimal(finding.minimal),
        flow=flow(call, divergence.comparison),
        heat=heat_map(finding, names),
        reproducer=_reproducer(finding.reproducer),
        reproducer_output=_reproducer_output(finding.reproducer),
        traceback=Code(f"{call.failure.type} in call {call.index}", traceback_text(call.failure), "text") if call.failure else None,
        tiles=_tiles(divergence, diagnosis),
        known=tuple(Fact(fault.name, fault.text) for fault in known_faults.matching(finding, environment)),
        no_bug=no_bug(finding),
        of_training=diagnosis.of_training,
    )


def remark_chapter(number: int, remark: Remark, result: Result) -> Chapter:
    """The chapter of what was seen of the training around the QNodes."""
    diagnosis, call = remark.diagnosis, remark.call
    places = ", ".join(dict.fromkeys(map(str, remark.places)))
    facts = (
        Fact("where", places),
        Fact("first", f"call {call.index}, step {call.step} · {call.source} · {call.configuration.label}" if call else ""),
        Fact("seen", f"at {calls(remark.calls, result.calls)}" if remark.calls else ""),
        Fact("QNodes", ", ".join(remark.qnodes)),
        Fact("says", short_line("; ".join(remark.warnings), 240)),
        Fact("cause", _cause(diagnosis, remark.where)),
        Fact("in", diagnosis.blamed),
        Fact("remedy", diagnosis.remedy),
    )
    return Chapter(
        number=str(number),
        title=f"{diagnosis.title[:1].upper()}{diagnosis.title[1:]}",
        verdict=sentences.WORDS[remark.verdict],
        sentence=sentences.of_remark(remark),
        facts=tuple(fact for fact in facts if fact.text),
        code=diagnosis.code,
        slug=diagnosis.slug,
        confidence=diagnosis.confidence.value,
        blamed=diagnosis.blamed,
        evidence=evidence.table(diagnosis.evidence, remark.where),
        ruled_out=for_maintainers.ruled_out_words(diagnosis),
        claim=sentences.of_remark(remark),
        headline=sentences.of_remark(remark).rstrip("."),
        cause=diagnosis.title,
        before=drawing(call.circuit) if call else None,
        tiles=_remark_tiles(remark),
        no_bug="" if diagnosis.fileable else "it lies in the script, around the QNodes",
    )


def _remark_tiles(remark: Remark) -> tuple[Fact, ...]:
    certain = remark.diagnosis.confidence
    tiles = (
        Fact("step", str(remark.step)),
        Fact("shows as", remark.where.value),
        Fact("cause" if certain is Confidence.UNKNOWN else certain.value, remark.diagnosis.code),
    )
    return tiles if remark.call is None else (Fact("call", str(remark.call.index)), *tiles)


def no_bug(finding: Finding) -> str:
    """Why a finding is nothing to file as a bug of PennyLane, or ""."""
    divergence = finding.divergence
    if divergence.verdict is Verdict.ROUNDING:
        return "the methods differ by no more than rounding explains"
    if divergence.verdict is Verdict.REMARK:
        return "" if finding.diagnosis.fileable else "it lies in the script"
    if divergence.verdict is not Verdict.ERROR:
        return "what was seen does not decide whether any method is wrong"
    if divergence.probe is not None:
        return "the fault lies outside of the circuit, in the script: the circuit itself is differentiated rightly"
    if finding.promise is Promise.DOCUMENTED:
        return "PennyLane says that this is not supported, and does not guard against it"
    if finding.reproducer is not None and not finding.reproducer.verified and finding.reproducer.exit_code == 0:
        return "no script shows it in a fresh process"
    failure = divergence.call.failure
    if divergence.signature is Signature.RAISE and failure is not None and failure.refusal and "support" in failure.message:
        return "PennyLane says itself that this is not supported, and refuses it"
    return "" if finding.diagnosis.fileable else "the fault lies in the script"


def traceback_text(failure: Failure) -> str:
    """An exception as text: its frames, then type and message."""
    frames = [f"  {frame}" for frame in failure.frames]
    return "\n".join([*(["innermost frames:"] if frames else []), *frames, f"{failure.type}: {failure.message}"])


def exception_line(failure: Failure, most: int) -> str:
    """An exception in one line of at most so many characters."""
    return short_line(words(failure), most)


def _excerpt(excerpt: Excerpt) -> Code:
    return Code(excerpt.place, excerpt.text, "python", first=excerpt.first, marked=excerpt.marked)


def _heading(divergence: Divergence, names: Names) -> str:
    if divergence.of_metric:
        return divergence.proof.value
    if divergence.rewritten:
        return "the circuit that ran is not the one that was written"
    first, second = names.all(divergence.comparison.methods)
    return f"{first} raises" if divergence.signature is Signature.RAISE else f"{first} and {second} differ"


# --- facts -------------------------------------------------------------------------------------------------------------


def _facts(finding: Finding, result: Result, names: Names) -> Sequence[Fact]:
    divergence, diagnosis = finding.divergence, finding.diagnosis
    interface = divergence.call.configuration.interface
    compared = f"{' and '.join(map(full, divergence.comparison.methods))}{', interface ' + interface if interface else ''}"
    return (
        Fact("methods", compared),
        Fact("first", _first(divergence, names)),
        Fact("worst", _worst(divergence)),
        Fact("seen", f"at {calls(finding.calls, result.calls)}" if finding.calls else ""),
        Fact("QNodes", ", ".join(finding.qnodes) if finding.elsewhere else ""),
        Fact("says", _says(divergence)),
        Fact("warns", short_line("; ".join(for_maintainers.frameworks_warnings(finding)), 400)),
        Fact("arbiter", _arbiters_word(divergence, names)),
        Fact("cause", _cause(diagnosis, divergence.signature)),
        Fact("in", diagnosis.blamed),
        Fact("because", diagnosis.because),
        Fact("promise", promise_in_words(finding.promise)),
        Fact("remedy", diagnosis.remedy),
        Fact("minimal", _minimal(finding.minimal)),
        Fact("varied", "; ".join(finding.minimal.notes) if finding.minimal else ""),
        Fact("repro", f"none: {finding.unreproduced}" if finding.unreproduced else ""),
    )


def _arbiters_word(divergence: Divergence, names: Names) -> str:
    """The arbiter's word, with methods called as everywhere else; where nothing was decided, the verdict says it already."""
    if divergence.verdict is Verdict.INCONCLUSIVE:
        return ""
    return sentences.judged_words(divergence.judged, names.short)


def _first(divergence: Divergence, names: Names) -> str:
    call, comparison = divergence.call, divergence.comparison
    place = f"call {call.index}, step {call.step} · {call.source} · {call.configuration.label}"
    if comparison.element is not None:
        place += f" · {element_words(comparison.element, call)}"
    return f"{place}\n{_sizes(comparison, names, _explained_by(divergence))}" if divergence.signature is not Signature.RAISE else place


def _explained_by(divergence: Divergence) -> str:
    """What a bound stands for: with shots all that samples scatter, and rounding is nothing beside it."""
    return "sampling explains" if divergence.call.circuit.shots else "rounding explains"


def _sizes(comparison: Comparison, names: Names, explained_by: str) -> str:
    """The two values and how far they are apart."""
    parts = []
    if comparison.values != (None, None):
        first, second = names.all(comparison.methods)
        shown = (first, second if second != first else "asked again")
        parts.append(" · ".join(f"{name} {text}" for name, text in zip(shown, _values(comparison))))
    if comparison.where in MEASURED:
        scaled = f" = {units(comparison.ulps)} eps({precision(comparison.eps)}), scaled" if 0 < comparison.ulps < _MOST_UNITS else ""
        parts.append(f"gap {gap(comparison.max_abs)}{scaled} · {explained_by} {gap(comparison.bound)}")
    else:
        parts.append(comparison.detail)
    return " · ".join(part for part in parts if part)


def _worst(divergence: Divergence) -> str:
    """Where the pair is furthest apart, unless that is the first call."""
    worst = divergence.worst
    if worst is None or divergence.worst_call == divergence.call.index or worst.where not in MEASURED:
        return ""
    return f"call {divergence.worst_call} · gap {gap(worst.max_abs)} ({_explained_by(divergence)} {gap(worst.bound)})"


def _says(divergence: Divergence) -> str:
    failure = divergence.call.failure
    return f"{failure.type}: {short_line(failure.message, 240)}" if failure else ""


def _cause(diagnosis: Diagnosis, signature: Signature) -> str:
    named = f"{diagnosis.code} {diagnosis.title}"
    named += "" if diagnosis.confidence is Confidence.UNKNOWN else f", {diagnosis.confidence.value}"
    shown = evidence.sentence(diagnosis.evidence, signature)
    return f"{named}: {shown}" if shown else named


def _minimal(minimal: Optional[Minimal]) -> str:
    if minimal is None:
        return ""
    parts = [
        count(minimal.operations, "operation"),
        count(minimal.wires, "wire"),
        count(minimal.parameters, "parameter"),
        count(minimal.measurements, "measurement"),
    ]
    state = "nothing more can be left out" if minimal.one_minimal else "not shown to be minimal"
    return f"{', '.join(parts)} ({state}; {count(minimal.oracle_calls, 'candidate')} tried)"


def _tiles(divergence: Divergence, diagnosis: Diagnosis) -> tuple[Fact, ...]:
    """The few figures that stand out: where, how far, how far is explained, why."""
    comparison = divergence.comparison
    tiles = [Fact("call", str(divergence.call.index))]
    if comparison.where in MEASURED:
        tiles += [Fact("gap", gap(comparison.max_abs)), Fact(_explained_by(divergence), gap(comparison.bound))]
    else:
        tiles.append(Fact("shows as", divergence.signature.value))
    return (*tiles, Fact("cause" if diagnosis.confidence is Confidence.UNKNOWN else diagnosis.confidence.value, diagnosis.code))


# --- tables ------------------------------------------------------------------------------------------------------------


def _values(comparison: Comparison) -> tuple[str, ...]:
    """The two values; where one side gives NaN, no number means NaN."""
    written = values(comparison.values)
    return tuple("NaN" if text in ("no number", "nan") else text for text in written) if comparison.where is Signature.NAN else written


def _results(comparison: Comparison, call: Call, names: Names) -> Optional[Table]:
    if comparison.values == (None, None):
        return None
    rows = tuple(zip(names.all(comparison.methods), _values(comparison)))
    needed = comparison.tolerance_needed
    apart = f"They would be called equal with a relative tolerance of {gap(needed)}." if needed else ""
    note = apart if comparison.where in MEASURED else comparison.detail
    of = element_name(comparison.element, call) if comparison.element is not None else comparison.where
    return Table(f"Values of {of}", ("Method", "Value"), rows, note)


def _raising_table(divergence: Divergence) -> Optional[Table]:
    if not divergence.raised:
        return None
    rows = tuple((full(method), exception_line(failure, 400)) for method, failure in divergence.raised)
    return Table("Methods that raise at this call", ("Method", "In PennyLane's words"), rows)


# --- how precision is lost ---------------------------------------------------------------------------------------------


def flow(call: Call, comparison: Optional[Comparison] = None) -> tuple[Station, ...]:
    """The dtypes on the way through the call, from its arguments to what the layer hands on; the device's as far as it was measured."""
    configuration, parameters = call.configuration, call.circuit.parameters
    numbers = count(sum(parameter.value.size for parameter in parameters), "number")
    stations = [
        _station("QNode arguments", [a.dtype for a in call.arguments], ", ".join(f"{a.name} {a.dtype}" for a in call.arguments[:6])),
        _station("circuit parameters", [p.dtype for p in parameters], numbers),
        _station("device state", *_of_device(configuration, comparison)),
        _station("QNode output", [array.dtype.name for array in call.outputs or ()], call.output_container if call.outputs else ""),
        _station("handed on", [call.layer_dtype] if call.layer_dtype else [], configuration.layer),
    ]
    return tuple(station for station in stations if station.dtype)


def _of_device(configuration: Configuration, comparison: Optional[Comparison]) -> tuple[Sequence[str], str]:
    pairs = zip(comparison.methods, comparison.devices) if comparison is not None else ()
    seen = next((device for method, device in pairs if method.device == configuration.device and device.precision), UNKNOWN)
    if seen.assumed or seen.narrow:
        return [seen.precision], f"{configuration.device}, {'as you say' if seen.assumed else 'as measured'}"
    return [configuration.device_precision], configuration.device


def _station(place: str, dtypes: Sequence[str], detail: str) -> Station:
    distinct = [dtype for dtype in dict.fromkeys(dtypes) if dtype]
    return Station(place, ", ".join(distinct), any(dtype in NARROW for dtype in distinct), detail)


# --- the reproducer ----------------------------------------------------------------------------------------------------


def _reproducer(reproducer: Optional[Reproducer]) -> Optional[Code]:
    if reproducer is None:
        return None
    name = name_of_script(reproducer)
    cleaned = "; this copy has stand-ins for what must not leave" if reproducer.cleaned else ""
    note = f"{count(reproducer.lines, 'line')}, {reproducer_state(reproducer)}{cleaned}"
    return Code(name, reproducer.source, "python", note)


def name_of_script(reproducer: Reproducer) -> str:
    """The name of its file."""
    return reproducer.path.replace("\\", "/").rpartition("/")[2] or "repro.py"


def reproducer_state(reproducer: Reproducer) -> str:
    """Whether a fresh process confirmed it."""
    if reproducer.exit_code is None:
        return "not run"
    return f"{'verified' if reproducer.verified else 'not verified'}: exits {reproducer.exit_code}"


def _reproducer_output(reproducer: Optional[Reproducer]) -> Optional[Code]:
    return Code("What it prints", reproducer.output, "text") if reproducer and reproducer.output else None
