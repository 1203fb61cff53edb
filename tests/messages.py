"""Every message that a user can meet, for docs/messages.md: ``python -m tests.messages`` renews it.

The texts are read out of the sources, with a word in braces where something is put in. What stands
beside a text in the page is written by people and kept; a new text gets a ``?`` there, which a test
refuses. The table of misconceptions is that of the catalogue.
"""

import ast
import importlib
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bpkit.checks.misconceptions import MISCONCEPTIONS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "messages.md"
UNSAID = "?"

TOLD: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(["UsageError", "JailUnavailable", "ConversionFailed", "Unreadable"], (0,)),
    **dict.fromkeys(["NbGraderException", "HidesUnknown", "WireError", "_Broken"], (0,)),
    **dict.fromkeys(["ValueError", "TypeError", "ImportError", "AttributeError"], (0,)),
    **dict.fromkeys(["OSError", "RuntimeError", "Stopped", "print"], (0,)),
    **dict.fromkeys(["events.append", "remarks.append", "log.critical", "log.error"], (0,)),
    **dict.fromkeys(["Attention", "_left_there", "error"], (1,)),
    "Fault": (0, 1),
    "failure": (1, 2),
}
"""Who is handed a message, by the end of its name, and in which of its arguments."""

INSIDE = {
    "exp may overflow",
    "no weights +1 and -1 make XOR of these hidden neurons",
    "bpkit: {error}",
    ", in line {f_lineno}: {line}",
    "{told} , {penalty} taken off",
    "and {refused} more",
    "TooMuch: the cell put out more than can be kept",
    "In the student's cells: {note}",
    "nobody reads any more",
    "the other side is gone",
}
"""Texts that are caught again before anybody reads them, pass on another one, or are no error."""

OF_SENTENCES = {
    f"grading.{name}"
    for name in (
        *("assemble", "cluster", "course", "execution", "rebuild", "session", "standins"),
        *("variants", "wire", "work", "zygote"),
    )
}
"""Modules in which each text of four words or more is a message, wherever it stands."""

FROM_A_PROCESS = re.compile(r"a message |there is no such function|a function was called back wi")
"""What only a process that breaks the rules of the wire brings about; it is told as {problem}."""

SECTIONS = {
    "Every command": ("cli", "grading.course", "grading.files"),
    "bpkit release, bpkit students, bpkit due": (
        "grading.release",
        "grading.variants",
        "grading.pack",
        "grading.roster",
        "grading.due",
    ),
    "bpkit collect": (
        "grading.collect",
        "grading.taking",
        "grading.handed_in",
        "grading.download",
        "grading.lms",
        "grading.exchange",
    ),
    "bpkit grade": (
        "grading.grade",
        "grading.assemble",
        "grading.cluster",
        "grading.save",
        "grading.bench",
    ),
    "The jail": (
        "grading.jail",
        "grading.template",
        "grading.zygote",
        "grading.seccomp",
        "grading.doctor",
    ),
    "Submissions that need a human": (
        "grading.preflight",
        "grading.intake",
        "grading.rebuild",
        "grading.execution",
        "grading.work",
        "grading.quarantine",
        "grading.results",
        "grading.report",
        "grading.alike",
    ),
    "In a graded notebook": (
        "grading.session",
        "grading.standins",
        "grading.recorder",
        "grading.outputs",
        "grading.judge",
        "grading.wire",
        "grading.view",
    ),
    "nbgrader autograde and formgrader": ("grading.executor",),
    "bpkit feedback, bpkit report, bpkit export, bpkit demo": (
        "grading.feedback",
        "grading.feedback_page",
        "grading.export",
        "grading.demo",
        "demo_class",
    ),
    "What a check says": tuple(
        f"checks.{path.stem}" for path in sorted((ROOT / "bpkit" / "checks").glob("[a-z]*.py"))
    ),
    "The reference package": (
        "activations",
        "autodiff",
        "backprop",
        "costs",
        "datasets",
        "gradcheck",
        "graph",
        "initializers",
        "network",
        "notation",
        "optimizers",
        "perceptron",
        "training",
        *(f"plots.{path.stem}" for path in sorted((ROOT / "bpkit" / "plots").glob("[a-z]*.py"))),
    ),
}
"""Which modules a section of the page lists."""

