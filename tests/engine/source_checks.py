"""The nine invariants as assertions on source text: each takes ``{path: text}`` and raises AssertionError."""

import ast

from tests.engine.planted import KERNEL, LEVELS, REFERENCE, STATE

LOOP = (REFERENCE, STATE, LEVELS)
HOT_PATH_MODELS = {"OrderableOffer", "PurchaseOrder", "InventoryPosition"}
LOOP_MODELS = {"PurchaseOrder", "InventoryPosition"}
RANDOM = {"random", "secrets", "uuid", "time", "datetime", "os"}
FRAME_VERBS = {"filter", "group_by", "partition_by", "partition_by_day", "sort", "join", "collect", "lazy"}
SORTS = {"sort", "sorted", "argsort", "lexsort", "heappush", "heappop", "searchsorted"}
SUMS = {"sum", "nansum", "fsum", "reduce", "dot", "bincount"}
ALLOCATIONS = {
    "zeros", "empty", "ones", "full", "array", "asarray", "arange", "zeros_like", "empty_like", "copy", "append",
    "concatenate", "list", "dict", "set", "tuple",
}  # fmt: skip
VIEWS = {"pending", "lots", "state", "rows"}
"""What the kernel takes of an array once per row, and may not take again per event."""
DRAWS_NOTHING = ("steppers/", "strategies/", "rules.py", "plan.py", "totals.py", "models.py", "simulation.py")


def name_of(node):
    """Last name of a called or read expression: ``pl.DataFrame.filter`` gives ``filter``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def functions(tree):
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def targets(tree):
    """Every expression that is assigned to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            yield node.target


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def no_call(tree, banned, where, why):
    for call in calls(tree):
        found = name_of(call.func)
        assert found not in banned, f"{where}, line {call.lineno}: {found}() {why}"


