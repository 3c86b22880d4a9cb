import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines import SupervisedTrainer
from torch.utils.data import DataLoader, Dataset

from rtcontour.errors import ConfigError
from rtcontour.training.patches.cycles import Cycles
from rtcontour.training.patches.false_positives import FalsePositives
from rtcontour.training.patches.sampler import HeldOutSampler, PatchSampler, uniform

CASES = 10
DATA = [
    {"case": f"c{n}", "patient": f"p{n}", "cohort": "", "annotated": [True, True, n < 2, False]} for n in range(CASES)
]


def cycles_of(epochs=2, folds=5):
    return Cycles(DATA, epochs, folds, seed=3)


def sampler_of(patches=40, *, cycles=None, seed=0, **more):
    return PatchSampler(DATA, cycles or cycles_of(), patches, seed=seed, **more)


def epoch_of(sampler, epoch):
    sampler.set_epoch(epoch)
    return list(sampler)


def store_of(voxels):
    """A store with so many false positives of each (case, channel); voxel n is (n, case, channel)."""
    store = FalsePositives()
    for case in {case for case, _ in voxels}:
        channels = {channel: count for (c, channel), count in voxels.items() if c == case}
        predicted = torch.zeros(1, max(channels.values()), CASES, 4, dtype=torch.uint8)
        for channel, count in channels.items():
            predicted[0, :count, case, channel] = channel
        store.add(f"c{case}", predicted, torch.zeros_like(predicted), torch.ones(4, dtype=torch.bool))
    return store


def test_a_patch_depends_on_seed_and_number_alone():
    draws = epoch_of(sampler_of(), 2)
    assert [draw.key for draw in draws] == [(0, 40 + i) for i in range(40)]
    assert epoch_of(sampler_of(), 2) == draws  # the epoch before was never drawn
    again = sampler_of()
    assert epoch_of(again, 1) != draws and epoch_of(again, 2) == draws
    other = epoch_of(sampler_of(seed=1), 2)
    assert [draw.case for draw in other] != [draw.case for draw in draws]
    halves = sampler_of(patches=20)
    assert epoch_of(halves, 3) + epoch_of(halves, 4) == epoch_of(sampler_of(cycles=cycles_of(epochs=1)), 2)


def test_random_numbers_are_those_of_their_row_wherever_one_begins():
    whole = uniform((5, 7), 0, 1000)
    assert np.array_equal(uniform((5, 7), 300, 50), whole[300:350])
    assert not np.any(uniform((6, 7), 0, 1000) == whole)
    assert whole.min() >= 0 and whole.max() < 1
    assert np.allclose(whole.mean(0), 0.5, atol=4 * math.sqrt(1 / 12 / 1000))
    assert np.allclose(np.corrcoef(whole.T) - np.eye(4), 0, atol=0.15)


def test_held_out_cases_are_never_drawn_and_all_others_alike():
    cycles = cycles_of()
    for epoch in (1, 3, 10):
        counts = Counter(draw.case for draw in epoch_of(sampler_of(8000, cycles=cycles), epoch))
        assert sorted(counts) == cycles.training(epoch)
        assert all(abs(count - 1000) < 5 * math.sqrt(1000) for count in counts.values())


def test_draws_without_false_positives_leave_the_centre_to_the_transform():
    draws = epoch_of(sampler_of(mined_share=1.0, false_positives=FalsePositives()), 1)
    assert {(draw.centre, draw.augment) for draw in draws} == {(None, True)}


def test_rarity_favours_cases_with_what_few_have_contoured():
    """Nobody is held out: structure 1 is in 10 of 10 cases and structure 2 in 2, so weights are (1 + 5) / 2 and 1."""
    counts = Counter(
        draw.case for draw in epoch_of(sampler_of(28000, cycles=cycles_of(folds=1), rarity=2.0), 1)
    )  # 9, 9 and eight times 1 of 26
    for case in range(CASES):
        expected = 28000 * (9 if case < 2 else 1) / 26
        assert abs(counts[case] - expected) < 5 * math.sqrt(expected)