SILENT = {
    "__init__",
    "allocator",
    "checks.__init__",
    "plots.__init__",
    "demo_answers.__init__",
    "demo_answers.right",
    "demo_answers.slips",
    "demo_answers.unfinished",
    "grading.__init__",
    "grading.beside",
    "grading.drawing",
    "grading.equations",
    "grading.limits",
    "grading.mathml",
    "grading.pages",
    "grading.processes",
    "grading.ready",
    "grading.seed",
    "grading.staff",
    "grading.warm",
}
"""Modules that say nothing to users."""


# ------------------------------------------------------------------------- out of the sources


@cache
def texts(module: str) -> list[str]:
    """The messages in a module of bpkit, in their order, each once."""
    tree = ast.parse((ROOT / "bpkit" / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    constants = vars(importlib.import_module(f"bpkit.{module}"))
    found: dict[str, None] = {}
    for part in tree.body:
        spelled: set[ast.AST] = {n.value for n in ast.walk(part) if isinstance(n, ast.Expr)}
        for node in _in_order(part):
            if told := list(_told(node, part, constants)):
                spelled.update(ast.walk(node))
            elif module in OF_SENTENCES and _is_text(node) and node not in spelled:
                told = [text for text in _spelled(node, part, constants) if text.count(" ") >= 3]
                spelled.update(ast.walk(node))
            told = [" ".join(text.split()) for text in told]
            found |= dict.fromkeys(
                text for text in told if text not in INSIDE and not FROM_A_PROCESS.match(text)
            )
    return list(found)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr | ast.Constant)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _told(node: ast.AST, part: ast.AST, constants: dict) -> Iterator[str]:
    """The messages that one node of the syntax tree hands to a user."""
    drawn = constants["__name__"].startswith("bpkit.plots")  # what is returned there is a label
    if isinstance(node, ast.Return) and node.value is not None and not drawn:
        for text in _spelled(node.value, part, constants):
            if text.count(" ") >= 3 and not text.startswith("<"):
                yield text
    if not isinstance(node, ast.Call):
        return
    called = ast.unparse(node.func)
    for name, places in TOLD.items():
        if called == name or called.endswith(f".{name}"):
            if len(node.args) <= max(places) or (called == "print" and not _to_stderr(node)):
                continue
            parts = [_spelled(node.args[place], part, constants) for place in places]
            for combination in itertools.product(*parts):
                kind, what = combination if len(combination) == 2 else ("", combination[0])
                yield f"[{kind}] {what}" if kind else what.replace("%s", "{...}")


def _to_stderr(call: ast.Call) -> bool:
    return any(k.arg == "file" and ast.unparse(k.value) == "sys.stderr" for k in call.keywords)


def _spelled(node: ast.expr, part: ast.AST, constants: dict) -> list[str]:
    """What an expression may read, with words in braces for what is put in; [] if it is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return [text.strip()]
        case ast.JoinedStr():
            return ["".join(_piece(value, constants) for value in node.values)]
        case ast.IfExp():
            return [
                text for way in (node.body, node.orelse) for text in _spelled(way, part, constants)
            ]
        case ast.BoolOp():
            return [text for way in node.values for text in _spelled(way, part, constants)]
        case ast.BinOp(op=ast.Add()):
            left = _spelled(node.left, part, constants) or [f"{{{_word(node.left)}}}"]
            right = _spelled(node.right, part, constants) or [f"{{{_word(node.right)}}}"]
            return [f"{x.strip()} {y.strip()}" for x, y in itertools.product(left, right)]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="format")):
            return [re.sub(r"\{\}", "{" + _word(node.args[0]) + "}", str(constants[name]))]
        case ast.Name(id=name) if isinstance(constants.get(name), str):
            return [constants[name]]
        case ast.Name(id=name):
            return [
                text
                for other in ast.walk(part)
                if isinstance(other, ast.Assign)
                and any(isinstance(t, ast.Name) and t.id == name for t in other.targets)
                and not isinstance(other.value, ast.Name)
                for text in _spelled(other.value, part, constants)
                if text.count(" ") >= 2
            ]
    return []


def _piece(value: ast.expr, constants: dict) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    assert isinstance(value, ast.FormattedValue)
    names = [n.id for n in ast.walk(value.value) if isinstance(n, ast.Name)]
    if names and all(name.isupper() and name in constants for name in names):
        return eval(ast.unparse(ast.JoinedStr([value])), dict(constants))
    return f"{{{_word(value.value)}}}"


def _word(node: ast.AST) -> str:
    """A word for what an expression puts into a message."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            return name.strip("_")
        case ast.Attribute(attr="__name__", value=ast.Call(func=ast.Name(id="type"))):
            return "type"
        case ast.Attribute(attr="name", value=value):
            return _word(value).removesuffix("s")
        case ast.Attribute(attr="__name__" | "args" | "shape", value=value):
            return _word(value)
        case ast.Attribute(attr=name):
            return name.strip("_")
        case ast.Call(func=ast.Attribute(attr="join"), args=[what, *_]) | ast.Call(args=[what, *_]):
            return _word(what)
        case ast.Call(func=function):
            return _word(function)
        case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part):
            return _word(part)
        case ast.Subscript(value=part) | ast.IfExp(body=part) | ast.BinOp(left=part):
            return _word(part)
        case ast.BoolOp(values=[part, *_]) | ast.Starred(value=part) | ast.List(elts=[part, *_]):
            return _word(part)
    return "value"


