import pytest
import torch

from rtcontour.networks import RecomiaFCN, build_network, merged_background_nll


@pytest.mark.parametrize(("size", "parameters"), [("cpu", 658_878), ("gpu", 2_104_170), ("paper", 4_624_886)])
def test_the_sizes_have_the_parameters_of_the_reconstruction(size, parameters):
    assert sum(p.numel() for p in RecomiaFCN(1, 6, size).parameters()) == parameters


def test_each_further_class_adds_only_a_row_of_the_head():
    count = [sum(p.numel() for p in RecomiaFCN(1, classes).parameters()) for classes in (6, 7)]
    assert count[1] - count[0] == 8 + 1


@pytest.mark.parametrize("shape", [(136, 136, 72), (37, 41, 19), (8, 8, 4), (5, 3, 1)])
def test_logits_have_the_size_of_the_image(shape):
    network = RecomiaFCN(1, 4).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, *shape)).shape == (1, 4, *shape)


def test_a_patch_does_not_depend_on_its_batch():
    network = RecomiaFCN(1, 3).eval()
    patches = torch.randn(3, 1, 24, 16, 8)
    with torch.inference_mode():
        together, alone = network(patches), torch.cat([network(p[None]) for p in patches])
    assert torch.allclose(together, alone, atol=1e-4)


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(torch.cat([p.flatten() for p in RecomiaFCN().parameters()]))
    assert torch.equal(*weights)


def test_it_learns_one_fixed_patch():
    torch.manual_seed(0)
    image = torch.full((1, 1, 32, 24, 16), -1.0)
    image[:, :, 8:20, 6:18, 4:12] = 0.1
    target = (image > 0).long()
    annotated = torch.ones(1, 2, dtype=torch.bool)
    network = RecomiaFCN(1, 2)
    optimizer = torch.optim.NAdam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        loss = merged_background_nll(network(image), target, annotated)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_it_scripts_and_runs_under_autocast():
    network = RecomiaFCN(1, 3).eval()
    image = torch.randn(1, 1, 16, 24, 8)
    with torch.inference_mode():
        assert torch.allclose(torch.jit.script(network)(image), network(image), atol=1e-4)
        with torch.autocast("cpu", torch.bfloat16):
            assert network(image).shape == (1, 3, 16, 24, 8)


def test_a_network_is_built_again_from_its_own_arguments():
    network = RecomiaFCN(1, 5, "gpu")
    again = build_network("RecomiaFCN", network.arguments)
    again.load_state_dict(network.state_dict())
