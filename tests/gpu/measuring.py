"""Times and memory of a function on a GPU, and what the card can do at most."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

WARM, TIMED = 2, 5


class Measured(NamedTuple):
    """Milliseconds of one call, the median of five; GB at the peak; what the last call returned."""

    milliseconds: float
    peak: float
    value: Any


def measured(device: torch.device, run: Callable[[], Any], warm: int = WARM, timed: int = TIMED) -> Measured:
    """Run a few times to warm up, then a few times against the clock, waiting for the device after each."""
    for _ in range(warm):
        value = run()
    wait(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(timed):
        start = time.perf_counter()
        value = run()
        wait(device)
        times.append(time.perf_counter() - start)
    peak = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else float("nan")
    return Measured(1000 * sorted(times)[len(times) // 2], peak, value)


def wait(device: torch.device) -> None:
    """Until the device has done all that it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def ceilings(device: torch.device, size: int) -> tuple[float, float]:
    """Operations a second of a square bf16 product, bytes a second of a copy (read and written)."""
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    product = measured(device, lambda: a @ b)
    source = torch.zeros(size * size * 8, device=device, dtype=torch.bfloat16)
    target = torch.empty_like(source)
    copy = measured(device, lambda: target.copy_(source))
    return 2 * size**3 / product.milliseconds * 1e3, 2 * 2 * source.numel() / copy.milliseconds * 1e3


# Dense bf16 operations a second that NVIDIA gives for a card; an unknown card is measured by what it reaches.
NOMINAL = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "A800": 312e12}


def nominal_peak(card: str, reached: float) -> float:
    """Operations a second that shares of the peak are shares of."""
    return next((peak for name, peak in NOMINAL.items() if name in card), reached)


def top_kernels(device: torch.device, run: Callable[[], Any], count: int = 25) -> str:
    """Where one call spends the device's time: calls and milliseconds of its kernels, the dearest first.

    On a CPU they are operators of torch.
    """
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    on_gpu = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CPU, *[ProfilerActivity.CUDA] * on_gpu]) as found:
        run()
        wait(device)
    kind = DeviceType.CUDA if on_gpu else DeviceType.CPU
    spent = [
        ((event.self_device_time_total if on_gpu else event.self_cpu_time_total) / 1e3, event.count, event.key)
        for event in found.key_averages()
        if event.device_type == kind
    ]
    whole = sum(milliseconds for milliseconds, _, _ in spent)
    lines = [f"{milliseconds:8.2f} ms  {calls:5d} x  {name[:90]}" for milliseconds, calls, name in sorted(spent)[::-1]]
    return "\n".join([f"{whole:8.2f} ms  in {sum(calls for _, calls, _ in spent)} kernels", *lines[:count]])


def attempted(line: Callable[[], str]) -> None:
    """Print a line of a table at once, or why there is none: one that needs too much memory does not end the rest."""
    try:
        print(line(), flush=True)
    except torch.cuda.OutOfMemoryError as error:
        print(f"| out of memory: {str(error).partition('.')[0]} |", flush=True)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
