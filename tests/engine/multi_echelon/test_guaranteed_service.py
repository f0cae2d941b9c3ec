import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.multi_echelon.acyclic import optimise_network
from engine.multi_echelon.demand_bounds import Formula, Quantile, SquareRoot, Table
from engine.multi_echelon.guaranteed_service import Problem, optimise_tree, without_slack
from engine.multi_echelon.network import simulate
from engine.multi_echelon.network_figures import longest_waits as simulated_waits
from engine.multi_echelon.service_check import customer_needs, cut_at_bounds, demand_bounds, longest_waits
from engine.multi_echelon.simulated_plans import guaranteed_network
from engine.multi_echelon.stages import Link, Stage, StageNetwork
from tests.reference import cases


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("gsm-tree"))
def test_published_trees(inputs, expected, close):
    stages = tuple(
        Stage(
            name,
            node["T"],
            node["h"],
            inbound_time=node.get("s_in", 0),
            promised_time=node.get("s_out"),
            demand_deviation=node.get("sigma"),
            bound=SquareRoot(node["z"]),
        )
        for name, node in inputs["nodes"].items()
    )
    plan = optimise_tree(StageNetwork(stages, tuple(Link(*edge) for edge in inputs["edges"])))
    assert plan.cost == pytest.approx(expected["cost"], abs=close.tolerance["cost_abs"])
    assert plan.committed() == expected["committed_service_time"]
    assert plan.gap == 0


BOUNDS = [
    SquareRoot(2.0),
    Quantile(0.95),
    Quantile(0.9, "negative_binomial"),
    Quantile(0.9, "gamma"),
    Table((0.0, 4.0, 5.0, 5.5)),
    Formula(lambda mean, deviation, periods: np.minimum(deviation * periods, 3 * mean)),
]


@st.composite
def networks(draw, tree, customers_only_last=False, random_times=False):
    """Up to five stages with links from earlier to later ones, or along a tree of any orientation."""
    count = draw(st.integers(1, 5))
    pairs = {}
    for later in range(1, count):
        other = draw(st.integers(0, later - 1))
        pairs[(other, later) if draw(st.booleans()) or not tree else (later, other)] = None
    if not tree:
        for later in range(2, count):
            for other in range(later):
                if draw(st.booleans()):
                    pairs[(other, later)] = None
    feeding = {source for source, _ in pairs}
    stages = []
    for number in range(count):
        buys = number not in feeding or (not customers_only_last and draw(st.integers(0, 3)) == 0)
        stages.append(
            Stage(
                str(number),
                draw(st.integers(1 if random_times else 0, 2)),
                draw(st.floats(0.1, 5)),
                inbound_time=draw(st.integers(0, 1)),
                promised_time=draw(st.integers(0, 3)) if buys else None,
                demand_mean=5.0 if buys else 0.0,
                demand_deviation=draw(st.floats(0.5, 3)) if buys else None,
                processing_deviation=0.4 if random_times else 0.0,
                bound=draw(st.sampled_from([None, *BOUNDS])),
            )
        )
    units = 1.0 if customers_only_last else draw(st.sampled_from([1.0, 2.0]))
    return StageNetwork(tuple(stages), tuple(Link(str(a), str(b), units) for a, b in pairs))


def brute_force(network):
    """Least cost over all service times."""
    problem = Problem.of(network)
    ranges = [range(low, high + 1) for low, high in problem.ranges[:, :2]]
    inbound_ranges = [range(low, high + 1) for low, high in problem.ranges[:, 2:]]
    least = np.inf
    for service in itertools.product(*ranges):
        cost = 0.0
        for stage, quoted in enumerate(service):
            soonest = max([0, *(service[source] for source in network.suppliers[stage])])
            fits = [waits for waits in inbound_ranges[stage] if waits >= soonest]
            waits = [wait for wait in fits if wait + problem.times[stage] >= quoted]
            net = [problem.costs[problem.starts[stage] + wait + problem.times[stage] - quoted] for wait in waits]
            cost += min(net, default=np.inf)
        least = min(least, cost)
    return least


@given(networks(tree=True))
@settings(max_examples=60, deadline=None)
def test_trees_by_brute_force(network):
    plan = optimise_tree(network)
    assert plan.cost == pytest.approx(brute_force(network), abs=1e-9)
    feasible(network, plan)


