"""A node behind a proxy: the public host is accepted, others are not, and cookies are for TLS alone."""

from pathlib import Path

import httpx
import pytest

from renkei.kernel.errors import BadInput
from renkei.node import Names, NodeConfig

from .served import PASSWORD, Served


def config(public: str) -> NodeConfig:
    return NodeConfig(hq="us.usfj", names=Names("U.S. Forces Japan", "在日米軍"), public=public)


@pytest.mark.parametrize(
    ("public", "host"),
    [
        ("", ""),
        ("https://renkei.example", "renkei.example"),
        ("https://renkei.example:8443/", "renkei.example:8443"),
    ],
)
def test_the_public_host_is_taken_from_the_address(public: str, host: str) -> None:
    assert config(public).public_host == host


@pytest.mark.parametrize(
    "public", ["http://renkei.example", "renkei.example", "https://a b", "https://x/path"]
)
def test_an_address_that_is_not_https_is_refused_by_name(public: str) -> None:
    with pytest.raises(BadInput, match=r"config\.public.*expected an address such as https://"):
        _ = config(public).public_host


def test_behind_a_proxy_the_public_host_is_served_and_the_session_cookie_is_for_tls_alone(
    tmp_path: Path,
) -> None:
    served = Served(tmp_path / "data", public="https://renkei.example")
    try:
        url, body = f"{served.url}/api/v1/session", {"account": "watch", "password": PASSWORD}
        with httpx.Client(trust_env=False) as client:
            answer = client.post(url, json=body, headers={"host": "renkei.example", "x-renkei": "1"})
            assert answer.status_code == 201 and "secure" in answer.headers["set-cookie"].lower()
            assert client.get(url, headers={"host": "elsewhere.example"}).status_code == 421
    finally:
        served.close()
