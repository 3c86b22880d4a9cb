import pytest
import torch
from ignite.engine import Engine
from monai.engines.utils import IterationEvents
from monai.inferers import SimpleInferer

from rtcontour.errors import ConfigError
from rtcontour.networks import RecomiaFCN, merged_background_nll
from rtcontour.training import NetworkLosses, TrainingStep, ValidationStep, autocast_dtype

SHAPE = (16, 8, 8)
CLASSES = 4


def network():
    torch.manual_seed(3)
    return RecomiaFCN(classes=CLASSES)


def batch_of(patches):
    """Patches of which one is half padding, one has no voxel at all, and one lacks a structure."""
    generator = torch.Generator().manual_seed(5)
    weight = torch.ones(patches, 1, *SHAPE, dtype=torch.uint8)
    weight[1, :, 8:], weight[2] = 0, 0
    annotated = torch.ones(patches, CLASSES, dtype=torch.bool)
    annotated[0, 2] = False
    return {
        "image": torch.rand(patches, 1, *SHAPE, generator=generator) * 2 - 1,
        "label": torch.randint(0, CLASSES, (patches, 1, *SHAPE), generator=generator, dtype=torch.uint8),
        "weight": weight,
        "annotated": annotated,
    }


def engine_around(net, step, optimizer=None):
    engine = Engine(step)
    engine.register_events(*IterationEvents)
    engine.network, engine.inferer = net, SimpleInferer()
    engine.optimizer = optimizer or torch.optim.SGD(net.parameters(), lr=0.0)
    engine.state.device = torch.device("cpu")
    return engine


def gradients(micro_batch, batch):
    net = network()
    step = TrainingStep(merged_background_nll, micro_batch)
    loss = step(engine_around(net, step), batch)["loss"]
    return loss, [parameter.grad for parameter in net.parameters()]


@pytest.mark.parametrize("micro_batch", [1, 2, 3])
def test_micro_batches_give_the_gradient_of_the_batch_at_once(micro_batch):
    batch = batch_of(4)
    loss, expected = gradients(4, batch)
    small_loss, found = gradients(micro_batch, batch)
    assert small_loss == pytest.approx(loss, rel=1e-6)
    largest = max(float(gradient.abs().max()) for gradient in expected)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-6 * largest)


def test_the_loss_is_the_weighted_mean_over_all_voxels_of_the_batch():
    batch = batch_of(4)
    net = network().train()
    logits = net(batch["image"])
    expected = merged_background_nll(logits, batch["label"], batch["annotated"], weight=batch["weight"])
    padded = batch["weight"].float().mean()
    assert gradients(1, batch)[0] == pytest.approx(float((expected * padded).detach()), rel=1e-5)


def test_the_gradient_is_not_carried_into_the_next_iteration():
    batch = batch_of(4)
    net = network()
    step = TrainingStep(merged_background_nll, 2)
    engine = engine_around(net, step)  # its learning rate is 0: both iterations see the same weights
    step(engine, batch)
    first = [parameter.grad.clone() for parameter in net.parameters()]
    step(engine, batch)
    assert all(torch.equal(p.grad, g) for p, g in zip(net.parameters(), first, strict=True))


def test_the_weights_follow_the_optimiser_and_the_events_come_in_order():
    net = network()
    before = [parameter.detach().clone() for parameter in net.parameters()]
    step = TrainingStep(merged_background_nll, 2)
    engine = engine_around(net, step, torch.optim.SGD(net.parameters(), lr=0.1))
    heard = []
    for event in (IterationEvents.BACKWARD_COMPLETED, IterationEvents.MODEL_COMPLETED):
        engine.add_event_handler(event, lambda _, name=event.name: heard.append(name))
    step(engine, batch_of(4))
    assert heard == ["BACKWARD_COMPLETED", "MODEL_COMPLETED"]
    for parameter, old in zip(net.parameters(), before, strict=True):
        assert torch.allclose(parameter, old - 0.1 * parameter.grad)


def test_bfloat16_stays_near_float32():
    batch = batch_of(4)
    net = network()
    step = TrainingStep(merged_background_nll, 2, torch.bfloat16)
    assert step(engine_around(net, step), batch)["loss"] == pytest.approx(gradients(2, batch)[0], rel=0.05)


def test_a_word_is_no_device():
    assert autocast_dtype(torch.device("cpu")) in (None, torch.bfloat16)
    with pytest.raises(ConfigError, match="device is 'cpu'; write it as"):
        autocast_dtype("cpu")


def test_validation_adds_logits_to_the_batch_and_leaves_the_weights():
    net = network().train()
    step = ValidationStep()
    batch = {**batch_of(3), "case": ["c1"]}
    engine = engine_around(net, step)
    out = step(engine, batch)
    assert not net.training and out["case"] == ["c1"] and not out["pred"].requires_grad
    with torch.no_grad():
        assert torch.equal(out["pred"], net(batch["image"]))
    assert engine.state.output is out and "pred" not in batch


class SelfJudging(torch.nn.Module):
    """Two losses of the image and the truth, the mean over the cases."""

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, image, target=None, annotated=None):
        square = (self.factor * image - target).square().flatten(1).mean(1)
        return {"square": square.mean(), "share": self.factor * annotated.float().mean()}


@pytest.mark.parametrize("micro_batch", [1, 2, 4])
def test_a_network_that_judges_itself_is_summed_by_name(micro_batch):
    batch, net = batch_of(4), SelfJudging()
    expected = net(batch["image"], target=batch["label"], annotated=batch["annotated"])
    step = TrainingStep(NetworkLosses({"share": 0.5}), micro_batch)
    output = step(engine_around(net, step), batch)
    assert output["parts"] == pytest.approx({name: float(loss.detach()) for name, loss in expected.items()}, rel=1e-5)
    assert output["loss"] == pytest.approx(output["parts"]["square"] + 0.5 * output["parts"]["share"], rel=1e-5)
    found = net.factor.grad.clone()
    net.factor.grad = None
    (expected["square"] + 0.5 * expected["share"]).backward()
    assert float(found) == pytest.approx(float(net.factor.grad), rel=1e-5)


def test_a_loss_that_is_not_a_number_ends_the_training_before_the_weights_change():
    net, step = network(), TrainingStep(merged_background_nll, 2)
    net.head.bias.data[1] = torch.nan
    before = [parameter.nan_to_num(7) for parameter in net.parameters()]
    engine = engine_around(net, step, torch.optim.Adam(net.parameters()))
    with pytest.raises(ConfigError, match=r"^the loss is nan in epoch 0, iteration 0: .*lower the optimizer's lr"):
        step(engine, batch_of(4))
    assert all(torch.equal(a, b.nan_to_num(7)) for a, b in zip(before, net.parameters(), strict=True))
