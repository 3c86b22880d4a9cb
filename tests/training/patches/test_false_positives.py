from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ignite.engine import Engine, Events

from rtcontour.training.patches import false_positives
from rtcontour.training.patches.cycles import Cycles
from rtcontour.training.patches.false_positives import (
    CollectFalsePositives,
    FalsePositives,
    FalsePositivesLine,
    MineFalsePositives,
)

SHAPE = (5, 4, 3)
CHANNELS = 4


def label_map(seed):
    return torch.randint(0, CHANNELS, (1, *SHAPE), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def entries(store, case="c1"):
    return {(channel, *voxel) for channel, voxels in store.of(case).items() for voxel in voxels.tolist()}


@given(st.integers(0, 50), st.lists(st.booleans(), min_size=CHANNELS, max_size=CHANNELS))
def test_false_positives_are_what_the_definition_says_voxel_by_voxel(seed, annotated):
    predicted, truth = label_map(seed), label_map(seed + 1000)
    expected = set()
    for voxel in np.ndindex(*SHAPE):
        s = int(predicted[(0, *voxel)])
        if s > 0 and annotated[s] and int(truth[(0, *voxel)]) != s:
            expected.add((s, *voxel))
    store = FalsePositives()
    store.add("c1", predicted.float(), truth, torch.tensor(annotated))  # AsDiscreted gives float
    assert entries(store) == expected
    assert store.counts() == {s: n for s in range(1, CHANNELS) if (n := sum(e[0] == s for e in expected))}


def test_a_structure_that_nobody_contoured_is_never_wrong():
    predicted = torch.full((1, *SHAPE), 2, dtype=torch.uint8)
    truth = torch.zeros_like(predicted)
    store = FalsePositives()
    store.add("c1", predicted, truth, torch.tensor([True, True, False, True]))
    assert store.of("c1") == {} and store.state_dict()["cases"] == []
    store.add("c1", predicted, truth, torch.tensor([False, False, True, False]))
    assert len(store.of("c1")[2]) == 60


def test_at_most_so_many_are_kept_at_random_and_the_same_each_time():
    predicted = torch.ones(1, 40, 40, 40, dtype=torch.uint8)
    predicted[..., 0] = 2
    truth, known = torch.zeros_like(predicted), torch.ones(3, dtype=torch.bool)

    def kept(case, seed=0):
        store = FalsePositives(most=500, seed=seed)
        store.add(case, predicted, truth, known)
        return store.of(case)

    first = kept("c1")
    assert {channel: len(voxels) for channel, voxels in first.items()} == {1: 500, 2: 500}
    assert len(np.unique(first[1], axis=0)) == 500 and (first[1][:, 2] > 0).all() and (first[2][:, 2] == 0).all()
    assert np.array_equal(kept("c1")[1], first[1])
    assert not np.array_equal(kept("c2")[1], first[1]) and not np.array_equal(kept("c1", seed=1)[1], first[1])
    middle = first[1].mean(0)  # each axis uniform, sd 40 / sqrt(12 * 500)
    assert np.allclose(middle, [19.5, 19.5, 20.0], atol=5 * 40 / np.sqrt(6000))


def test_the_store_is_the_same_after_a_resume(tmp_path):
    store = FalsePositives()
    for n, case in enumerate(["c1", "c2", "c3"]):
        store.add(case, label_map(n), label_map(n + 9), torch.tensor([True, n != 1, True, n != 1]))
    torch.save(store.state_dict(), tmp_path / "store.pt")
    again = FalsePositives()
    again.add("old", label_map(5), label_map(6), torch.ones(CHANNELS, dtype=torch.bool))
    again.load_state_dict(torch.load(tmp_path / "store.pt", weights_only=True))
    assert again.of("old") == {} and again.counts() == store.counts()
    for case in ("c1", "c2", "c3"):
        assert list(again.of(case)) == list(store.of(case))
        for channel, voxels in store.of(case).items():
            assert np.array_equal(again.of(case)[channel], voxels) and again.of(case)[channel].dtype == np.int16
    again.load_state_dict(FalsePositives().state_dict())
    assert again.counts() == {}


def evaluator_of(store, batches):
    engine = Engine(lambda _, batch: batch)
    CollectFalsePositives(store).attach(engine)
    FalsePositivesLine(store, ["Bladder", "Rectum"]).attach(engine)
    return SimpleNamespace(engine=engine, run=lambda epoch: engine.run(batches))


def item(case, predicted):
    return {
        "case": case,
        "pred": torch.full((1, *SHAPE), predicted),
        "label": torch.zeros(1, *SHAPE),
        "annotated": torch.ones(3, dtype=torch.bool),
    }


def test_each_search_begins_anew_and_says_what_it_kept(capsys):
    store = FalsePositives()
    evaluator_of(store, [[item("c1", 1)], [item("c2", 2)], {}]).run(1)
    assert store.counts() == {1: 60, 2: 60}
    evaluator_of(store, [[item("c1", 0)], [item("c2", 2)]]).run(1)
    assert store.of("c1") == {} and store.counts() == {2: 60}
    assert capsys.readouterr().out.splitlines()[-1] == "epoch 1 false positives kept: Bladder 0, Rectum 60"


def test_the_finds_of_all_processes_come_together(monkeypatch):
    mine, theirs = FalsePositives(), FalsePositives()
    for store, case in ((mine, "c1"), (theirs, "c2")):
        store.add(case, label_map(3), label_map(4), torch.ones(CHANNELS, dtype=torch.bool))
    expected = entries(mine), entries(theirs, "c2")
    monkeypatch.setattr(false_positives, "gather", lambda state: [theirs.state_dict(), state])
    mine.gather()
    assert (entries(mine), entries(mine, "c2")) == expected


def item_of_data():
    return {"case": "c1", "patient": "p1", "cohort": "", "annotated": [True, True]}


@pytest.mark.parametrize(
    "epochs, mined_share, expected", [(2, 0.1, [2, 4]), (3, 0.1, [3]), (2, 0.0, []), (None, 0.1, []), (6, 0.1, [])]
)
def test_the_search_runs_between_two_cycles_and_not_after_the_last(epochs, mined_share, expected):
    ran = []
    mine = MineFalsePositives(
        SimpleNamespace(run=ran.append), Cycles([item_of_data()], epochs, 1, mined_share=mined_share)
    )
    trainer = Engine(lambda *_: None)
    mine.attach(trainer)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda engine: ran.append(f"{engine.state.epoch} trained"))
    trainer.run([0], max_epochs=6)
    assert [epoch for epoch in ran if isinstance(epoch, int)] == expected
    assert all(ran[ran.index(epoch) - 1] == f"{epoch} trained" for epoch in expected)


def test_a_run_that_goes_on_where_a_cycle_ended_searches_first():
    ran = []
    cycles = Cycles([item_of_data()], 2, 1, mined_share=0.1)
    trainer = Engine(lambda *_: None)
    MineFalsePositives(SimpleNamespace(run=ran.append), cycles).attach(trainer)
    trainer.load_state_dict({"iteration": 4, "epoch_length": 1, "max_epochs": 6})
    trainer.run([0], max_epochs=6)
    assert ran == [4]
