"""What the graph consists of: rows, cells, files, settings by search, and the code behind each job."""
