"""Every condition of the policy matters: the module changed at one place is found out by the cases of its own test.

A mutant is the policy's source with one comparison, connective, negation,
condition, choice or set operation changed.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from schemas.fields import FieldClass
from services.access import policy
from tests.unit.test_policy import CASES, FINDABLE, GROUNDS, RESTRICTIONS

SOURCE = Path(policy.__file__).read_text(encoding="utf-8")
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
PATIENCE = 20_000
"""Lines that a mutant may run for one case: one that goes round for ever is found out too."""


def mutants() -> Iterator[tuple[str, ast.Module]]:
    """Every mutant, with where and how it differs."""
    tree = ast.parse(SOURCE)
    for place, node in enumerate(ast.walk(tree)):
        for number, (how, _) in enumerate(changes(node)):
            mutant = deepcopy(tree)
            changed = next(one for at, one in enumerate(ast.walk(mutant)) if at == place)
            list(changes(changed))[number][1]()
            yield f"line {getattr(node, 'lineno', '?')}: {how}", ast.fix_missing_locations(mutant)


def changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    """What can be changed at a node, in words and in deed."""
    if isinstance(node, ast.Compare):
        yield "opposite comparison", partial(node.ops.__setitem__, 0, OPPOSITE[type(node.ops[0])]())
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "other connective", partial(setattr, node, "op", other)
        for number in range(len(node.values)):
            yield f"without operand {number + 1}", partial(node.values.__delitem__, number)
    for name, value in ast.iter_fields(node):
        for field in value if isinstance(value, list) else [value] if name not in ("returns", "annotation") else []:
            for how, instead in replacements(field, is_test=name in ("test", "ifs")):
                yield how, partial(put, node, name, field, instead)


def replacements(node: Any, is_test: bool) -> Iterator[tuple[str, ast.expr]]:
    """What a part of a node can be replaced by."""
    if is_test:
        yield "never", ast.Constant(False)
        yield "always", ast.Constant(True)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "without not", node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Sub):
        yield "left side only", node.left
        if isinstance(node.op, ast.BitOr):
            yield "right side only", node.right


def put(node: ast.AST, name: str, old: ast.AST, new: ast.AST) -> None:
    held = getattr(node, name)
    setattr(node, name, [new if one is old else one for one in held] if isinstance(held, list) else new)


def is_found_out(tree: ast.Module) -> bool:
    """Whether a case tells the mutant from the policy."""
    found: dict[str, Any] = {"__name__": "mutant"}
    try:
        exec(compile(tree, "mutant", "exec"), found)  # noqa: S102
        return any(not holds for holds in answers(found))
    except Exception:
        return True


def answers(found: dict[str, Any]) -> Iterator[bool]:
    """For each case, whether a module of the policy's kind answers it as the policy must."""
    for agency, facts, expected in CASES:
        allowed = patiently(found["decide"], agency, facts)
        yield (set(allowed.agencies) if allowed else set()) == set(expected.split())
        yield (allowed is None) == (not expected)
    for agency, facts, grounds in GROUNDS:
        yield patiently(found["decide"], agency, facts).grounds == str(grounds)
    yield from (found["strictest"](held) == governs for held, governs in RESTRICTIONS)
    yield from (found["is_findable"](facts) is expected for facts, expected in FINDABLE)
    for restriction, hidden in (("normal", False), ("restricted", True), ("shielded", True)):
        yield found["hides"](restriction, FieldClass.PLACE) is hidden
        yield found["hides"](restriction, None) is False


def patiently(work: Callable[..., Any], *given: Any) -> Any:
    """What work answers; raises TimeoutError where it takes too many lines."""
    left = PATIENCE

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise TimeoutError
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return work(*given)
    finally:
        sys.settrace(before)


def test_the_policy_itself_answers_every_case() -> None:
    assert not is_found_out(ast.parse(SOURCE))


def test_a_policy_changed_anywhere_is_found_out() -> None:
    tried = {how: is_found_out(tree) for how, tree in mutants()}
    survivors = [how for how, found_out in tried.items() if not found_out]
    assert len(tried) > 40, "hardly anything was tried"
    assert len(survivors) <= len(tried) * 0.05, survivors