def invariant_1(text):
    """Offers are passed by reference and never made in the loop."""
    for path in LOOP:
        for call in calls(ast.parse(text[path])):
            written = ast.unparse(call.func)
            assert "OrderableOffer" not in written, f"{path}, line {call.lineno}: an offer is made in the loop"
    assigned = [
        ast.unparse(node.value)
        for node in ast.walk(ast.parse(text[STATE]))
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and "self.offers" in [ast.unparse(t) for t in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    ]
    assert assigned == ["scenario.offers.by_sku"], "state.offers must be the scenario's own table"
    for path in (REFERENCE, LEVELS):
        for target in targets(ast.parse(text[path])):
            assert name_of(target) != "offers", f"{path}: offers are replaced"


def invariant_2(text):
    """Demand is grouped once, before the loop."""
    for path in LOOP:
        tree = ast.parse(text[path])
        assert not [name for name in imported(tree) if name.startswith("polars")], f"{path} handles frames"
        for name, function in functions(tree).items():
            if name != "__init__":
                no_call(function, FRAME_VERBS, f"{path}, {name}", "belongs before the loop")
    start = functions(ast.parse(text[REFERENCE]))["__init__"]
    groupings = [ast.unparse(call) for call in calls(start) if name_of(call.func) == "partition_by_day"]
    assert groupings == ["scenario.demand.partition_by_day()", "scenario.adjustments.partition_by_day()"]
    by_day = functions(ast.parse(text["scenario/world.py"]))["partition_by_day"]
    assert [name_of(call.func) for call in calls(by_day)].count("partition_by") == 1
    no_call(by_day, {"filter", "group_by"}, "partition_by_day", "is a second grouping")


def invariant_3(text):
    """Pending orders: ``insort`` in, from the front out."""
    inserts = 0
    for path in LOOP:
        tree = ast.parse(text[path])
        no_call(tree, SORTS - {"searchsorted"}, path, "sorts in the loop")
        for call in calls(tree):
            owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            assert not owner.endswith("pending"), f"{path}, line {call.lineno}: pending.{name_of(call.func)}()"
            inserts += name_of(call.func) == "insort" and ast.unparse(call.args[0]).endswith("pending")
        for node in ast.walk(tree):
            if isinstance(node, ast.For | ast.comprehension):
                walked = ast.unparse(node.iter)
                assert walked != "pending", f"{path}: all pending orders are scanned"
                assert not walked.endswith(".pending"), f"{path}: all pending orders are scanned"
    assert inserts == 1, "placement inserts into the sorted pending list"
    receive = ast.unparse(functions(ast.parse(text[REFERENCE]))["receive"])
    assert "del pending[:due]" in receive, "due orders leave from the front"


def invariant_4(text):
    """Value moves only in ``add`` and ``take``, and is never re-summed."""
    for path in LOOP:
        for name, function in functions(ast.parse(text[path])).items():
            if path == STATE and name in {"__init__", "add", "take"}:
                continue
            for target in targets(function):
                written = ast.unparse(target)
                moved = ".value." in written or written.endswith(".value") or "category_value[" in written
                assert not moved, f"{path}, {name}: value moves outside add and take"
            for call in calls(function):
                summed = name_of(call.func) in SUMS and "value" in ast.unparse(call)
                assert not summed, f"{path}, line {call.lineno}: value is summed again"


def invariant_5(text):
    """The loop makes objects by ``model_construct`` only."""
    made = 0
    for path in LOOP:
        for call in calls(ast.parse(text[path])):
            found = name_of(call.func)
            assert found not in HOT_PATH_MODELS, f"{path}, line {call.lineno}: {found}() validates in the loop"
            assert found not in {"model_validate", "model_copy"}, f"{path}, line {call.lineno}: {found}() in the loop"
            made += found == "model_construct" and name_of(call.func.value) in LOOP_MODELS
    assert made >= 2, "orders and positions are made by model_construct"


def invariant_6(text):
    """Nothing below the run draws a random number or reads a clock."""
    for path, source in text.items():
        if not path.startswith(DRAWS_NOTHING):
            continue
        tree = ast.parse(source)
        for name in imported(tree):
            parts = set(name.split("."))
            assert not parts & (RANDOM | {"randomness"}), f"{path} imports {name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"random", "default_rng", "RandomState"}, f"{path}, line {node.lineno}"


def invariant_7(text):
    """No result depends on a clock, the order of a set, threads or re-ordered sums."""
    for path, source in text.items():
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in {"fastmath", "parallel"}:
                off = isinstance(node.value, ast.Constant) and node.value.value is False
                assert off, f"{path}: {node.arg} re-orders sums"
            if isinstance(node, ast.For | ast.comprehension):
                assert not isinstance(node.iter, ast.Set | ast.SetComp), f"{path}: the order of a set shows"
                assert not (isinstance(node.iter, ast.Call) and name_of(node.iter.func) == "set"), f"{path}: a set"
        no_call(tree, {"prange", "hash"}, path, "differs from run to run")
        if path.startswith(("steppers/", "strategies/", "scenario/", "scorecard/")):
            no_call(tree, {"now", "today", "time", "perf_counter"}, path, "reads a clock")


def compiled_without_allocation(text):
    """The kernel allocates nothing, makes no container, and rebinds no array while it runs a row."""
    found = functions(ast.parse(text[KERNEL]))
    assert "advance" in found
    for name, function in found.items():
        no_call(function, ALLOCATIONS, f"kernel, {name}", "allocates")
        arrays = {argument.arg for argument in function.args.args if "int" not in ast.unparse(argument.annotation)}
        loops = [node for node in ast.walk(function) if isinstance(node, ast.While)]
        for scope, bound in [(function, arrays), *((loop, arrays | VIEWS) for loop in loops)]:
            for target in targets(scope):
                for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                    assert not (isinstance(part, ast.Name) and part.id in bound), f"{name}: {part.id} is rebound"
        for node in ast.walk(function):
            kinds = ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp
            assert not isinstance(node, kinds), f"kernel, {name}, line {node.lineno}: a container is made"


def compiled_without_floats(text):
    """Neither rules nor kernel name a float or divide into one."""
    for path in (KERNEL, "rules.py"):
        for node in ast.walk(ast.parse(text[path])):
            if isinstance(node, ast.Constant):
                assert not isinstance(node.value, float), f"{path}, line {node.lineno}: {node.value}"
            if isinstance(node, ast.BinOp | ast.AugAssign):
                assert not isinstance(node.op, ast.Div), f"{path}, line {node.lineno}: / makes a float"
        no_call(ast.parse(text[path]), {"float", "float64", "float32", "sqrt", "round", "rint"}, path, "is a float")


def compiled_holds_no_formula_of_rules(text):
    """The kernel binds the names of ``engine.rules`` to nothing but its functions."""
    tree = ast.parse(text[KERNEL])
    public = set(functions(ast.parse(text["rules.py"])))
    assert not public & set(functions(tree)), "the kernel defines a rule of its own"
    registered = [
        node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RULES"
    ]
    assert {name_of(rule) for rule in registered[0].value.elts} == public, "every rule is registered"
    for path in (KERNEL, REFERENCE, STATE, LEVELS):
        for node in ast.walk(ast.parse(text[path])):
            if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.FloorDiv):
                written = ast.unparse(node)
                assert "day // self.review_period" in written, f"{path}, line {node.lineno}: a formula"
