"""What a cluster decides: the values of the chart, the pod of a step, and what of the chart is written from them."""
