import copy
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ignite.engine import Engine

from rtcontour.errors import CheckpointError, ConfigError
from rtcontour.training.patches.cycles import Cycles, divide


def items(*patients, cohort="", annotated=(True, True)):
    return [
        {"case": f"c{n}", "patient": patient, "cohort": cohort, "annotated": list(annotated)}
        for n, patient in enumerate(patients)
    ]


def many(patients_of_cohort, scans=1):
    """So many patients of each cohort, with so many scans each."""
    return [
        {"case": f"{cohort}{p}.{s}", "patient": f"{cohort}{p}", "cohort": cohort, "annotated": [True, True]}
        for cohort, patients in patients_of_cohort.items()
        for p in range(patients)
        for s in range(scans)
    ]


def at(epoch):
    engine = Engine(lambda *_: None)
    engine.state.epoch = epoch
    return engine


cohorts = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=1)


@given(cohorts, st.integers(1, 5), st.integers(1, 3), st.integers(0, 9))
def test_each_fold_has_its_part_of_every_cohort_and_whole_patients(patients_of_cohort, folds, scans, seed):
    if sum(patients_of_cohort.values()) < folds:
        return
    data = many(patients_of_cohort, scans)
    fold_of = dict(zip([item["case"] for item in data], divide(data, folds, seed), strict=True))
    patients = {(item["patient"], fold_of[item["case"]]) for item in data}
    assert len(patients) == sum(patients_of_cohort.values())  # none is in two folds
    for cohort in [*patients_of_cohort, ""]:  # "" is the beginning of every name
        sizes = [sum(fold == f and patient.startswith(cohort) for patient, fold in patients) for f in range(folds)]
        assert max(sizes) - min(sizes) <= 1


def test_the_division_comes_from_the_seed_and_not_from_the_order_of_the_cases():
    data = many({"a": 8, "b": 7})
    first = divide(data, 5, seed=1)
    assert divide(data[::-1], 5, seed=1) == first[::-1]
    assert divide(data, 5, seed=2) != first


def test_everybody_is_held_out_once_in_as_many_cycles_as_folds():
    data = many({"a": 8, "b": 7}, scans=2)
    cycles = Cycles(data, 3, 5, seed=4)
    held_out = Counter(case for cycle in range(5) for case in cycles.held_out(1 + 3 * cycle))
    assert held_out == dict.fromkeys(range(30), 1)
    assert [cycles.held_out(e) for e in (1, 2, 3)] == [cycles.held_out(1)] * 3 != [cycles.held_out(4)] * 3
    assert cycles.held_out(16) == cycles.held_out(1)  # the sixth cycle is like the first
    for epoch in range(1, 16):
        trains, held = cycles.training(epoch), cycles.held_out(epoch)
        assert sorted(trains + held) == list(range(30))
        assert not {data[i]["patient"] for i in trains} & {data[i]["patient"] for i in held}


def test_cycles_start_where_the_paper_says():
    cycles = Cycles(many({"a": 5}), 50, 5)
    assert [e for e in range(1, 152) if cycles.starts(e)] == [1, 51, 101, 151]
    assert [cycles.cycle(e) for e in (1, 50, 51, 2500)] == [0, 0, 1, 49]


@pytest.mark.parametrize("cycle", [None, {"epochs": 2, "folds": 1, "mined_share": 0.0}])
def test_without_folds_nobody_is_held_out(cycle):
    cycles = Cycles.of(cycle, many({"a": 3}))
    assert [cycles.held_out(e) for e in (1, 2, 3, 9)] == [[]] * 4
    assert cycles.training(9) == [0, 1, 2]


def test_a_training_in_one_piece_never_restarts():
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.NAdam(model.parameters(), lr=0.1)
    cycles = Cycles.of(None, many({"a": 3}), restart=[optimizer])
    train(model, optimizer, steps=1)
    for epoch in range(1, 20):
        cycles(at(epoch))
    assert optimizer.state and [e for e in range(1, 20) if cycles.starts(e)] == [1]


def train(model, optimizer, steps, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.rand(4, 2, generator=generator)).square().mean().backward()
        optimizer.step()


def plateau(optimizer):
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=1, min_lr=1e-6)


