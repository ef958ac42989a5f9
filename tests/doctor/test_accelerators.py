import pytest

from longtake.doctor.accelerators import Device, Torch, ask_torch, judge_accelerators, visible_gpus

CPU, CUDA = Torch("2.13.0+cpu", None), Torch("2.13.0", "13.0")


def test_the_devices_that_torch_finds_are_named_with_their_memory():
    torch = Torch("2.13.0", "13.0", (Device("NVIDIA H100", 80 << 30), Device("NVIDIA H100", 80 << 30)))
    finding = judge_accelerators(torch, ["/dev/nvidia0", "/dev/nvidia1"])
    assert finding.state == "good"
    assert finding.found == "NVIDIA H100 80 GiB, NVIDIA H100 80 GiB; torch 2.13.0 for CUDA 13.0"


@pytest.mark.parametrize(("torch", "words"), [(CPU, "CUDA build"), (CUDA, "driver for CUDA 13.0")])
def test_a_gpu_that_is_shown_and_that_torch_does_not_find_is_bad(torch, words):
    finding = judge_accelerators(torch, ["/dev/nvidia0"])
    assert finding.state == "bad"
    assert words in finding.fix


def test_torch_s_own_complaint_is_quoted():
    torch = Torch("2.13.0", "13.0", complaint="The NVIDIA driver on your system is too old")
    assert "driver on your system is too old" in judge_accelerators(torch, ["GPU-1"]).found


def test_no_gpu_is_no_problem_and_no_torch_is_nothing_to_look_at():
    assert judge_accelerators(CPU, []).state == "good"
    assert judge_accelerators(CUDA, []).state == "good"
    assert judge_accelerators(None, ["/dev/nvidia0"]).state == "skipped"


@pytest.fixture
def devices(tmp_path, monkeypatch):
    for name in ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_gpu_is_visible_by_its_device_file_or_by_its_name_in_the_environment(devices, monkeypatch):
    assert visible_gpus(devices) == []
    monkeypatch.setenv("NVIDIA_VISIBLE_DEVICES", "GPU-1,GPU-2")
    assert visible_gpus(devices) == ["GPU-1", "GPU-2"]
    for name in ("nvidia0", "nvidiactl"):
        (devices / name).touch()
    assert visible_gpus(devices) == [str(devices / "nvidia0")]


@pytest.mark.parametrize("value", ["all", "void", "none", ""])
def test_what_an_image_says_by_default_shows_no_gpu(devices, monkeypatch, value):
    monkeypatch.setenv("NVIDIA_VISIBLE_DEVICES", value)
    assert visible_gpus(devices) == []


def test_gpus_that_were_hidden_on_purpose_are_not_shown(devices, monkeypatch):
    (devices / "nvidia0").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus(devices) == []


def test_torch_is_asked_for_what_it_can_use():
    pytest.importorskip("torch", reason="the extra torch is not installed")
    torch = ask_torch()
    assert torch.version.startswith("2.13")
    assert (torch.cuda is None) is torch.version.endswith("+cpu")
