"""Where the tasks of a run are done: on this machine, on a Slurm cluster, or on a Ray cluster, behind one interface."""
