"""Devices: their names, transfers to them, deterministic algorithms, and arithmetic of subnormal numbers."""

import os
import sys

import torch

from softrec.core import garbage


def device_name(device: torch.device) -> str:
    """Return the name of the GPU, or "CPU", as recorded beside runtimes."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Move a tensor to a device; to a GPU from pinned memory and asynchronously, so that Python does not wait."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def use_deterministic_algorithms() -> None:
    """Make torch use only deterministic algorithms: on a GPU, the order of sums in others varies between runs.

    This holds for the whole process and must be called before the first matrix product. An operation without a
    deterministic algorithm raises an error that names it.
    """
    # Otherwise cuBLAS chooses its workspace by what is free.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if "torch._inductor.config" in sys.modules:
        torch.use_deterministic_algorithms(True)
    else:  # the same without importing Inductor, which takes a second; it reads this variable when it is imported
        os.environ["TORCHINDUCTOR_DETERMINISTIC"] = "1"
        torch.set_deterministic_debug_mode("error")
    # No code here reads uninitialised memory, so filling it would only take time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def prepare_training(device: torch.device) -> None:
    """Make training on a CPU reproducible, and keep it fast; a GPU keeps its settings.

    This holds for the whole process.

    - Gradients of repeated indices are summed in a fixed order. With several threads, torch's default is atomic
      addition, whose order and rounding differ from run to run. On a GPU this is `engine.deterministic`.
    - Subnormal numbers, below 1.2e-38 in float32, become zero. With weight decay, the weights of rare items and their
      moments decay to such numbers, and a CPU multiplies them many times slower: SASRec with L2 1e-3 took four times as
      long per epoch after ten epochs. A GPU computes them at full speed.
    """
    garbage.collect_as_usual()
    if device.type == "cpu":
        use_deterministic_algorithms()
        torch.set_flush_denormal(True)
