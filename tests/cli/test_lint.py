"""`ptarmigan lint`: places, corrected files, standard input, exit codes."""


def test_finding_names_file_line_and_column(ptarmigan, tmp_path):
    path = tmp_path / "main.cf"
    path.write_text("myhostname = mail.example.com\nrelayhost = smtp.example.net\nsmtpd_milters = unix:/m\n")
    seen = ptarmigan("lint", path)
    assert seen.code == 1
    assert f"{path}:2:13: warning L11" in seen.out
    assert "+ relayhost = [smtp.example.net]:587" in seen.out


def test_fix_writes_the_file_and_the_second_look_is_clean(ptarmigan, tmp_path):
    path = tmp_path / "main.cf"
    path.write_text("relayhost = smtp.example.net\nsmtpd_milters = unix:/m\n")
    path.chmod(0o640)
    assert ptarmigan("lint", "--fix", path).code == 1
    assert path.read_text() == "relayhost = [smtp.example.net]:587\nsmtpd_milters = unix:/m\n"
    assert path.stat().st_mode & 0o777 == 0o640
    clean = ptarmigan("lint", path)
    assert (clean.code, clean.out) == (0, "No mistake found.\n")


def test_standard_input_is_guessed_and_its_corrected_text_printed(ptarmigan):
    seen = ptarmigan("lint", "--fix", "-", stdin="v=spf1 include:192.0.2.1 ~all\n")
    assert (seen.code, seen.out) == (1, "v=spf1 ip4:192.0.2.1 ~all\n")


def test_json_has_place_reason_and_edit(ptarmigan):
    seen = ptarmigan("lint", "--json", "-", stdin="v=DMARC1; p=none\n")
    assert seen.json["files"] == [{"name": "(standard input)", "kind": "dmarc"}]
    (finding,) = seen.json["findings"]
    assert (finding["id"], finding["line"], finding["column"]) == ("L09", 1, 11)
    assert finding["why"] and finding["remedy"] and finding["edit"]["text"].startswith("; rua=")


def test_files_named_together_are_judged_together(ptarmigan, tmp_path):
    zone, config = tmp_path / "a.zone", tmp_path / "main.cf"
    zone.write_text('example.com. TXT "v=spf1 ip6:2001:db8::1 ~all"\n')
    config.write_text("myhostname = mail.example.com\n")
    assert ptarmigan("lint", config).code == 0
    assert [f["id"] for f in ptarmigan("lint", "--json", zone, config).json["findings"]] == ["L17"]


def test_unreadable_file_and_unknown_kind_are_errors(ptarmigan):
    assert ptarmigan("lint", "/nonexistent/main.cf").code == 2
    assert "kinds: zone" in ptarmigan("lint", "--kind", "wrong", "-").err
