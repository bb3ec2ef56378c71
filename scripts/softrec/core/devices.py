"""Devices: their names, transfers to them, and deterministic algorithms."""

import os

import torch


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
    torch.use_deterministic_algorithms(True)
    # No code here reads uninitialised memory, so filling it would only take time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
