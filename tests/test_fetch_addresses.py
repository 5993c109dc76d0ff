"""No way of writing an address, and nothing that a name may lead to, makes Cordon connect to what is not public."""

from __future__ import annotations

import time
from ipaddress import ip_network

import pytest

from app.config import SETTINGS
from app.feeds.fetch import Fetcher, FetchError, Request
from app.feeds.networks import may_be_reached
from app.feeds.webaddress import read
from tests.answering import answer, connects, fetcher, serving

PRIVATE = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "100.100.100.200", "127.0.0.1"),
    *("127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1"),
    *("198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    # IPv6: none, loopback, IPv4 inside (mapped, compatible, translated), discard, NAT64, and the ranges of its own.
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "::127.0.0.1", "::a00:1"),
    *("::169.254.169.254", "100::1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1"),
    *("2002:7f00:1::1", "2002:a00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1"),
    *("fe80::1", "fe80::1%eth0", "fe80::1%1", "fec0::1", "ff02::1", "ff0e::1", "4000::1", "2606:4700::1%lo", "nonsense", ""),
]
PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.17.255.255"),
    *(
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:801::200e",
        "2001:4860:4860::8888",
        "64:ff9b::8.8.8.8",
    ),
]
UNREADABLE = [
    # IPv4 in one number, in octal, in hexadecimal, in fewer parts, too large, with zeros before.
    *("http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/"),
    *("http://127.1/", "http://127.0.1/", "http://0/", "http://127.0.0.0x1/", "http://127.000.000.001/", "http://010.0.0.1/"),
    *("http://256.256.256.256/", "http://4294967296/", "http://1.2.3.4.5/", "http://0x/", "http://3232235521/"),
    *("http://127.0.0.1.example.0x7f/", "http://a.1/"),
    # Hosts that are none.
    *("http://", "http:///", "http:///etc/passwd", "http://.", "http://..", "http://a..b/", "http://.a/", "http://-a.example/"),
    *("http://a-.example/", "http://a_b.exa mple/", "http://a%2eb/", "http://%31%32%37.0.0.1/", "http://a*b/", "http://a,b/"),
    *(f"http://{'a' * 64}.example/", f"http://{'a.' * 127}example/", f"http://{'é' * 300}.example/", "http://?", "http://#a"),
    *("http://\u2488\u2488/", "http://xn--/", "http://\ud800/"),
    # IPv6 with a zone, with more behind it, or broken.
    *("http://[fe80::1%25eth0]/", "http://[::1%lo]/", "http://[::1]x/", "http://[::1", "http://::1/", "http://[v1.a]/"),
    *("http://[127.0.0.1]/", "http://[:::1]/", "http://[]/", "http://[::1]]/", "http://x[::1]/"),
    # User names, which also make one host look like another.
    *("http://u@8.8.8.8/", "http://u:p@8.8.8.8/", "http://8.8.8.8@127.0.0.1/", "http://@127.0.0.1/", "http://a:80@127.0.0.1:1/"),
    # What only some programs read as an end of the host, and what would make two lines of one.
    *("http://8.8.8.8\\@127.0.0.1/", "http://127.0.0.1\\.8.8.8.8/", "http://8.8.8.8\t/", "http://a\r\nX: y/", "http://a\n.b/"),
    *("http://a/\x00", "http://a/\x7f", "http://a/ b", "http://127.0.0.1:80:90/", "http://a:/\\b"),
    # Ports that are none, or not those of the web.
    *("http://a:0/", "http://a:22/", "http://a:25/", "http://a:65536/", "http://a:-1/", "http://a:+80/", "http://a:8 0/"),
    *("http://a:٨٠/", "http://a:0x50/", "http://a:99999999999/", "https://a:21/", "http://a:111/"),
    # Other schemes.
    *("file:///etc/passwd", "ftp://a/", "gopher://a:70/_", "dict://a:11211/", "data:text/plain,x", "jar:http://a!/", "//a/b"),
    *("a.example/feed", "", " ", "http:a", "http:/a", "https", "javascript:alert(1)", "ws://a/", "unix:/run/x", "h\u0442tp://a/"),
    "http://a/" + "x" * 8000,
]
SHOWN_OTHERWISE = [
    # What is plainly written and leads to this machine all the same.
    *("http://localhost/", "http://LOCALHOST./", "http://localhost:8000/", "http://１２７.0.0.1/", "http://127。0。0。1/"),
    *("http://127.0.0.1./", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:7f00:1]/", "HTTP://127.0.0.1/", " http://127.0.0.1/ "),
    *("https://[::1]:8443/", "http://[::FFFF:127.0.0.1]:80/", "http://ⓛocalhost/", "http://localhost#@8.8.8.8/"),
    "http://localhost?@8.8.8.8/",
]