def test_a_case_without_contours_is_not_drawn_where_rarity_counts():
    data = [*DATA, {"case": "bare", "patient": "bare", "cohort": "", "annotated": [True, False, False, False]}]
    cycles = Cycles(data, None, 1)
    for rarity, drawn in ((0.0, True), (0.5, False)):
        sampler = PatchSampler(data, cycles, 2000, seed=0, rarity=rarity)
        assert any(draw.case == CASES for draw in epoch_of(sampler, 1)) is drawn


def test_a_tenth_is_centred_on_false_positives_case_structure_and_voxel_alike():
    cycles = cycles_of()
    one, two, three = cycles.training(1)[:3]
    held = cycles.held_out(1)[0]
    store = store_of({(one, 1): 4, (one, 2): 40, (two, 3): 2, (held, 1): 100})
    draws = epoch_of(sampler_of(40_000, cycles=cycles, false_positives=store, mined_share=0.1), 1)
    mined = [draw for draw in draws if draw.centre is not None]
    assert abs(len(mined) - 4000) < 5 * math.sqrt(40_000 * 0.1 * 0.9)
    assert {draw.case for draw in mined} == {one, two}  # nothing is known of the third, the last one is held out
    assert all(draw.centre[1] == draw.case for draw in mined)
    structures = Counter((draw.case, draw.centre[2]) for draw in mined)
    for entry, share in {(one, 1): 1 / 4, (one, 2): 1 / 4, (two, 3): 1 / 2}.items():
        assert abs(structures[entry] - share * len(mined)) < 5 * math.sqrt(share * len(mined))
    voxels = Counter(draw.centre[0] for draw in mined if (draw.case, draw.centre[2]) == (one, 1))
    assert sorted(voxels) == [0, 1, 2, 3] and min(voxels.values()) > 150
    others = Counter(draw.case for draw in draws if draw.centre is None)
    assert sorted(others) == cycles.training(1) and others[three] > 3000
    assert all(draw.augment and type(draw.centre[0]) is int for draw in mined)


def test_patches_that_are_not_mined_stay_as_they_were():
    """What is found changes a tenth of the draws and leaves the others alone."""
    cycles = cycles_of()
    store = store_of({(cycles.training(1)[0], 1): 4})
    plain = epoch_of(sampler_of(400, cycles=cycles), 1)
    mixed = epoch_of(sampler_of(400, cycles=cycles, false_positives=store, mined_share=0.1), 1)
    changed = [a != b for a, b in zip(plain, mixed, strict=True)]
    assert [draw.centre is not None for draw in mixed] == changed and 0 < sum(changed) < 80


def test_processes_together_draw_what_one_draws():
    alone = epoch_of(sampler_of(24), 3)
    parts = [sampler_of(24, share=(rank, 3), update=6) for rank in range(3)]
    assert [len(part) for part in parts] == [8, 8, 8]
    drawn = [epoch_of(part, 3) for part in parts]
    updates = [[draw for part in drawn for draw in part[2 * u : 2 * u + 2]] for u in range(4)]
    assert list(itertools.chain(*updates)) == alone


@pytest.mark.parametrize("update", [None, 4, 5])
def test_an_update_that_does_not_divide_among_the_processes_is_refused(update):
    with pytest.raises(ConfigError, match=r"3 processes cannot share 24 patches an epoch in updates of .*the preset"):
        sampler_of(24, share=(0, 3), update=update)


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"seed": 2**32}, {"seed": 1.5}, {"mined_share": 2}, {"rarity": -1}, {"rarity": True}]
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ConfigError, match=f"^{next(iter(wrong))} is "):
        sampler_of(**wrong)


def test_a_sampler_that_nobody_tells_the_epoch_says_so():
    with pytest.raises(ConfigError, match="told no epoch; expected it among the engine's handlers"):
        iter(sampler_of())
    with pytest.raises(ConfigError, match="told no epoch; expected it among the engine's handlers"):
        next(iter(HeldOutSampler(DATA, cycles_of(), 4, seed=0)))


