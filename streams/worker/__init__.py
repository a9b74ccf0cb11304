"""What hosts the pure functions: a Faust app, its partitions, and what ends it in time."""
