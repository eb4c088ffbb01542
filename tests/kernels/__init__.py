"""Tests in real kernels, without a browser."""
