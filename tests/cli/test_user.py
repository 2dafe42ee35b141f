"""`ptarmigan user`: names and verifiers, never passwords."""


def test_add_list_remove(ptarmigan, tmp_path):
    users = tmp_path / "users"
    added = ptarmigan("user", "add", "app@example.com", "--file", users, "--password-file", "-", stdin="correct horse\n")
    assert added.code == 0, added.err
    line = users.read_text()
    assert line.startswith("app@example.com:SCRAM-SHA-256$") and "correct horse" not in line
    assert users.stat().st_mode & 0o777 == 0o600
    again = ptarmigan("user", "add", "app@example.com", "--file", users, "--password-file", "-", stdin="another password\n")
    assert again.code == 0 and "changed" in again.out
    assert users.read_text() != line and len(users.read_text().splitlines()) == 1
    assert ptarmigan("user", "list", "--file", users).out == "app@example.com\n"
    assert ptarmigan("user", "remove", "app@example.com", "--file", users).code == 0
    assert ptarmigan("user", "remove", "app@example.com", "--file", users).code == 2


def test_short_and_missing_passwords_are_refused(ptarmigan, tmp_path):
    users = tmp_path / "users"
    for password in ("", "short"):
        refused = ptarmigan("user", "add", "a", "--file", users, "--password-file", "-", stdin=password + "\n")
        assert refused.code == 2 and "shorter than 8" in refused.err
    assert not users.exists()
