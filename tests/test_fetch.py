"""What is fetched comes whole and within limits, or it is said why not; real servers do their worst on this machine."""

from __future__ import annotations

import gzip
import logging
import re
import socket
import ssl
import subprocess
import time
import tracemalloc
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random

import pytest

from app.feeds.fetch import Answer, Fetcher, FetchError, Request, redacted
from tests.answering import answer, connects, fetcher, serving

MB = 1024 * 1024


def refusal(play, request: dict | None = None, **named) -> FetchError:
    """Return why what a server answers is refused."""
    with serving(play) as served, pytest.raises(FetchError) as caught:
        fetcher(**named).fetch(Request(url=served.url("/feed?key=s3cret"), **request or {}))
    assert "s3cret" not in str(caught.value)
    return caught.value


def test_an_answer_comes_with_what_the_next_request_needs():
    told = ('ETag: W/"7"', "Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT", "Content-Type: Application/JSON; charset=utf-8")
    with serving(answer(b"{}", *told)) as served:
        found = fetcher(contact="desk@example.org").fetch(Request(url=served.url("/a?b=c#d"), headers={"Accept": "a/b"}))
        assert found == Answer(served.url("/a?b=c"), 200, b"{}", "application/json", 'W/"7"', "Mon, 23 Nov 2026 10:00:00 GMT")
    [head] = served.heads
    assert head.startswith(f"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n")
    lines = head.split("\r\n")
    assert {"Accept: a/b", "Accept-Encoding: gzip", "Connection: close"} <= set(lines)
    [agent] = [line for line in lines if line.startswith("User-Agent:")]
    assert agent.startswith("User-Agent: Cordon/")
    assert agent.endswith("(+self-hosted security desk; contact: desk@example.org)")


def test_what_has_not_changed_is_not_sent_again():
    with serving(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n") as served:
        found = fetcher().fetch(Request(url=served.url(), etag='"x"', last_modified="Mon, 23 Nov 2026 10:00:00 GMT"))
    assert (found.status, found.content) == (304, b"")
    assert 'If-None-Match: "x"\r\n' in served.heads[0]
    assert "If-Modified-Since: Mon, 23 Nov 2026 10:00:00 GMT\r\n" in served.heads[0]
    assert "HTTP 304" in str(refusal(b"HTTP/1.1 304 Not Modified\r\n\r\n"))  # Nobody asked whether it had changed.


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("gzip", gzip.compress(b"hello" * 100_000, mtime=0)),
        ("X-GZIP", gzip.compress(b"hello" * 100_000, mtime=0)),
        ("deflate", zlib.compress(b"hello" * 100_000)),
        ("deflate", zlib.compress(b"hello" * 100_000)[2:-4]),
        ("identity", b"hello" * 100_000),
    ],
)
@pytest.mark.parametrize("is_chunked", [True, False])
def test_answers_are_unpacked(packing, packed, is_chunked):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {packing}\r\n".encode()
    if is_chunked:
        parts = [packed[start : start + 777] for start in range(0, len(packed), 777)]
        sent = head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in parts)
        sent += b"0\r\n\r\n"
    else:
        sent = head + b"\r\n" + packed
    with serving(sent) as served:
        assert fetcher().fetch(Request(url=served.url())).content == b"hello" * 100_000


def test_an_empty_answer_is_empty_however_it_is_packed():
    for sent in (answer(b""), answer(b"", "Content-Encoding: gzip"), b"HTTP/1.1 204 No Content\r\n\r\n"):
        with serving(sent) as served:
            assert fetcher().fetch(Request(url=served.url())).content == b""


