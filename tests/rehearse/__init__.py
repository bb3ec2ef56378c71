"""`make rehearse`: the paper's grid at its true sizes, on made-up data, without a GPU."""