@given(networks(tree=False))
@settings(max_examples=60, deadline=None)
def test_networks_without_cycles_by_brute_force(network):
    plan = optimise_network(network)
    assert plan.gap == 0
    assert plan.cost == pytest.approx(brute_force(network), abs=1e-9)
    feasible(network, plan)


@given(networks(tree=False))
@settings(max_examples=20, deadline=None)
def test_the_bound_holds_when_the_search_is_cut_short(network):
    short, full = optimise_network(network, most_splits=0), optimise_network(network)
    assert short.lower_bound <= full.cost + 1e-9
    assert short.cost >= full.cost - 1e-9
    assert short.gap >= 0


@given(networks(tree=True, random_times=True))
@settings(max_examples=20, deadline=None)
def test_random_processing_times_by_brute_force(network):
    assert optimise_tree(network).cost == pytest.approx(brute_force(network), abs=1e-9)


def feasible(network, plan):
    for position, stage in enumerate(network.stages):
        promised = network.promise(position)
        assert promised is None or plan.service_times[position] <= promised
        assert plan.inbound_times[position] >= stage.inbound_time
        assert plan.net_times[position] >= 0
    for source, target in network.pairs:
        assert plan.service_times[source] <= plan.inbound_times[target]


@given(networks(tree=False, customers_only_last=True), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_no_promise_is_broken_while_demand_keeps_its_bounds(network, seed):
    plan = optimise_network(network)
    customers = sum(stage.has_customers for stage in network.stages)
    wild = np.random.default_rng(seed).gamma(0.5, 12, (customers, 200))
    cut = cut_at_bounds(wild, customer_needs(network), demand_bounds(network, plan))
    assert (longest_waits(network, plan, cut) <= plan.service_times).all()


def test_demand_beyond_its_bound_breaks_a_promise():
    network = StageNetwork((Stage("shop", 3, 1.0, demand_mean=5, demand_deviation=1),))
    plan = optimise_tree(network)
    assert longest_waits(network, plan, np.full((1, 50), 5.0))[0] == 0
    assert longest_waits(network, plan, np.full((1, 50), 9.0))[0] > 0


def test_simulated_shops_keep_their_promises():
    stages = (
        Stage("warehouse", 4, 1.0),
        Stage("north", 2, 2.0),
        *(Stage(f"shop {n}", n, 3.0, promised_time=n % 2, demand_mean=4, demand_deviation=3) for n in (1, 2, 3)),
    )
    links = (
        Link("warehouse", "north"),
        Link("north", "shop 1"),
        Link("north", "shop 2"),
        Link("warehouse", "shop 3"),
    )
    network = StageNetwork(stages, links)
    plan = optimise_tree(network)
    bounds = [np.floor(bound + 1e-9) for bound in demand_bounds(network, plan)]
    wild = np.random.default_rng(1).negative_binomial(1, 0.15, (3, 20_000))
    cut = cut_at_bounds(wild, customer_needs(network), bounds)
    assert 0 < cut.sum() < wild.sum()
    run = guaranteed_network(network, plan)
    ledger = simulate(run, np.concatenate([np.zeros((2, cut.shape[1])), cut]))
    waits = simulated_waits(run, ledger)
    promised = plan.committed()
    assert all(wait <= promised[name] for name, wait in waits.items())
    for shop in (2, 3, 4):
        late = plan.service_times[shop]
        waiting = (
            ledger.waiting[shop, late:]
            - np.lib.stride_tricks.sliding_window_view(np.append(ledger.demanded[shop], 0), late + 1)[:-1, 1:].sum(
                axis=1
            )[: ledger.waiting.shape[1] - late]
        )
        assert (waiting <= 0).all()


def test_random_processing_times_need_more_stock():
    fixed = optimise_tree(StageNetwork((Stage("shop", 5, 1.0, demand_mean=9, demand_deviation=1),)))
    loose = StageNetwork((Stage("shop", 5, 1.0, demand_mean=9, demand_deviation=1, processing_deviation=1),))
    expected = 1.645 * np.sqrt(1**2 * 5 + 9**2 * (1 + 1 / 12))  # whole periods add 1 / 12 to the variance
    assert optimise_tree(loose).cost == pytest.approx(expected, rel=0.01)
    assert optimise_tree(loose).cost > fixed.cost


def test_variances_are_pooled_once_per_customer():
    def stage(name, deviation=None):
        return Stage(name, 1, 1.0, demand_mean=0.0 if deviation is None else 2.0, demand_deviation=deviation)

    links = (Link("a", "b"), Link("a", "c", 2.0), Link("b", "d"), Link("c", "d"))
    network = StageNetwork((stage("a"), stage("b", 4.0), stage("c"), stage("d", 3.0)), links)
    mean, deviation = network.pooled
    assert mean.tolist() == [2 + 3 * 2, 2 + 2, 2, 2]
    assert deviation.tolist() == pytest.approx([np.sqrt(4**2 + (3 * 3) ** 2), 5, 3, 3])


def chain(*changes, links=(("a", "b"), ("b", "c")), more=()):
    stages = {name: {"name": name, "processing_time": 2, "holding_cost": 1.0} for name in "abc"}
    stages["c"]["demand_deviation"] = 1.0
    for name, change in changes:
        stages[name] |= change
    made = [Stage(**arguments) for arguments in stages.values()]
    return StageNetwork((*made, *more), tuple(Link(*link) for link in links))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: chain(links=(("a", "b"), ("b", "a"), ("b", "c"))), "stage '[ab]': links must not form a cycle"),
        (lambda: chain(links=(("a", "a"), ("a", "b"), ("b", "c"))), "stage 'a': links must not form a cycle"),
        (lambda: chain(links=(("a", "c"),)), "stage 'b': a network must be connected"),
        (
            lambda: chain(("c", {"demand_deviation": None})),
            "stage 'c': a stage that supplies no other must have demand",
        ),
        (lambda: chain(("b", {"processing_time": -1})), "stage 'b': processing_time must be a whole number"),
        (lambda: chain(("b", {"inbound_time": -1})), "stage 'b': inbound_time must be"),
        (lambda: chain(("c", {"promised_time": -2})), "stage 'c': promised_time must be"),
        (
            lambda: chain(*((name, {"holds_stock": False}) for name in "abc"), ("c", {"promised_time": 5})),
            "stage 'c': promised_time must be >= 6, the shortest that is possible, was 5",
        ),
        (lambda: chain(links=(("a", "b"), ("b", "x"))), "link 'b' -> 'x': a link must join stages"),
        (lambda: chain(links=(("a", "b"), ("a", "b"), ("b", "c"))), "must be stated once"),
        (lambda: chain(more=(Stage("a", 1, 1.0),)), "stage 'a': names of stages must be unique"),
        (lambda: optimise_tree(chain(links=(("a", "b"), ("b", "c"), ("a", "c")))), "stage 'c': links must form a tree"),
        (lambda: Quantile(0.9, "poison"), "Did you mean 'poisson'"),
        (
            lambda: optimise_tree(chain(("c", {"bound": Formula(lambda *given: -given[2])}))),
            "stage 'c': a demand bound must",
        ),
    ],
)
def test_bad_networks_are_named(build, said):
    with pytest.raises(InputError, match=said):
        build()