def test_a_restarted_optimiser_and_schedule_go_on_as_new_ones_with_the_weights_reached():
    torch.manual_seed(0)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.NAdam(model.parameters(), lr=0.1)
    schedule = plateau(optimizer)
    cycles = Cycles(many({"a": 5}), 2, 5, restart=[optimizer, schedule])
    train(model, optimizer, steps=3)
    for loss in (0.1, 0.2, 0.3):
        schedule.step(loss)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)

    cycles(at(2))
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01) and optimizer.state  # within the cycle
    cycles(at(3))
    fresh = copy.deepcopy(model)
    fresh_optimizer = torch.optim.NAdam(fresh.parameters(), lr=0.1)
    fresh_schedule = plateau(fresh_optimizer)
    assert schedule.state_dict() == fresh_schedule.state_dict()
    for loss in (0.5, 0.5, 0.5, 0.4):  # lowered after the third
        train(model, optimizer, steps=2, seed=7)
        train(fresh, fresh_optimizer, steps=2, seed=7)
        schedule.step(loss)
        fresh_schedule.step(loss)
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), fresh.parameters(), strict=True))
        assert optimizer.param_groups[0]["lr"] == fresh_optimizer.param_groups[0]["lr"]
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)

    cycles(at(5))  # and what it was put back to was not changed by going on
    assert not optimizer.state and optimizer.param_groups[0]["lr"] == 0.1 and schedule.best == float("inf")


def test_the_first_cycle_does_not_restart():
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.NAdam(model.parameters(), lr=0.1)
    cycles = Cycles(many({"a": 5}), 2, 5, restart=[optimizer])
    train(model, optimizer, steps=1)  # weights of an earlier run come with no state, but nothing is undone either way
    cycles(at(1))
    assert optimizer.state


def test_a_resumed_run_holds_out_whom_it_held_out_before(tmp_path):
    data = many({"a": 8, "b": 7})
    before, after = Cycles(data, 3, 5, seed=1), Cycles(data[::-1], 3, 5, seed=2)
    torch.save(before.state_dict(), tmp_path / "cycles.pt")
    after.load_state_dict(torch.load(tmp_path / "cycles.pt", weights_only=True))
    for epoch in (1, 5, 14):
        assert {data[i]["case"] for i in before.held_out(epoch)} == {
            data[::-1][i]["case"] for i in after.held_out(epoch)
        }


def test_a_run_of_other_cycles_or_other_cases_is_not_resumed():
    state = Cycles(many({"a": 8}), 3, 4).state_dict()
    with pytest.raises(CheckpointError, match=r"cycles of 3 epochs in 4 folds, this recipe wants 2 in 4"):
        Cycles(many({"a": 8}), 2, 4).load_state_dict(state)
    with pytest.raises(
        CheckpointError, match=r"training cases are no longer those of the run \(1 differ, such as a8.0"
    ):
        Cycles(many({"a": 9}), 3, 4).load_state_dict(state)


def test_fewer_patients_than_folds_are_refused_however_many_scans_they_have():
    with pytest.raises(ConfigError, match=r"^recipe::cycle::folds is 5, but `training` has 4 patients; .*fewer folds"):
        Cycles(many({"a": 4}, scans=3), 3, 5)
    Cycles(many({"a": 5}), 3, 5)


def test_a_cycle_in_which_nobody_has_contoured_anything_is_refused():
    data = items("p1", "p2", annotated=[True, False]) + items("p3", annotated=[False, True])
    with pytest.raises(ConfigError, match="recipe::cycle::folds is 3: all patients with contours are in one of them"):
        Cycles(data, 2, 3)


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"epochs": 2.5}, {"folds": 0}, {"folds": True}, {"mined_share": 1.1}, {"mined_share": "x"}],
)
def test_an_impossible_cycle_is_refused_by_its_key(change):
    with pytest.raises(ConfigError, match=f"^recipe::cycle::{next(iter(change))} is "):
        Cycles.of({"epochs": 2, "folds": 2, "mined_share": 0.1, **change}, many({"a": 5}))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "x"])
def test_an_impossible_seed_is_refused(seed):
    with pytest.raises(ConfigError, match=r"^seed is .*; expected a whole number from 0 to "):
        Cycles.of({"epochs": 2, "folds": 2, "mined_share": 0.1}, many({"a": 5}), seed=seed)


@pytest.mark.parametrize("cycle", [{"epochs": 2, "folds": 2}, {"epochs": 2, "folds": 2, "mined_share": 0, "x": 1}, 5])
def test_a_cycle_of_other_keys_is_refused(cycle):
    with pytest.raises(ConfigError, match=r"^recipe::cycle is .*expected epochs, folds and mined_share, or null"):
        Cycles.of(cycle, many({"a": 5}))