def test_held_out_patches_are_of_held_out_cases_evenly_plain_and_the_same_all_cycle_long():
    cycles = cycles_of(epochs=3, folds=2)
    sampler = HeldOutSampler(DATA, cycles, 12, seed=0)
    first = epoch_of(sampler, 1)
    assert len(first) == len(sampler) == 12
    assert epoch_of(sampler, 2) == epoch_of(sampler, 3) == first
    assert sorted(Counter(draw.case for draw in first).values()) == [2, 2, 2, 3, 3]
    assert {draw.case for draw in first} == set(cycles.held_out(1))
    assert {(draw.centre, draw.augment) for draw in first} == {(None, False)}
    assert len({draw.key for draw in first}) == 12
    assert {draw.case for draw in epoch_of(sampler, 4)} == set(cycles.held_out(4)) != {draw.case for draw in first}
    shares = [epoch_of(HeldOutSampler(DATA, cycles, 12, seed=0, share=(rank, 5)), 1) for rank in range(5)]
    assert sorted(itertools.chain(*shares)) == sorted(first)


def test_a_process_without_held_out_patches_would_wait_for_ever():
    with pytest.raises(ConfigError, match="2 held-out patches an epoch leave some of 3 processes none"):
        HeldOutSampler(DATA, cycles_of(), 2, seed=0, share=(0, 3))


def test_nobody_held_out_is_no_patch():
    sampler = HeldOutSampler(DATA, cycles_of(folds=1), 12, seed=0)
    assert len(sampler) == len(DataLoader(Numbers(), sampler=sampler, batch_size=4)) == 0


class Numbers(Dataset):
    """Gives the number of the patch that is asked for."""

    def __getitem__(self, draw):
        return {"number": draw.key[1], "case": draw.case}


def numbers_of_epochs(make, sampler, workers, epochs, *, begin_after=0, length=None):
    loader = DataLoader(Numbers(), sampler=sampler, batch_size=4, num_workers=workers, **length or {})
    engine, seen = make(loader), {}
    sampler.attach(engine)

    def keep(engine):
        seen.setdefault(engine.state.epoch, []).extend(engine.state.batch["number"].tolist())

    engine.add_event_handler(Events.ITERATION_COMPLETED, keep)
    if begin_after:
        engine.load_state_dict({"iteration": begin_after * 3, "epoch_length": 3, "max_epochs": epochs})
    if isinstance(engine, SupervisedTrainer):
        engine.state.max_epochs = epochs
        engine.run()
    else:
        engine.run(loader, max_epochs=epochs)
    return seen


def plain_engine(loader):
    return Engine(lambda *_: None)


def monai_trainer(loader):
    network = torch.nn.Linear(1, 1)
    return SupervisedTrainer(
        device="cpu",
        max_epochs=1,
        train_data_loader=loader,
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.1),
        loss_function=None,
        iteration_update=lambda *_: {"loss": 0.0},
        decollate=False,
    )


@pytest.mark.parametrize("make", [plain_engine, monai_trainer])
@pytest.mark.parametrize("workers", [0, 2])
def test_ignite_gets_the_patches_of_the_right_epoch_from_the_start_and_resumed(make, workers):
    epochs = {epoch: list(range(12 * (epoch - 1), 12 * epoch)) for epoch in range(1, 5)}
    assert numbers_of_epochs(make, sampler_of(12), workers, 3) == {e: epochs[e] for e in (1, 2, 3)}
    resumed = numbers_of_epochs(make, sampler_of(12), workers, 4, begin_after=2)
    assert resumed == {e: epochs[e] for e in (3, 4)}


def test_workers_that_stay_get_the_patches_of_the_right_epoch():
    seen = numbers_of_epochs(plain_engine, sampler_of(12), 2, 3, length={"persistent_workers": True})
    assert seen == {epoch: list(range(12 * (epoch - 1), 12 * epoch)) for epoch in (1, 2, 3)}
