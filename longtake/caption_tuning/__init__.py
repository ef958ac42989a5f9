"""Fine-tuning of a captioner on seed captions: adapters for a vision-language model (Koala-36M section B).

`seeds` captions to learn from, `seed_files` where they are read, `lessons` what is learned of each, `frames` what is shown, `batches` in
which order, `adapter` what of the model learns, `training` the loop, `judging` what it is worth on captions that it has not seen,
`tuning` all of it.
"""
