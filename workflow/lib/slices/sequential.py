"""Slices of the models over item ids."""

from lib.slices.base import Base, take, text

SEQUENTIAL_SHAPE = ("dim", "blocks", "heads", "dropout")
SEQUENTIAL_FIT = ("learning_rate", "batch_size", "epochs", "patience", "metric")


class SequentialSlices(Base):
    """Training and ranking by models over item ids."""

    def fit_sequential(self, model: str, l2: str, seed: str) -> str:
        """One training run of a model over item ids."""
        own = self.config[model]
        return text(
            {
                **take(own, SEQUENTIAL_SHAPE + SEQUENTIAL_FIT),
                "length": self.config["split"]["history"],
                "model": model,
                "l2": float(l2),
                "seed": int(seed),
                "cutoffs": self.config["ranking"]["cutoffs"],
                **take(self.config["ranking"], ("mask", "tie_seed")),
            }
        )

    def rank_sequential(self, model: str) -> str:
        """Ranking by a model over item ids."""
        shape = take(self.config[model], SEQUENTIAL_SHAPE)
        ranking = take(self.config["ranking"], ("mask", "tie_seed"))
        return text({**shape, "length": self.config["split"]["history"], **ranking})
