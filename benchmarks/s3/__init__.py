"""Benchmarks of the S3 layer beside its peers; `python -m benchmarks.s3` runs them, one module here is one subject."""
