"""Pipelines: steps put together for Kubeflow. `compiled/` holds what the KFP UI takes."""
