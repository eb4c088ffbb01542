"""Past one machine: executors of processes, clusters and batches."""
