"""Only the gate submits orders, and the core reads no clock, no random source and no unordered set."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rebalancer"
GATE = PACKAGE / "trading" / "gate.py"
FILES = sorted(PACKAGE.rglob("*.py"))
CORE = [
    file
    for file in FILES
    if file.relative_to(PACKAGE).parts[0]
    in {"errors.py", "model", "events.py", "ports.py", "bots", "portfolio", "backtest", "trading", "app"}
]
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
CHANCE = {"random", "secrets", "uuid", "time"}


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def calls(source: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the name of what is called, without what it is an attribute of."""
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield node, node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id


def mentions(source: ast.AST, name: str) -> bool:
    """Whether `name` is reached in any way: called, handed on, or asked for by its text."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Constant) and node.value == name)
        for node in ast.walk(source)
    )


def reaching(name: str, *, outside: Path) -> list[str]:
    files = [file for file in FILES if outside not in file.parents]
    return [str(file.relative_to(PACKAGE)) for file in files if mentions(tree(file), name)]


def making(event: str) -> list[str]:
    return [str(file.relative_to(PACKAGE)) for file in FILES if any(name == event for _, name in calls(tree(file)))]


def passing(event: str) -> list[str]:
    """Where the class `event` itself is passed to a call, which could construct it."""
    return [
        str(file.relative_to(PACKAGE))
        for file in FILES
        for call, _ in calls(tree(file))
        if any(isinstance(given, ast.Name) and given.id == event for given in call.args)
    ]


def test_only_the_gate_reaches_a_brokers_submit() -> None:
    assert reaching("submit", outside=PACKAGE / "venues") == ["trading/gate.py"]


def test_only_alpacas_own_broker_posts_an_order() -> None:
    posting = [file for file in FILES if "venues" in file.parts and mentions(tree(file), "POST")]
    assert [str(file.relative_to(PACKAGE)) for file in posting] == ["venues/alpaca/broker.py"]
    sending = [
        call
        for call, name in calls(tree(posting[0]))
        if name == "send" and isinstance(call.args[0], ast.Constant) and call.args[0].value == "POST"
    ]
    (submit,) = (
        node for node in ast.walk(tree(posting[0])) if isinstance(node, ast.FunctionDef) and node.name == "submit"
    )
    assert [call.lineno for call in sending] == [call.lineno for call, name in calls(submit) if name == "send"]


@pytest.mark.parametrize("event", ["OrderIntended", "OrderResent"])
def test_only_the_gate_journals_the_intent_of_an_order(event: str) -> None:
    assert making(event) == ["trading/gate.py"]
    assert passing(event) == []


def test_an_intent_is_journalled_right_before_its_order_is_submitted() -> None:
    """Nothing but a check of the journal comes between a committed intent and its submit."""
    gate = tree(GATE)
    functions = {node.name: node for node in ast.walk(gate) if isinstance(node, ast.FunctionDef)}
    for name, writer, event in (
        ("send", "_record_intent", "OrderIntended"),
        ("resend", "_record_resend", "OrderResent"),
    ):
        asked = next(node for node in functions[name].body if isinstance(node, ast.If))
        assert f" or self.{writer}(order)))" in ast.unparse(asked.test)
        submitted = asked.body[0] if "is None" in ast.unparse(asked.test) else functions[name].body[-1]
        assert ast.unparse(submitted).startswith("return self._submit(order")
        (written,) = (node for node in functions[writer].body if isinstance(node, ast.Try))
        assert ast.unparse(written.body[0]).startswith(f"self.log.write({event}(at=self.log.now(), ")
        assert ast.unparse(functions[writer].body[-1]) == "return None"
    checked, submitted = functions["_submit"].body[:2]
    assert ast.unparse(checked).startswith("require_journalled(order, ")
    assert ast.unparse(submitted) == "answer = self.context.broker.submit(order)"
    submitting = {name for name, node in functions.items() if mentions(node, "submit")}
    assert submitting == {"_submit", "repeat"}


def test_only_the_paper_trial_repeats_an_order() -> None:
    assert reaching("repeat", outside=PACKAGE / "venues") == ["app/paper_trial.py"]


# -------------------------------------------------------------------------------------------------- the core


@pytest.mark.parametrize("file", CORE, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_the_core_reads_no_clock_and_no_random_source(file: Path) -> None:
    source = tree(file)
    imported = {
        name.split(".")[0]
        for node in ast.walk(source)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & CHANCE
    read = {
        (node.func.value.id, node.func.attr)
        for node, _ in calls(source)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    assert not read & CLOCKS


def test_the_core_never_iterates_over_an_unordered_set() -> None:
    """A `for` over a set gives its items in another order with every start of Python."""
    assert {str(file.relative_to(PACKAGE)): lines for file in CORE if (lines := unordered(tree(file)))} == {}


def test_iteration_over_a_set_is_found_unless_its_order_does_not_matter() -> None:
    code = """
for each in {1, 2}: pass
found = [each for each in set(those) | {3}]
fine = sorted(each for each in set(those)), {each for each in {1, 2}}, any(each for each in frozenset(those))
"""
    assert unordered(ast.parse(code)) == [2, 3]


def unordered(source: ast.AST) -> list[int]:
    """The lines that iterate over a set, except where the order does not matter: another set, sorted(), any(), ..."""
    parents = {child: node for node in ast.walk(source) for child in ast.iter_child_nodes(node)}
    return [
        loop.iter.lineno
        for loop in ast.walk(source)
        if isinstance(loop, ast.For | ast.comprehension) and is_set(loop.iter) and not order_is_lost(loop, parents)
    ]


def is_set(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub):
        return is_set(node.left) or is_set(node.right)
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}
    return made or isinstance(node, ast.Set | ast.SetComp)


def order_is_lost(loop: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    walk = parents[loop]
    whole = parents.get(walk)
    asked = isinstance(whole, ast.Call) and isinstance(whole.func, ast.Name)
    return isinstance(walk, ast.SetComp) or (asked and whole.func.id in {"sorted", "any", "all", "max", "min"})
