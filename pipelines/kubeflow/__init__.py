"""Pipelines in Kubeflow: steps placed on pods, uploads, runs, schedules. `api` is the connection; the rest says what is wanted."""
