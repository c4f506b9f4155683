"""Tests of the demo S3 service."""
