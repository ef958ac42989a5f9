"""One clip in a file to its caption; the stage does the same for many."""
