"""The tests that need a GPU: `make test-gpu`. Without one it says so and ends with status 2.

`--rehearse` runs them on the CPU: that shows that they run, and nothing about a GPU.
"""

import os
import sys
from pathlib import Path

os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # read when the first matrix product is made
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "unit")]


def main(arguments: list[str]) -> int:
    """Pytest's status, or 2 where there is no GPU."""
    import pytest
    import torch

    rehearsal = "--rehearse" in arguments
    if not rehearsal and not torch.cuda.is_available():
        build = "" if torch.version.cuda else ", which is built for CPUs alone"
        print(f"no GPU is to be seen by torch {torch.__version__}{build}: nothing was tested")
        return 2
    os.environ["DS_ACCELERATOR"] = "cpu" if rehearsal else "cuda"
    os.environ["SOFTREC_TEST_DEVICE"] = "cpu" if rehearsal else "cuda"
    print("a rehearsal on the CPU" if rehearsal else f"on one {torch.cuda.get_device_name()}", flush=True)
    others = [argument for argument in arguments if argument != "--rehearse"]
    return int(
        pytest.main([str(HERE), "--rootdir", str(HERE.parents[1]), "-p", "gpu_fixtures", "--show-capture=no", *others])
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
