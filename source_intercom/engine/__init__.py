"""The one place that touches the concurrent CDK and its threads."""
