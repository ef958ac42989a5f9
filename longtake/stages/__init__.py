"""One file a step: read tables, call a concept, write tables.

Each has `run(...)`, which tests, Kubeflow components and `longtake step NAME` call alike.
"""
