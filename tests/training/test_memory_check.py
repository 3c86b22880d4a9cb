import pytest
import torch

from rtcontour.errors import ConfigError
from rtcontour.networks import RecomiaFCN, merged_background_nll
from rtcontour.training import Batching, memory_check
from rtcontour.training.memory_check import check_memory, free_memory
from rtcontour.training.memory_need import MemoryNeed, memory_need

CPU = torch.device("cpu")
GIB = 2**30


def need_of(patch, dtype=None, size="cpu"):
    torch.manual_seed(0)
    return memory_need(RecomiaFCN(classes=3, size=size), merged_background_nll, patch, dtype, CPU)


def test_memory_grows_with_the_voxels_and_not_with_their_place():
    small, large = need_of((48, 40, 24)), need_of((96, 40, 48))
    assert large.a_patch == pytest.approx(4 * small.a_patch, rel=1e-6)
    assert large.fixed == small.fixed == 4 * 4 * sum(p.numel() for p in RecomiaFCN(classes=3).parameters())
    assert need_of((40, 24, 48)).a_patch == small.a_patch


def test_half_the_bits_need_less_and_a_wider_network_needs_more():
    patch = (48, 40, 24)
    assert need_of(patch, torch.bfloat16).a_patch < 0.75 * need_of(patch).a_patch
    assert need_of(patch, size="gpu").a_patch > 1.15 * need_of(patch).a_patch


def test_the_kept_tensors_of_one_convolution_are_counted_on_paper():
    network = torch.nn.Conv3d(1, 3, 1)
    network.arguments = {"in_channels": 1, "classes": 3}

    def loss(logits, label, annotated, weight, normalizer):
        return logits.square().sum() / normalizer

    need = memory_need(network, loss, (10, 10, 10), None, CPU)
    kept = 4 + 3 * 4 + 1 + 1  # image, logits that the square keeps, label, weight
    working = 8 * 3 * 4 + 32 * 4  # eight copies of the logits, 32 channels
    assert need.a_patch == 1000 * (kept + working)
    assert need.fixed == 4 * 4 * (3 + 3)


def test_nothing_is_trained_or_drawn_by_the_estimate():
    network = RecomiaFCN(classes=3)
    before = [p.clone() for p in network.parameters()]
    state = torch.get_rng_state()
    memory_need(network, merged_background_nll, (32, 32, 16), torch.bfloat16, CPU)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(*pair) and pair[0].grad is None for pair in zip(network.parameters(), before, strict=True))


def test_the_patches_that_fit():
    need = MemoryNeed(100, 30)
    assert [need.patches_in(free) for free in (0, 129, 130, 189, 190)] == [0, 0, 1, 2, 3]


@pytest.fixture
def check(monkeypatch):
    def run(free, batch):
        monkeypatch.setattr(memory_check, "memory_need", lambda *_: MemoryNeed(GIB, 2 * GIB))
        monkeypatch.setattr(memory_check, "free_memory", lambda _: free)
        return check_memory(None, None, [8, 8, 8], Batching(4 * batch, batch, 1), None, CPU)

    return run


def test_a_preset_that_fits_is_told(check, capsys):
    check(int(11 * GIB), 5)
    assert capsys.readouterr().out == "memory: 5 patches at a time need about 11.0 GiB on cpu; free: 11.0 GiB\n"
    check(None, 1)
    assert capsys.readouterr().out == "memory: 1 patch needs about 3.0 GiB on cpu; free: unknown\n"
    check(None, 500)
    assert "free: unknown" in capsys.readouterr().out


def test_a_preset_that_does_not_fit_is_refused_with_the_batch_that_would(check):
    with pytest.raises(ConfigError, match=r"batch is 5: .* about 11\.0 GiB .* 8\.0 GiB are free on cpu; take batch 3 "):
        check(8 * GIB, 5)
    with pytest.raises(ConfigError, match=r"take a smaller preset::size or recipe::patch"):
        check(2 * GIB, 1)


@pytest.mark.parametrize(
    ("dtype", "device", "said"),
    [("bfloat16", CPU, "autocast is 'bfloat16'; write it as"), (None, "cpu", "device is 'cpu'")],
)
def test_a_word_for_a_type_or_a_device_is_refused(dtype, device, said):
    with pytest.raises(ConfigError, match=said):
        check_memory(None, None, [8, 8, 8], Batching(1, 1, 1), dtype, device)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with 8 GiB available, and the files of a control group."""
    (tmp_path / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable:  {8 * GIB // 1024} kB\n")
    monkeypatch.setattr(memory_check, "MEMINFO", tmp_path / "meminfo")
    files = {tmp_path / "2": memory_check.CGROUP_FILES[memory_check.CGROUP_2]}
    files[tmp_path / "1"] = memory_check.CGROUP_FILES[memory_check.CGROUP_1]
    monkeypatch.setattr(memory_check, "CGROUP_FILES", files)

    def group(version, **contents):
        (tmp_path / version).mkdir()
        for name, content in contents.items():
            (tmp_path / version / name.replace("__", ".")).write_text(content)

    return group


def test_without_a_limit_the_available_memory_is_free(machine):
    assert free_memory(CPU) == 8 * GIB
    machine("2", memory__max="max\n", memory__current=f"{GIB}\n")
    assert free_memory(CPU) == 8 * GIB


def test_a_container_has_what_its_limit_leaves(machine):
    stat = f"anon 5\ninactive_file {GIB}\nactive_file 7\n"
    machine("2", memory__max=f"{4 * GIB}\n", memory__current=f"{2 * GIB}\n", memory__stat=stat)
    assert free_memory(CPU) == 3 * GIB  # files that were read once can be dropped


def test_a_container_of_the_older_kind(machine):
    machine("1", memory__limit_in_bytes=f"{4 * GIB}\n", memory__usage_in_bytes=f"{GIB}\n")
    assert free_memory(CPU) == 3 * GIB


def test_a_system_that_does_not_say(monkeypatch, tmp_path):
    monkeypatch.setattr(memory_check, "MEMINFO", tmp_path / "none")
    monkeypatch.setattr(memory_check, "CGROUP_FILES", {})
    assert free_memory(CPU) is None


def test_workers_that_hand_over_more_than_fits_are_refused(monkeypatch, tmp_path):
    free = 100 * 2**20
    monkeypatch.setattr(memory_check, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(memory_check.shutil, "disk_usage", lambda path: type("usage", (), {"free": free}))
    arguments = (RecomiaFCN(classes=3), merged_background_nll, (32, 32, 16))
    a_worker = 2 * 200 * 32 * 32 * 16 * 6  # two updates of 200 patches, six bytes a voxel
    fitting = free // a_worker
    check_memory(*arguments, Batching(200, 1, 1), None, CPU, fitting)
    with pytest.raises(ConfigError, match="preset::workers"):
        check_memory(*arguments, Batching(200, 1, 1), None, CPU, fitting + 1)


def test_processes_of_a_machine_share_its_memory(monkeypatch):
    alone = free_memory(CPU)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert free_memory(CPU) == pytest.approx(alone / 4, rel=0.05)