PACKED = gzip.compress(Random(0).randbytes(5000), mtime=0)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (answer(b"half", length=1000), "ended the connection"),
        (CHUNKED + b"5\r\nhello\r\n", "ended the connection"),
        (CHUNKED + b"ff\r\nhello", "ended the connection"),
        (CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n", "ended the connection"),
        (CHUNKED + b"5;" + b"x" * 100_000, "ended the connection"),
        (b"", "ended the connection"),
        (b"HTTP/1.1 2", "does not answer as a web server"),
        (b"nonsense", "does not answer as a web server"),
        (b"\x16\x03\x01\x00\x00", "does not answer as a web server"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000, "does not answer as a web server"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1_000_000 + b"\r\n", "does not answer as a web server"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\nhello", "does not answer as a web server"),
        (answer(PACKED[:-100], "Content-Encoding: gzip"), "cut off"),
        (answer(PACKED + PACKED, "Content-Encoding: gzip"), "not packed as it should be"),
        (answer(PACKED[:100] + b"\0" * 50 + PACKED[150:], "Content-Encoding: gzip"), "does not answer as a web server"),
        (answer(b"no gzip", "Content-Encoding: gzip"), "does not answer as a web server"),
        (answer(b"no deflate", "Content-Encoding: deflate"), "does not answer as a web server"),
        (answer(gzip.compress(PACKED, mtime=0), "Content-Encoding: gzip, gzip"), "was not asked for"),
        (answer(PACKED, "Content-Encoding: br"), "was not asked for"),
        (answer(PACKED, "Content-Encoding: " + "gzip, " * 500), "was not asked for"),
        (answer(b"part", status="206 Partial Content"), "gives no document .HTTP 206"),
        (answer(b"", status="300 Multiple Choices"), "gives no document .HTTP 300"),
        (answer(b"", status="302 Found"), "gives no document .HTTP 302"),
        (answer(b"", status="400 Bad"), "does not understand"),
        (answer(b"", status="401 Unauthorized"), "asks for a key"),
        (answer(b"", status="403 Forbidden"), "is a key missing"),
        (answer(b"", status="404 Not Found"), "nothing at this address .HTTP 404"),
        (answer(b"", status="418 Teapot"), "gives no document .HTTP 418"),
        (answer(b"", status="500 Oops"), "fault of its own .HTTP 500"),
        (answer(b"", status="599 Oops"), "fault of its own .HTTP 599"),
        (answer(b"", status="999 Oops"), "HTTP 999"),
    ],
)
def test_what_is_no_whole_answer_is_said_in_plain_words(sent, words):
    before = time.monotonic()
    refused = refusal(sent)
    assert time.monotonic() - before < 1
    assert refused.retry_after_s is None
    refused_words = str(refused)
    assert refused_words.startswith("http://127.0.0.1:")
    assert re.search(words, refused_words), refused_words


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 120", 120),
        ("Retry-After:  0 ", 0),
        ("Retry-After: in an hour", 3600),
        ("Retry-After: Mon, 23 Nov 2020 10:00:00 GMT", 0),
        ("Retry-After: Mon, 23 Nov 2020 10:00:00 -0000", 0),
        ("Retry-After: " + "9" * 5000, 9_999_999_999),
        ("Retry-After: soon", None),
        ("Retry-After: -5", None),
        ("Retry-After: ١٢", None),
        ("X: y", None),
    ],
)
def test_a_source_may_say_when_to_come_again(status, header, seconds):
    header = header.replace("in an hour", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    found = refusal(answer(b"", status=status).replace(b"\r\n\r\n", f"\r\n{header}\r\n\r\n".encode())).retry_after_s
    assert found is seconds or found == pytest.approx(seconds, abs=60)


def test_when_to_come_again_is_only_heard_from_who_is_busy():
    assert refusal(answer(b"", "Retry-After: 120", status="500 Oops")).retry_after_s is None


def test_a_refusal_says_which_status_came():
    assert refusal(answer(b"", status="404 Not Found")).status == 404
    assert refusal(b"").status is None


def slowly(connection: socket.socket, piece: bytes, every_s: float) -> None:
    with suppress(OSError):
        while True:
            connection.sendall(piece)
            time.sleep(every_s)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + PACKED[:50],
        CHUNKED + b"fffff\r\n",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 2",
        CHUNKED + b"0\r\nX: ",
    ],
    ids=["length", "to the end", "gzip", "chunk", "header", "status", "trailer"],
)
def test_a_trickle_without_end_ends(start):
    def play(connection, _head):
        connection.sendall(start)
        slowly(connection, b"a", 0.05)

    before = time.monotonic()
    assert "took longer than 0.6 seconds" in str(refusal(play, timeout_s=0.6, silence_s=0.3))
    assert time.monotonic() - before < 1.5


def test_endless_notices_before_the_answer_end():
    refused = refusal(lambda connection, _: slowly(connection, b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.001), timeout_s=0.6)
    assert "took longer than" in str(refused)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", answer(b"half", length=1000)])
def test_who_falls_silent_is_left(start):
    def play(connection, _head):
        connection.sendall(start)
        time.sleep(2)

    before = time.monotonic()
    assert "was silent for 0.3 seconds" in str(refusal(play, silence_s=0.3))
    assert time.monotonic() - before < 1.5


