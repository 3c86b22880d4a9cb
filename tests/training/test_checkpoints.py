from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine, Events

from rtcontour.errors import CheckpointError
from rtcontour.networks import RecomiaFCN
from rtcontour.training import KEY, ModelDescription, SaveBest, SaveLast, resume, save_checkpoint, start_from

CPU = torch.device("cpu")


def described(size="cpu", structures=("Bladder", "Rectum"), **changes):
    torch.manual_seed(0)
    network = RecomiaFCN(classes=1 + len(structures), size=size)
    said = {"recipe": "tiny", "window_hu": (-800, 800), "spacing_mm": None, "patch": (8, 8, 8), "tile": (8, 8, 8)}
    description = ModelDescription.of(network, structures=structures, postprocessing=None, **{**said, **changes})
    return {"model": network, KEY: description}


class Breaks:
    """Something whose state is lost half-way through writing, as by a full disk or a kill."""

    def state_dict(self):
        raise KeyboardInterrupt


def test_a_killed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "last.pt"
    save_checkpoint(path, described())
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {**described(), "breaks": Breaks()})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def validate(best, score):
    engine = Engine(lambda *_: None)
    engine.state.metrics = {"mean_dice": score}
    best(engine)


def test_only_a_better_validation_is_kept(tmp_path):
    step = SimpleNamespace(number=0, state_dict=lambda: {"number": step.number})
    best = SaveBest(tmp_path / "model.pt", {"step": step}, "mean_dice")
    kept = []
    for step.number, score in enumerate([0.1, 0.3, 0.2, 0.3, 0.4]):
        validate(best, score)
        kept.append(torch.load(tmp_path / "model.pt")["step"]["number"])
    assert kept == [0, 1, 1, 1, 4]


def train(folder, epochs, scores, *, again=False):
    """A trainer of three iterations an epoch, validated after each; gives its epochs and the best score."""
    objects = described()
    best = SaveBest(folder / "model.pt", {"model": objects["model"]}, "mean_dice")
    resumable = {**objects, "best": best}
    ran = []
    trainer = Engine(lambda *_: None)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda engine: ran.append(engine.state.epoch))
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda engine: validate(best, scores[engine.state.epoch - 1]))
    SaveLast(folder / "last.pt", resumable).attach(trainer)
    trainer.state.max_epochs = epochs
    if again:
        resume(folder / "last.pt", trainer, resumable, CPU)
    trainer.run([0, 1, 2], max_epochs=epochs)
    return ran, best.best


def test_a_resumed_run_goes_on_with_the_next_epoch_and_remembers_the_best(tmp_path):
    assert train(tmp_path, 2, [0.5, 0.4]) == ([1, 2], 0.5)
    written = (tmp_path / "model.pt").stat().st_mtime_ns
    assert train(tmp_path, 4, [0, 0, 0.3, 0.45], again=True) == ([3, 4], 0.5)
    assert (tmp_path / "model.pt").stat().st_mtime_ns == written
    assert train(tmp_path, 5, [0, 0, 0, 0, 0.6], again=True) == ([5], 0.6)


def test_the_weights_come_back(tmp_path):
    objects = described()
    with torch.no_grad():
        for parameter in objects["model"].parameters():
            parameter.fill_(0.25)
    trainer = Engine(lambda *_: None)
    trainer.state.max_epochs = 1
    SaveLast(tmp_path / "last.pt", objects).attach(trainer)
    trainer.run([0], max_epochs=1)
    fresh, later = described(), Engine(lambda *_: None)
    later.state.max_epochs = 2
    resume(tmp_path / "last.pt", later, fresh, CPU)
    assert all(torch.all(parameter == 0.25) for parameter in fresh["model"].parameters())


def test_a_finished_run_is_not_resumed(tmp_path):
    train(tmp_path, 2, [0.5, 0.4])
    with pytest.raises(CheckpointError, match=r"last\.pt: .*2 epochs"):
        train(tmp_path, 2, [0, 0], again=True)


def test_nothing_to_resume_is_one_line(tmp_path):
    with pytest.raises(CheckpointError, match=r"last\.pt: no run to resume"):
        resume(tmp_path / "last.pt", never_run(), described(), CPU)


def never_run(max_epochs=2):
    trainer = Engine(lambda *_: None)
    trainer.state.max_epochs, trainer.state.epoch_length = max_epochs, 3
    return trainer


@pytest.mark.parametrize("other", [{"size": "gpu"}, {"structures": ("Bladder", "CTVn")}, {"structures": ("Bladder",)}])
def test_a_run_of_another_network_or_recipe_is_not_resumed(tmp_path, other):
    path = tmp_path / "last.pt"
    save_checkpoint(path, {**described(**other), "trainer": never_run()})
    with pytest.raises(CheckpointError, match=r"last\.pt: .* this recipe wants"):
        resume(path, never_run(), described(), CPU)


@pytest.mark.parametrize(
    ("other", "starts"),
    [
        ({"window_hu": (-160, 240)}, False),
        ({"spacing_mm": (2, 2, 2)}, False),
        ({"spacing_mm": (None, None, 3)}, False),
        ({"patch": (16, 8, 8)}, True),
        ({"tile": None}, True),
        ({"recipe": "other"}, True),
    ],
)
def test_a_run_that_saw_other_scans_is_not_resumed_and_its_weights_may_be_no_start(tmp_path, other, starts):
    path = tmp_path / "last.pt"
    save_checkpoint(path, {**described(**other), "trainer": never_run()})
    ours = described()
    with pytest.raises(CheckpointError, match=rf"last\.pt: .* has {next(iter(other))} .*, this recipe wants"):
        resume(path, never_run(), ours, CPU)
    if starts:
        start_from(path, ours["model"], ours[KEY])
        return
    with pytest.raises(CheckpointError, match=rf"last\.pt: .* has {next(iter(other))} .*, this recipe wants"):
        start_from(path, ours["model"], ours[KEY])


def test_a_run_with_other_epochs_is_not_resumed(tmp_path):
    path = tmp_path / "last.pt"
    run = never_run()
    run.state.epoch_length = 7
    save_checkpoint(path, {**described(), "trainer": run})
    with pytest.raises(CheckpointError, match=r"last\.pt: has 7 updates an epoch, this preset wants 3"):
        resume(path, never_run(), described(), CPU)


@pytest.mark.parametrize("content", [b"not a checkpoint", b""])
def test_a_broken_file_is_not_resumed(tmp_path, content):
    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"last\.pt"):
        resume(tmp_path / "last.pt", never_run(), described(), CPU)


def test_a_model_without_its_run_is_not_resumed(tmp_path):
    save_checkpoint(tmp_path / "model.pt", described())
    with pytest.raises(CheckpointError, match=r"model\.pt"):
        resume(tmp_path / "model.pt", never_run(), described(), CPU)