def refused(one: Fetcher, url: str) -> str:
    """Return why an address is refused, which is soon and without any connection."""
    connects.clear()
    before = time.monotonic()
    with pytest.raises(FetchError) as caught:
        one.fetch(Request(url=url))
    assert time.monotonic() - before < 1
    assert connects == []
    return str(caught.value)


def test_the_list_is_long():
    assert len({*PRIVATE, *UNREADABLE, *SHOWN_OTHERWISE}) > 150


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_what_is_not_public_is_refused(address):
    """Alone, and last among public ones."""
    for found in ([address], ["8.8.8.8", "2606:4700:4700::1111", address]):
        for scheme in ("http", "https"):
            assert "private or reserved" in refused(Fetcher(resolver=lambda _, found=found: found), f"{scheme}://turns.example/")


@pytest.mark.parametrize("address", [one for one in PRIVATE if one and "%" not in one and one != "nonsense"])
def test_an_address_that_is_not_public_is_refused_without_being_looked_up(address):
    def resolver(host):
        raise AssertionError(host)

    assert "private or reserved" in refused(
        Fetcher(resolver=resolver), f"http://{f'[{address}]' if ':' in address else address}/"
    )


@pytest.mark.parametrize("url", UNREADABLE)
def test_an_address_that_can_be_read_in_two_ways_is_not_read(url):
    def resolver(host):
        raise AssertionError(host)

    words = refused(Fetcher(resolver=resolver), url)
    assert words.endswith(".")
    assert "private" not in words


@pytest.mark.parametrize("url", SHOWN_OTHERWISE)
def test_this_machine_is_known_under_its_other_names(url):
    """Looked up by the real resolver, with a server of this machine listening."""
    with serving(answer()) as served:
        assert "private or reserved" in refused(Fetcher(), url)
        assert "private or reserved" in refused(Fetcher(), served.url(host="localhost"))
        assert served.heads == []


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_reached(address):
    assert may_be_reached(address, [])


def test_a_network_that_is_allowed_may_be_reached_and_nothing_beside_it():
    allowed = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    assert may_be_reached("10.1.255.255", allowed)
    assert may_be_reached("fd12::1", allowed)
    assert may_be_reached("8.8.8.8", allowed)
    for address in ("10.2.0.0", "::ffff:10.1.0.1", "fe80::1", "fd00::1%eth0", "127.0.0.1"):
        assert not may_be_reached(address, allowed)


def test_a_host_without_an_address_is_not_known():
    def unknown(host):
        raise OSError(host)

    for resolver in (lambda _: [], unknown):
        assert "name is not known" in refused(Fetcher(resolver=resolver), "http://nowhere.example/")


@pytest.mark.parametrize(
    ("url", "whole", "authority"),
    [
        ("HTTPS://Feeds.Example.:443/A?b=C#d", "https://feeds.example/A?b=C", "feeds.example"),
        ("http://feeds.example", "http://feeds.example/", "feeds.example"),
        ("http://feeds.example:443?x", "http://feeds.example:443/?x", "feeds.example:443"),
        ("http://bücher.example/größe?q=ä%20b|c", "http://xn--bcher-kva.example/gr%C3%B6%C3%9Fe?q=%C3%A4%20b%7Cc", None),
        ("http://[2606:4700:0::1111]:8080/", "http://[2606:4700::1111]:8080/", "[2606:4700::1111]:8080"),
        ("http://my_host:1024/", "http://my_host:1024/", "my_host:1024"),
        ("http://8.8.8.8.example/", "http://8.8.8.8.example/", "8.8.8.8.example"),
        ("http://a.example/;x=1?u=http://b/", "http://a.example/;x=1?u=http://b/", "a.example"),
    ],
)
def test_good_addresses_are_read_as_they_are_meant(url, whole, authority):
    assert read(url).url == whole
    assert authority is None or read(url).authority == authority
    assert read(whole).url == whole


def setting(name):
    return next(one for one in SETTINGS if one.name == name)


def test_the_settings_of_feeds_are_read_or_said_to_be_wrong():
    networks, contact = setting("FEED_NETWORKS"), setting("FEED_CONTACT")
    assert networks.read(networks.default) == ()
    assert networks.read(" 10.1.0.0/16, fd00::/8 ") == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    for text in ("10.1.0.0/8", "all", "10.0.0.0/33", "10.0.0.0-10.0.0.9"):
        with pytest.raises(ValueError, match="must be networks such as"):
            networks.read(text)
    assert contact.read(" desk@example.org ") == "desk@example.org"
    for text in ("a\nb", "é", "(x)", "x" * 201):
        with pytest.raises(ValueError, match="must be at most 200 plain characters"):
            contact.read(text)
    with serving(answer()) as served:
        fetcher(contact=contact.read(contact.default)).fetch(Request(url=served.url()))
    assert "(+self-hosted security desk)\r\n" in served.heads[0]
