"""The contents of the job graph: rows, cells, files, hyperparameter searches, and the code behind each job."""
