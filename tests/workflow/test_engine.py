"""How tuning jobs are started, what they ask for, and when a batch does not come out even."""

from typing import Any

import pytest

from lib.graph.engine import Engine, shape_problems

SECTION = {
    "kind": "deepspeed",
    "ranks": 4,
    "nodes": 1,
    "gpus": None,
    "threads": 8,
    "zero_stage": 2,
    "checkpoint_minutes": 10,
    "gradient_checkpointing": False,
    "deterministic": False,
}


def test_one_rank_needs_no_launcher() -> None:
    """Python itself, in the shell's place, so that signals reach it."""
    engine = Engine({**SECTION, "ranks": 1})
    assert (engine.launch, engine.resources) == ("exec python", {"gpu": 1})


def test_four_ranks_are_four_gpus() -> None:
    """Unless the configuration says another number, as where four are asked for and two ranks run."""
    assert Engine(SECTION).launch == "exec python scripts/launch_ranks.py --ranks 4 --nodes 1 --threads 8"
    assert Engine(SECTION).resources == {"gpu": 4}
    assert Engine({**SECTION, "ranks": 2, "gpus": 4}).resources == {"gpu": 4}


def test_scripts_may_be_elsewhere() -> None:
    """The launcher is started from there; commands of rules read the folder from their environment."""
    engine = Engine(SECTION, "../softrec/scripts")
    assert engine.launch.startswith("exec python ../softrec/scripts/launch_ranks.py --ranks 4")
    assert engine.environment["SOFTREC_SCRIPTS"] == "../softrec/scripts"


def test_two_nodes_are_one_launcher_each() -> None:
    """`tasks_per_gpu: 0` keeps the Slurm plugin from asking for tasks per GPU as well, which sbatch refuses."""
    engine = Engine({**SECTION, "ranks": 8, "nodes": 2})
    assert engine.resources == {"gpu": 8, "mpi": "srun", "nodes": 2, "tasks": 2, "tasks_per_gpu": 0}
    assert engine.launch.startswith("exec srun --nodes=2 --ntasks=2 --ntasks-per-node=1 ")
    assert engine.launch.endswith("launch_ranks.py --ranks 8 --nodes 2 --threads 8")


def test_a_script_is_told_nothing_about_the_cluster() -> None:
    """Nodes, GPUs and threads are the launcher's; what is told is what `EngineSettings` reads."""
    assert '"ranks": 4' in Engine(SECTION).settings
    assert Engine(SECTION).environment["SOFTREC_ENGINE"] == Engine(SECTION).settings
    assert not {"nodes", "gpus", "threads"} & set(Engine(SECTION).settings.replace('"', " ").split())


def config(batch: int, micro: int, **engine: Any) -> dict[str, Any]:
    """A data set with a global batch."""
    return {
        "engine": {**SECTION, **engine},
        "tuning": {"micro_batch_size": micro},
        "datasets": {"game": {"global_batch_size": batch}},
    }


@pytest.mark.parametrize(("batch", "micro", "ranks"), [(256, 8, 4), (128, 8, 4), (16, 16, 1), (10, 4, 1), (8, 4, 2)])
def test_batches_that_come_out_even(batch: int, micro: int, ranks: int) -> None:
    """Ranks x micro x accumulation is the batch; one rank may end with a smaller micro batch."""
    assert shape_problems(config(batch, micro, ranks=ranks)) == []


def test_a_batch_that_does_not_is_told_with_a_size_that_does() -> None:
    """16 on 4 ranks is 4 rows a rank: micro batches of 8 do not divide that, 4 do, in one step.

    24 is 6 a rank: of sizes up to 4 the largest that divides is 3, in two steps.
    """
    [sentence] = shape_problems(config(16, 8))
    assert "datasets.game.global_batch_size is 16" in sentence
    assert "4 x 8" in sentence
    assert sentence.endswith("set tuning.micro_batch_size to 4, which gives 1 accumulation step(s).")
    assert "micro_batch_size to 3, which gives 2" in shape_problems(config(24, 4))[0]


def test_ranks_that_cannot_share() -> None:
    """10 rows on 4 ranks; 6 ranks on 4 nodes."""
    assert "let the number of ranks divide the batch" in shape_problems(config(10, 1))[0]
    assert "engine.ranks is 6, which 4 nodes" in shape_problems(config(12, 1, ranks=6, nodes=4))[0]
    assert "engine.gpus is 6, which 4 nodes" in shape_problems(config(8, 1, nodes=4, gpus=6))[0]
