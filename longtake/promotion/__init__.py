"""Which trained model is in use: a log of decisions for each family of models, and the rule that makes one."""
