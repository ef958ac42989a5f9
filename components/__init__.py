"""What Kubeflow sees of each step: typed parameters and artifacts, and one call into `longtake.stages`."""
