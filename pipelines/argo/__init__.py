"""Pipelines for Argo Workflows without Kubeflow: `workflows` has their structure, `dressing` puts the values on it."""
