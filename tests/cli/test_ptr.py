"""ptarmigan ptr."""

import ipaddress

import pytest

EMPTY = '{"version": 1, "dns": []}'


@pytest.fixture
def nothing(tmp_path):
    path = tmp_path / "empty.json"
    path.write_text(EMPTY)
    return path


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "2001:db8:0:0:8:800:200c:417a"])
def test_reverse_name_is_the_standard_one(ptarmigan, nothing, address):
    told = ptarmigan("ptr", address, "--replay-dns", nothing, "--json")
    assert told.json["addresses"][0]["reverse_name"] == ipaddress.ip_address(address).reverse_pointer


def test_a_reverse_name_is_taken_for_its_address(ptarmigan, nothing):
    told = ptarmigan("ptr", ipaddress.ip_address("2001:db8::1").reverse_pointer, "--replay-dns", nothing, "--json")
    assert told.json["addresses"][0]["address"] == "2001:db8::1"


def test_missing_ptr_shows_what_to_publish_and_where(ptarmigan, tmp_path, nothing):
    zone = tmp_path / "draft.zone"
    zone.write_text(
        "$ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.\n@ 300 IN SOA ns.example.com. hostmaster.example.com. 1 2 3 4 5\n"
        "$ORIGIN example.com.\n@ 300 IN SOA ns hostmaster 1 2 3 4 5\n"
    )
    told = ptarmigan("ptr", "2001:db8::1", "--name", "mail.example.com", "--zone", zone, "--replay-dns", nothing, "--json")
    assert told.code == 1
    report = told.json["addresses"][0]
    assert report["iprev"] == "permerror"
    assert report["zone"] == "8.b.d.0.1.0.0.2.ip6.arpa."
    assert report["relative_owner"] == ".".join("1" + "0" * 23)
    assert [(item["type"], item["data"], item["relative_owner"]) for item in report["publish"]] == [
        ("PTR", "mail.example.com.", ".".join("1" + "0" * 23)),
        ("AAAA", "2001:db8::1", "mail"),
    ]


def test_what_is_published_as_told_is_confirmed(ptarmigan, tmp_path, nothing):
    told = ptarmigan("ptr", "2001:db8::1", "--name", "mail.example.com", "--replay-dns", nothing, "--json")
    zone = tmp_path / "told.zone"
    zone.write_text("".join(item["zone_line"] + "\n" for item in told.json["addresses"][0]["publish"]))
    assert ptarmigan("ptr", "2001:db8::1", "--zone", zone, "--replay-dns", nothing).code == 0


def test_a_name_without_the_address_is_not_confirmed(ptarmigan, nothing):
    told = ptarmigan("ptr", "192.0.2.1", "--replay-dns", nothing, "--set", "1.2.0.192.in-addr.arpa PTR mail.example.com.")
    assert told.code == 1
    assert "not confirmed" in told.out
    assert "mail.example.com. 3600 IN A 192.0.2.1" in told.out


def test_the_configuration_names_the_host(ptarmigan, config, nothing):
    told = ptarmigan("ptr", "127.0.0.1", "--config", config, "--replay-dns", nothing, "--json")
    assert told.json["addresses"][0]["publish"][0]["data"] == "mail.example.com."


def test_the_worst_address_decides(ptarmigan, nothing):
    words = ("--set", "1.2.0.192.in-addr.arpa PTR mail.example.com.", "--set", "mail.example.com A 192.0.2.1")
    assert ptarmigan("ptr", "192.0.2.1", "--replay-dns", nothing, *words).code == 0
    assert ptarmigan("ptr", "192.0.2.1", "192.0.2.2", "--replay-dns", nothing, *words).code == 1


def test_a_failed_query_is_undecided(ptarmigan, tmp_path):
    path = tmp_path / "failing.json"
    path.write_text('{"version": 1, "default": "SERVFAIL", "dns": []}')
    told = ptarmigan("ptr", "192.0.2.1", "--replay-dns", path)
    assert told.code == 2
    assert "temperror" in told.out


def test_hostile_names_do_not_reach_the_terminal(ptarmigan, tmp_path):
    path = tmp_path / "hostile.json"
    path.write_text('{"version": 1, "dns": [{"name": "1.2.0.192.in-addr.arpa", "type": "PTR", "data": ["\\\\027[31mred.example."]}]}')
    assert "\x1b" not in ptarmigan("ptr", "192.0.2.1", "--replay-dns", path).out


@pytest.mark.parametrize("text", ["192.0.2", "example.com", "2001:db8::g", "192.0.2.1/24"])
def test_what_is_no_address_is_refused(ptarmigan, text):
    refused = ptarmigan("ptr", text)
    assert refused.code == 2
    assert f"'{text}' is no IP address" in refused.err
