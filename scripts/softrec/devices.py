"""What a run is computed on."""

import torch


def device_name(device: torch.device) -> str:
    """What a run's minutes were spent on: the GPU's name, or "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
