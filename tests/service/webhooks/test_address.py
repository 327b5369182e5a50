import ipaddress
import socket
from typing import Any

import pytest

from service.webhooks.address import AddressRefused, Target, parse, require_public, resolve

PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "0.0.0.0",  # noqa: S104 - refused
    "0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "2852039166",
    "168.63.129.16",
    "100.100.100.200",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "metadata.google.internal",
    "printer.local",
    "intranet",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::10.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[ff02::1]",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_hosts_that_are_not_public_are_refused_in_every_spelling(host: str) -> None:
    for url in (f"https://{host}/", f"https://{host}:443/hook", f"HTTPS://{host}"):
        with pytest.raises(AddressRefused):
            parse(url, ())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "example.org",
        "https://",
        "https:///hook",
        "https://user:secret@example.org/",
        "https://example.org@127.0.0.1/",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:80x/",
        "https://exa mple.org/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/\r\nX: y",
        "https://[::1",
        "https://①②⑦.0.0.1/",
        "https://ⓔxample.org/",
        "https://example.org/" + "a" * 2_000,
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse(url, ())


def test_public_addresses_are_taken() -> None:
    assert parse("https://Hooks.Example.org./a/b?c=d", ()) == Target(True, "hooks.example.org", 443, "/a/b?c=d")
    assert parse("https://93.184.215.14:8443", ()) == Target(True, "93.184.215.14", 8443, "/")
    assert parse("https://[2606:2800:21f::1]/", ()).authority == "[2606:2800:21f::1]"
    assert parse("https://example.org:8443/", ()).authority == "example.org:8443"
    assert parse("https://example.org/", ()).authority == "example.org"


def test_hosts_that_the_operator_trusts_may_be_private_and_without_tls() -> None:
    assert parse("http://127.0.0.1:9000/", ("127.0.0.1:9000",)) == Target(False, "127.0.0.1", 9000, "/")
    assert parse("https://intranet/", ("intranet",)).host == "intranet"
    assert parse("http://[::1]:81/", ("[::1]:81",)).authority == "[::1]:81"
    for url in ("http://127.0.0.1:9001/", "http://127.0.0.2:9000/", "ftp://127.0.0.1:9000/"):
        with pytest.raises(AddressRefused):
            parse(url, ("127.0.0.1:9000",))


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let every name stand for the next of these lists of addresses; returns what was asked."""
    asked: list[str] = []

    def answer(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in answers[min(len(asked), len(answers)) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def test_a_name_is_resolved_once_and_all_of_its_addresses_must_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    target = parse("https://example.org/", ())
    asked = names(monkeypatch, ["93.184.215.14"], ["93.184.215.14", "127.0.0.1"], ["fe80::1%eth0"])

    assert resolve(target, ()) == "93.184.215.14"
    assert asked == ["example.org"]
    for _ in range(2):
        with pytest.raises(AddressRefused, match="not public"):
            resolve(target, ())


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(AddressRefused, match="cannot be resolved"):
        resolve(parse("https://example.org/", ()), ())


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_public_numbers(address: str) -> None:
    require_public(ipaddress.ip_address(address))