# ------------------------------------------------------------------------------------ the page

ROW = re.compile(r"\| (`+) ?(.+?) ?\1 \| (.*) \|")


def said(page: str) -> dict[tuple[str, str], str]:
    """What the page says of each message, by the title of the section and the text."""
    words, title = {}, ""
    for line in page.splitlines():
        if line.startswith("## "):
            title = line[3:]
        elif (row := ROW.fullmatch(line)) and title in SECTIONS:
            words[title, row[2].replace(r"\|", "|")] = row[3]
    return words


def renewed(page: str) -> str:
    """The page with the messages of the sources in its tables; all else is as it was."""
    words = said(page)
    elsewhere = {text: told for (_, text), told in words.items()}
    lines, title = [], ""
    for line in page.splitlines():
        if line.startswith("## "):
            title = line[3:]
        if not ROW.fullmatch(line):
            lines.append(line)
        if re.fullmatch(r"[|-]+", line) and title in SECTIONS:
            rows = dict.fromkeys(text for module in SECTIONS[title] for text in texts(module))
            for text in rows:
                lines.append(_row(text, words.get((title, text), elsewhere.get(text, UNSAID))))
        elif re.fullmatch(r"[|-]+", line) and title == "Misconceptions":
            lines += [
                f"| `[{slip.code}] {slip.title}` | {slip.equation} | {slip.hint} |"
                for slip in MISCONCEPTIONS.values()
            ]
    return "\n".join(lines) + "\n"


def _row(text: str, words: str) -> str:
    ticks, space = ("``", " ") if "`" in text else ("`", "")
    escaped = text.replace("|", r"\|")
    return f"| {ticks}{space}{escaped}{space}{ticks} | {words} |"


def main() -> None:
    page = renewed(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(page, encoding="utf-8")
    unsaid = [text for (_, text), words in said(page).items() if words == UNSAID]
    print(f"wrote {PAGE.relative_to(ROOT)}: {len(unsaid)} messages still need their words")
    for text in unsaid:
        print(f"  {text}")


if __name__ == "__main__":
    main()