def test_who_does_not_answer_at_all_is_told_so():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(FetchError, match="can't be reached"):
        fetcher().fetch(Request(url=f"http://127.0.0.1:{port}/"))
    with pytest.raises(FetchError, match="name is not known"):
        fetcher().fetch(Request(url="http://nowhere.example/"))


def bomb(size: int) -> bytes:
    """Return gzip of so many zeros, made of one compressed MB over and over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + piece * (size // MB) + packer.flush()


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_bomb_of_a_gigabyte_is_refused_soon_and_without_much_memory(is_chunked):
    packed = bomb(1024 * MB)
    sent = answer(packed, "Content-Encoding: gzip")
    if is_chunked:
        sent = CHUNKED.replace(b"OK\r\n", b"OK\r\nContent-Encoding: gzip\r\n") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    with serving(sent) as served:
        before = time.monotonic()
        with pytest.raises(FetchError, match="more than 32 MB"):
            fetcher().fetch(Request(url=served.url()))
        assert time.monotonic() - before < 1
        tracemalloc.start()
        try:
            with pytest.raises(FetchError, match="more than 32 MB"):
                fetcher().fetch(Request(url=served.url()))
            assert tracemalloc.get_traced_memory()[1] < 50 * MB
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 4500 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"a", 0, mtime=0)[:10],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n",
    ],
    ids=["said", "said in 4,500 digits", "to the end", "gzip that isn't packed", "chunk"],
)
def test_an_answer_without_end_is_refused_when_it_is_too_large(head):
    block = b"\x00\xff\xff\x00\x00" + bytes(65535)  # Of deflate, stored as it is; of all others, any bytes.

    def play(connection, _head):
        connection.sendall(head)
        slowly(connection, block * 8, 0)

    before = time.monotonic()
    assert "sends more than 4 MB" in str(refusal(play, {"max_bytes": 4 * MB}))
    assert time.monotonic() - before < 1


def test_an_answer_may_be_just_as_large_as_is_asked_for():
    for packed in (gzip.compress(b"a" * 1000), gzip.compress(b"a" * 1001)):
        with serving(answer(packed, "Content-Encoding: gzip")) as served:
            if len(gzip.decompress(packed)) == 1000:
                assert len(fetcher().fetch(Request(url=served.url(), max_bytes=1000)).content) == 1000
            else:
                with pytest.raises(FetchError, match="more than 1,000 bytes"):
                    fetcher().fetch(Request(url=served.url(), max_bytes=1000))


def moved(location: str, status: str = "302 Found") -> bytes:
    return answer(b"", f"Location: {location}", status=status)


def by_path(**answers: bytes):
    return lambda connection, head: connection.sendall(answers[head.split()[1].strip("/").partition("?")[0] or "start"])


def test_redirects_are_followed_to_the_answer():
    play = by_path(start=moved("/b?x=1"), b=moved("c", "308 Permanent Redirect"), c=answer(b"found"))
    with serving(play) as served:
        found = fetcher().fetch(Request(url=served.url(), headers={"X-API-Key": "k"}))
    assert (found.url, found.content) == (served.url("/c"), b"found")
    assert all("X-API-Key: k\r\n" in head for head in served.heads)
    assert len(served.heads) == 3


def test_redirects_in_a_ring_end():
    with serving(moved("/feed")) as served:
        with pytest.raises(FetchError, match="more than 5 other addresses"):
            fetcher().fetch(Request(url=served.url("/feed")))
        assert len(served.heads) == 6


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://127.0.0.2:{port}/", "private or reserved"),
        ("//127.0.0.2:{port}/", "private or reserved"),
        ("http://[::1]:{port}/", "private or reserved"),
        ("http://inside.example:{port}/", "private or reserved"),
        ("http://169.254.169.254/latest/meta-data/", "private or reserved"),
        ("http://2130706433:{port}/", "can’t be used"),
        ("http://user:pass@127.0.0.1:{port}/", "can’t be used"),
        ("http://127.0.0.1:22/", "can’t be used"),
        ("file:///etc/passwd", "can’t be used"),
        ("ftp://127.0.0.1/", "can’t be used"),
        ("gopher://127.0.0.1:{port}/_x", "can’t be used"),
        ("javascript:alert(1)", "can’t be used"),
        ("http://[", "can’t be used"),
        ("http://" + "a" * 9000, "can’t be used"),
    ],
)
def test_a_redirect_is_checked_as_the_first_address_was(location, words):
    with serving(lambda connection, _: connection.sendall(moved(location.format(port=served.port)))) as served:
        connects.clear()
        with pytest.raises(FetchError, match=words):
            fetcher(names={"inside.example": ["127.0.0.2"]}).fetch(Request(url=served.url()))
        assert connects == [("127.0.0.1", served.port)]


NAMES = {"one.example": ["127.0.0.1"], "two.example": ["127.0.0.1"]}


def test_another_host_is_not_told_what_may_be_a_key():
    keys = {"Authorization": "Bearer k", "X-API-Key": "k", "Cookie": "k", "X-Other": "k", "Accept": "a/b"}

    def play(connection, head):
        is_first = "Host: one.example" in head
        connection.sendall(moved(f"http://two.example:{served.port}/") if is_first else answer())

    with serving(play) as served:
        fetcher(names=NAMES).fetch(Request(url=served.url(host="one.example"), headers=keys, etag="e"))
    first, second = served.heads
    assert all(f"{name}: {value}\r\n" in first for name, value in keys.items())
    assert {line.partition(":")[0] for line in second.split("\r\n")[1:] if line} == {
        "Host",
        "Accept",
        "Accept-Encoding",
        "Connection",
        "If-None-Match",
        "User-Agent",
    }


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [("301 M", "GET", ""), ("302 M", "GET", ""), ("303 M", "GET", ""), ("307 M", "POST", "q=1"), ("308 M", "POST", "q=1")],
)
def test_a_redirect_of_what_was_sent_does_as_its_status_says(status, method, body):
    with serving(by_path(start=moved("/b", status), b=answer())) as served:
        request = Request(url=served.url(), method="POST", body=b"q=1", headers={"Content-Type": "text/plain"})
        assert fetcher().fetch(request).content == b"hello"
    assert served.heads[0].startswith("POST / ")
    assert served.heads[1].startswith(f"{method} /b ")
    assert served.heads[1].partition("\r\n\r\n")[2] == body
    assert ("Content-Type: text/plain" in served.heads[1]) is bool(body)


def test_what_was_sent_is_not_sent_to_another_host():
    def play(connection, _head):
        connection.sendall(moved(f"http://two.example:{served.port}/", "307 M"))

    with serving(play) as served, pytest.raises(FetchError, match="is not sent"):
        fetcher(names=NAMES).fetch(Request(url=served.url(host="one.example"), method="POST", body=b"password=k"))
    assert len(served.heads) == 1


def test_a_name_is_looked_up_once_and_where_it_leads_later_does_not_matter():
    asked = []

    def resolver(host):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with serving(by_path(start=answer(), hop=moved("/"))) as served:
        one = Fetcher(allowed=fetcher()._allowed, resolver=resolver)
        connects.clear()
        assert one.fetch(Request(url=served.url(host="turns.example"))).content == b"hello"
        assert asked == ["turns.example"]
        with pytest.raises(FetchError, match="private or reserved"):
            one.fetch(Request(url=served.url(host="turns.example")))
        asked.clear()
        with pytest.raises(FetchError, match="private or reserved"):  # The second address of a redirect on one host.
            one.fetch(Request(url=served.url("/hop", host="turns.example")))
        assert asked == ["turns.example"] * 2
    assert connects == [("127.0.0.1", served.port)] * 2


def test_a_host_with_one_private_address_among_public_ones_is_refused():
    connects.clear()
    with pytest.raises(FetchError, match="private or reserved"):
        fetcher(names={"mixed.example": ["127.0.0.1", "8.8.8.8", "10.0.0.1"]}).fetch(Request(url="http://mixed.example/"))
    assert connects == []


def test_the_next_address_of_a_host_is_tried_when_one_does_not_answer():
    from ipaddress import ip_network

    with serving(answer()) as served:
        names = {"two.example": ["127.0.0.3", "127.0.0.1"]}
        connects.clear()
        found = fetcher(names=names, allowed=[ip_network("127.0.0.0/8")]).fetch(Request(url=served.url(host="two.example")))
        assert found.content == b"hello"
        assert connects == [("127.0.0.3", served.port), ("127.0.0.1", served.port)]


def test_no_proxy_is_taken_from_the_environment(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving(answer()) as served:
        assert fetcher().fetch(Request(url=served.url())).content == b"hello"


@pytest.mark.parametrize("value", ["", "a\r\nX: y", "a\nb", "a\x00b", "ключ"])
def test_a_header_that_can_not_be_sent_is_refused_without_showing_it(value):
    with serving(answer()) as served, pytest.raises(FetchError, match="header X-API-Key can't be sent") as caught:
        fetcher().fetch(Request(url=served.url(), headers={"X-API-Key": value}))
    assert served.heads == []
    assert not value or value not in str(caught.value)


def test_stamps_that_can_not_be_sent_back_are_forgotten():
    for etag in ("x" * 501, "é", "a\tb"):
        with serving(answer(b"", f"ETag: {etag}")) as served:
            assert fetcher().fetch(Request(url=served.url())).etag is None


def test_keys_in_addresses_stay_out_of_messages_and_logs(caplog):
    assert redacted("https://a.example/api/KEY/b?key=KEY#KEY") == "https://a.example/…"
    assert redacted("https://a.example:8443") == "https://a.example:8443/"
    assert redacted("https://user:KEY@a.example/") == redacted("KEY") == "the address"
    caplog.set_level(logging.DEBUG)
    for sent in (b"HTTP/1.1 200 OK\r\nno colon\r\n: x\r\n\r\n", answer(status="500 x"), b"", moved("http://10.0.0.1/KEY")):
        with serving(sent) as served, suppress(FetchError):
            fetcher().fetch(Request(url=served.url("/KEY/a?key=KEY")))
    assert "KEY" not in caplog.text


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """Return a folder with the certificate and key of feeds.example and of 127.0.0.1, which sign themselves."""
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=feeds.example",
            "-addext",
            "subjectAltName=DNS:feeds.example,IP:127.0.0.1",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def tls(certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    return context


@pytest.fixture
def trust(certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates / "cert.pem")


TLS_NAMES = {name: ["127.0.0.1"] for name in ("feeds.example", "other.example")}


def test_tls_is_spoken_with_the_name_of_the_host_though_the_address_is_fixed(tls, trust):
    names = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    with serving(answer(), tls) as served:
        url = served.url(scheme="https", host="feeds.example")
        assert fetcher(names=TLS_NAMES, trust=trust).fetch(Request(url=url)).content == b"hello"
        url = served.url(scheme="https", host="FEEDS.example.")
        assert fetcher(names=TLS_NAMES, trust=trust).fetch(Request(url=url)).content == b"hello"
        assert names == ["feeds.example"] * 2
        assert fetcher(trust=trust).fetch(Request(url=served.url(scheme="https"))).content == b"hello"
    assert f"Host: feeds.example:{served.port}\r\n" in served.heads[0]


def test_a_certificate_of_another_host_or_of_nobody_known_is_refused(tls, trust):
    with serving(answer(), tls) as served:
        with pytest.raises(FetchError, match=r"certificate that can’t be trusted \(.*other.example"):
            fetcher(names=TLS_NAMES, trust=trust).fetch(Request(url=served.url(scheme="https", host="other.example")))
        with pytest.raises(FetchError, match=r"certificate that can’t be trusted \(self-signed"):
            fetcher(names=TLS_NAMES).fetch(Request(url=served.url(scheme="https", host="feeds.example")))
    assert served.heads == []


def test_what_does_not_speak_tls_is_told_so(trust):
    with serving(b"HTTP/1.1 400 Bad\r\n\r\n") as served, pytest.raises(FetchError, match="does not speak TLS"):
        fetcher(names=TLS_NAMES, trust=trust).fetch(Request(url=served.url(scheme="https", host="feeds.example")))
    with serving(lambda *_: time.sleep(2)) as served, pytest.raises(FetchError, match=r"silent for 0\.3 seconds"):
        fetcher(names=TLS_NAMES, trust=trust, silence_s=0.3).fetch(Request(url=served.url(scheme="https", host="feeds.example")))


def test_https_never_leads_to_http(tls, trust):
    with serving(answer()) as plain, serving(moved(plain.url()), tls) as served:
        with pytest.raises(FetchError, match="from https to http"):
            fetcher(names=TLS_NAMES, trust=trust).fetch(Request(url=served.url(scheme="https", host="feeds.example")))
        assert plain.heads == []


def test_a_trickle_over_tls_ends(tls, trust):
    def play(connection, _head):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        slowly(connection, b"a", 0.05)

    with serving(play, tls) as served, pytest.raises(FetchError, match=r"took longer than 0\.6 seconds"):
        fetcher(names=TLS_NAMES, trust=trust, timeout_s=0.6, silence_s=0.3).fetch(
            Request(url=served.url(scheme="https", host="feeds.example"))
        )
