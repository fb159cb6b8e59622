"""An S3-compatible server on this machine, and storages on both kinds of place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from campaign.core.sealing import Keyring
from campaign.core.settings import Settings, load_settings
from campaign.storage import Storage


@dataclass(frozen=True)
class Bucket:
    """A bucket of the server, and the settings that lead there."""

    endpoint: str
    name: str

    def settings(self, instance: Path, **others: object) -> Settings:
        return load_settings(
            instance=instance,
            files=f"s3://{self.name}/of/us",
            s3_endpoint=self.endpoint,
            s3_key_id="test",
            s3_secret="test",
            **others,
        )


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str) -> Bucket:
    new_bucket = Bucket(s3_server, f"b-{uuid4().hex[:12]}")
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=new_bucket.name)
    client.close()
    return new_bucket


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A storage; every test here runs on both kinds."""
    instance = tmp_path / "instance"
    if request.param == "s3":
        settings = request.getfixturevalue("bucket").settings(instance)
    else:
        settings = load_settings(instance=instance)
    return Storage.of(settings, Keyring(b"k" * 32))
