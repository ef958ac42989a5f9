"""What S3 is asked with, whoever answers."""

import pytest

from longtake.lake import open_store


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_REGION": "eu-central-1"}, "eu-central-1"),
        ({"AWS_DEFAULT_REGION": "eu-central-1"}, "eu-central-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-central-1"}, "eu-central-1"),
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-central-1"}, "eu-north-1"),
    ],
)
def test_the_region_is_the_one_that_the_sdks_of_all_languages_read(monkeypatch, given, region):
    for name, value in {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", **given}.items():
        monkeypatch.setenv(name, value)
    assert open_store("s3://bucket/prefix").table_options()["aws_region"] == region
