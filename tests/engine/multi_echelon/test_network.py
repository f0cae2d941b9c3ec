import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.multi_echelon.network import Location, Network, Route, simulate
from engine.multi_echelon.network_figures import daily_costs, figures, longest_waits
from engine.multi_echelon.network_reference import simulate_reference
from engine.multi_echelon.network_tables import RATIONING
from tests.reference import cases

TRACES = [case for case in cases("deterministic-trace") if "stages" in case.values[0]]
RUNS = pytest.mark.parametrize("run", [simulate, simulate_reference])


@RUNS
@pytest.mark.parametrize(("inputs", "expected", "close"), TRACES)
def test_published_traces_of_three_stages(run, inputs, expected, close):
    """Theirs: demand seen, order, receive, ship. An order of day t knows the demand of day t: lead time L is ours."""
    names = sorted(inputs["base_stock_levels"])
    levels, opening = inputs["base_stock_levels"], inputs["initial_inventory_level"]
    places = tuple(
        Location(name, levels[name], echelon=inputs["policy"] == "EBS", opening_stock=opening[name]) for name in names
    )
    times = inputs["shipment_lead_time"]
    routes = tuple(Route(name, times[name], source) for name, source in zip(names, [*names[1:], None], strict=True))
    network = Network(places, routes)
    demand = np.zeros((len(names), len(inputs["demand"])), np.int64)
    demand[0] = inputs["demand"]
    ledger = run(network, demand)
    shown, holding = expected["per_day"], inputs["local_holding_cost"]
    for number, name in enumerate(names):
        level = ledger.on_hand[number] - ledger.waiting[number] - ledger.owed[number]
        assert level.tolist() == shown[f"node{name}.inventory_level"]
        assert ledger.ordered[number].tolist() == shown[f"node{name}.order"]
        assert ledger.received[number].tolist() == shown[f"node{name}.received"]
        assert (holding[name] * ledger.on_hand[number]).tolist() == shown[f"node{name}.holding_cost"]
        on_the_way = ledger.in_transit[number - 1] if number else 0 * ledger.in_transit[0]
        assert (holding[name] * on_the_way).tolist() == shown[f"node{name}.in_transit_holding_cost"]
        short = inputs["stockout_cost"] * ledger.waiting[number]
        assert short.tolist() == close(shown[f"node{name}.stockout_cost"])
    total = daily_costs(network, ledger, [holding[name] for name in names], inputs["stockout_cost"]).sum()
    assert total == close(expected["totals"]["total_cost"])


@st.composite
def networks(draw):
    """Up to five locations; each is supplied from outside, or by earlier locations (one way where an echelon asks)."""
    count = draw(st.integers(1, 5))
    echelons = draw(st.booleans())
    routes, places = [], []
    for number in range(count):
        ways = draw(st.integers(1, 1 if echelons and number else 3))
        for way in range(ways):
            inside = number > 0 and (way == 0 or draw(st.booleans()))
            source = str(draw(st.integers(0, number - 1))) if inside else None
            routes.append(Route(str(number), draw(st.integers(1, 4)), source, draw(st.integers(1, 3))))
        up_to = draw(st.integers(-2, 30))
        places.append(
            Location(
                str(number),
                up_to,
                draw(st.none() | st.integers(up_to - 12, up_to - 1)),
                echelon=echelons and draw(st.booleans()),
                review_period=draw(st.integers(1, 3)),
                opening_stock=draw(st.integers(0, 20)),
                unit_cost=number,
                level=draw(st.sampled_from(["", "shop"])),
            )
        )
    routes = draw(st.permutations(routes))
    return Network(tuple(places), tuple(routes), draw(st.sampled_from(RATIONING)), draw(st.booleans()))


@given(networks(), st.integers(0, 10_000), st.floats(0.1, 6))
@settings(max_examples=150, deadline=None)
def test_compiled_is_the_reference_byte_for_byte(network, seed, mean):
    demand = np.random.default_rng(seed).poisson(mean, (len(network.locations), 40))
    compiled, again, reference = (run(network, demand) for run in (simulate, simulate, simulate_reference))
    for name, ours, twice, theirs in zip(compiled._fields, compiled, again, reference, strict=True):
        assert ours.tobytes() == twice.tobytes() == theirs.tobytes(), name
    books_balance(network, compiled)


def books_balance(network, ledger):
    opening = np.array([place.opening_stock for place in network.locations])
    served = ledger.demanded - ledger.lost - np.diff(ledger.waiting, axis=1, prepend=0)
    stock = opening[:, None] + (ledger.received - ledger.shipped - served).cumsum(axis=1)
    assert (stock == ledger.on_hand).all()
    assert (ledger.on_hand >= 0).all()
    assert (ledger.on_hand * (ledger.owed + ledger.waiting) == 0).all()
    assert ((ledger.lost == 0) if not network.lost_sales else (ledger.waiting == 0)).all()
    owed = (ledger.route_ordered - ledger.route_shipped).cumsum(axis=1)
    assert (owed >= 0).all()
    assert ledger.ordered.sum() == ledger.route_ordered.sum()


