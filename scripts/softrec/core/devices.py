"""What a run is computed on, and how data get there."""

import os

import torch


def device_name(device: torch.device) -> str:
    """What a run's minutes were spent on: the GPU's name, or "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor on a device. To a GPU it goes from pinned memory, so that Python does not wait for the GPU."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def use_deterministic_algorithms() -> None:
    """Let torch use deterministic algorithms alone: on a GPU, others add in another order each time.

    It holds for the whole process, and must be asked for before the first matrix product. An operation that has no such
    algorithm raises an error, which names it.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS would choose its workspace by what is free
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # nothing here reads memory that it has not written
