"""What a stall is. One file a detector; the folder is the registry. Pure: reads no clock, no network, no file."""