def test_stages_without_stock_pass_their_waits_on():
    plan = optimise_tree(chain(("b", {"holds_stock": False}), ("a", {"holds_stock": False})))
    assert plan.service_times.tolist()[:2] == [2, 4]
    assert plan.net_times.tolist() == [0, 0, 6]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 3), st.floats(1, 4), st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_without_slack_no_stage_waits_for_longer_than_promised_or_holds_more(mean, dispersion, times):
    """A chain with demand bounded in whole units, where an optimum may count with longer inbound times."""
    names = [f"stage-{number}" for number in range(len(times))]
    deviation = (mean * dispersion) ** 0.5
    stages = tuple(
        Stage(name, time, 1.0 + number, demand_mean=mean * last, demand_deviation=deviation if last else None)
        for number, (name, time) in enumerate(zip(names, times, strict=True))
        for last in [number == len(times) - 1]
    )
    network = StageNetwork(stages, tuple(map(Link, names, names[1:])), Quantile(0.95, "negative_binomial"))
    plan = optimise_tree(network)
    tight = without_slack(network, plan)
    promised_before = [0, *tight.service_times[:-1].tolist()]
    assert tight.inbound_times.tolist() == promised_before
    assert tight.net_times.tolist() == [
        before + time - own for before, time, own in zip(promised_before, times, tight.service_times, strict=True)
    ]
    assert (tight.service_times == plan.service_times).all()
    assert (tight.base_stocks <= plan.base_stocks + 1e-9).all()