def two_shops(rationing):
    places = (Location("hub", 0, opening_stock=7), Location("a", 4), Location("b", 6))
    routes = (Route("hub", 5), Route("a", 1, "hub"), Route("b", 1, "hub"))
    demand = np.zeros((3, 3), np.int64)
    demand[1, 1], demand[2, 1] = 2, 4
    return simulate(Network(places, routes, rationing), demand).route_shipped[1:].tolist()


def test_rationing_rules():
    """Both order their level on day 0, 4 and 6 units; there are 7. Nothing comes in for five days."""
    assert two_shops("oldest") == [[4, 0, 0], [3, 0, 0]]
    assert two_shops("priority") == [[4, 0, 0], [3, 0, 0]]
    assert two_shops("proportional") == [[3, 0, 0], [4, 0, 0]]


def test_oldest_first_beats_the_order_of_routes():
    places = (Location("hub", 2, opening_stock=0), Location("a", 3, review_period=2), Location("b", 5))
    routes = (Route("hub", 1), Route("a", 1, "hub"), Route("b", 1, "hub"))
    demand = np.zeros((3, 6), np.int64)
    demand[1, 2] = 3
    oldest = simulate(Network(places, routes, "oldest"), demand)
    assert longest_waits(Network(places, routes), oldest)["hub"] == 1


def test_several_suppliers_share_an_order():
    places = (Location("warehouse", 10), Location("shop", 0))
    routes = (Route("warehouse", 3, None, 2), Route("shop", 1, "warehouse"), Route("warehouse", 1, None, 1))
    ledger = simulate(Network(places, routes), np.zeros((2, 5)))
    assert ledger.route_ordered[:, 0].tolist() == [6, 0, 4]
    assert ledger.received[0].tolist() == [0, 4, 0, 6, 0]


def test_lots_make_the_bullwhip():
    demand = np.zeros((3, 5000), np.int64)
    demand[2] = np.random.default_rng(3).poisson(4, 5000)
    shown = []
    for lot in (1, 20):
        places = (
            Location("warehouse", 60, 60 - 2 * lot, opening_stock=60, unit_cost=100, level="warehouse"),
            Location("hub", 40, 40 - lot, opening_stock=40, unit_cost=200, level="hub"),
            Location("shop", 20, opening_stock=20, unit_cost=300, level="store"),
        )
        routes = (Route("warehouse", 3), Route("hub", 2, "warehouse"), Route("shop", 1, "hub"))
        network = Network(places, routes)
        shown.append(figures(network, simulate(network, demand), 50))
    plain, lots = shown
    assert [level.bullwhip for level in plain.levels][1:] == pytest.approx([1, 1], abs=0.3)
    assert lots.levels[2].bullwhip == pytest.approx(1, abs=0.01)
    assert lots.levels[2].bullwhip < lots.levels[1].bullwhip < lots.levels[0].bullwhip
    assert lots.levels[0].orders_per_day < plain.levels[0].orders_per_day
    assert plain.levels[2].mean_in_transit == pytest.approx(4, rel=0.05)
    assert 0.9 < plain.fill_rate <= 1
    assert plain.levels[2].mean_capital == pytest.approx(
        300 * (plain.levels[2].mean_on_hand + plain.levels[2].mean_in_transit)
    )


def test_figures_without_demand_have_no_ratio():
    network = Network((Location("shop", 3),), (Route("shop", 1),))
    shown = figures(network, simulate(network, np.zeros((1, 4))))
    assert shown.fill_rate is None
    assert shown.levels[0].bullwhip is None
    with pytest.raises(InputError, match="warm_up"):
        figures(network, simulate(network, np.zeros((1, 4))), 4)


SHOP = Location("shop", 3)
HUB = Location("hub", 3)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Network((), ()), "at least one location"),
        (lambda: Network((SHOP, SHOP), (Route("shop", 1),)), "unique"),
        (lambda: Network((SHOP,), ()), "location 'shop': a location must be supplied"),
        (lambda: Network((SHOP,), (Route("shop", 0),)), "route 'supplier' -> 'shop': lead_time must be"),
        (lambda: Network((SHOP,), (Route("shop", 1, "hubb"),)), "must join locations"),
        (lambda: Network((SHOP, HUB), (Route("shop", 1, "hub"), Route("hub", 1, "shop"))), "cycle"),
        (lambda: Network((SHOP,), (Route("shop", 1),), "oldst"), "Did you mean 'oldest'"),
        (lambda: Location("shop", 3, 3), "location 'shop': reorder_point must be < order_up_to"),
        (lambda: Location("shop", 3, opening_stock=-1), "opening_stock"),
        (lambda: simulate(Network((SHOP,), (Route("shop", 1),)), [[-1]]), "demand must be whole"),
        (lambda: simulate(Network((SHOP,), (Route("shop", 1),)), [1, 2]), "one row per location"),
        (
            lambda: Network(
                (SHOP, Location("hub", 3, echelon=True)), (Route("shop", 1, "hub"), Route("shop", 1), Route("hub", 1))
            ),
            "location 'shop': locations in an echelon must have one way in",
        ),
    ],
)
def test_bad_networks_are_named(build, said):
    with pytest.raises(InputError, match=said):
        build()
