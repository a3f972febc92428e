"""Mailboxes as sources: the torture table on mbox, Maildir and IMAP, the last with a Dovecot server."""

from __future__ import annotations

import imaplib
import io
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from lake.endpoints.retry import Retries
from lake.errors import TransientError, UsageError
from lake.sources import imap
from lake.sources.imap import modified_utf7
from lake.sources.listing import listing
from lake.sources.mbox_messages import messages
from lake.sources.source import parse_source
from tests.torture import Rig, Torture, text
from tests.waiting import accepts, free_port, until

HEAD = "From: anna@example.org\nTo: all@example.org\nSubject: About {0}\nDate: Mon, 1 Jun 2026 10:00:00 +0000\n"


class MboxRig(Rig):
    """A file that is written anew before each run. A message's name is in its bytes, so a renamed one is new."""

    has_rights, edited = False, (1, 1, 0, 2)

    def __init__(self, path: Path) -> None:
        self.path, self.messages = path, dict[str, str]()

    @property
    def url(self) -> str:
        return f"mbox:{self.path}"

    def uri(self, name: str) -> str:
        return f"{name}@example.org.eml"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self.messages[name] = f"{HEAD.format(text[10:13])}Message-ID: <{name}@example.org>\n\n{text}"

    def delete(self, name: str) -> None:
        del self.messages[name]

    def settle(self) -> None:
        whole = "".join(f"From anna Mon Jun  1 10:00:00 2026\n{text}\n" for text in self.messages.values())
        if not self.path.exists() or self.path.read_text() != whole:
            self.path.write_text(whole)

    @contextmanager
    def broken(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        settle()
        whole = self.path.read_bytes()
        self.path.write_bytes(b"\0" * 10 + whole[:400])
        yield
        self.path.write_bytes(whole)
        self.settle = settle  # type: ignore[method-assign]

    @contextmanager
    def refused(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        self.path.rename(self.path.with_name("away"))
        yield
        self.path.with_name("away").rename(self.path)
        self.settle = settle  # type: ignore[method-assign]


class MaildirRig(Rig):
    has_rights = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("new", "cur", "tmp"):
            (folder / part).mkdir(parents=True)

    @property
    def url(self) -> str:
        return f"maildir:{self.folder}"

    def uri(self, name: str) -> str:
        return f"{name}.host.eml"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        (self.folder / "cur" / f"{name}.host:2,S").write_text(f"{HEAD.format('it')}\n{text}")

    def delete(self, name: str) -> None:
        (self.folder / "cur" / f"{name}.host:2,S").unlink()

    @contextmanager
    def broken(self) -> Iterator[None]:
        (self.folder / "new").rename(self.folder / "away")
        yield
        (self.folder / "away").rename(self.folder / "new")

    @contextmanager
    def refused(self) -> Iterator[None]:
        self.folder.rename(self.folder.with_name("away"))
        yield
        self.folder.with_name("away").rename(self.folder)


CONFIGURATION = """
protocols = imap
base_dir = {0}/run
log_path = {0}/log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{0}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password=s3cr3t
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={0}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {1}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


class Line:
    """A line to a server that breaks after ``limit`` bytes of answers, or at a request that ``hangs_up`` finds.

    ``notice`` precedes answers with dates.
    """

    def __init__(self, port: int) -> None:
        self._server, self.limit, self.notice = port, 1 << 40, b""
        self.folder, self.hangs_up = Path(), re.compile(rb"(?!)")
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                threading.Thread(target=self._pass, args=(caller, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, caller, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        n = 0
        with suppress(OSError), source, target:
            while data := source.recv(1 << 16):
                if is_answer and n + len(data) > self.limit:
                    target.sendall(data[: max(0, self.limit - n)])
                    break
                if not is_answer and self.hangs_up.search(data):
                    break
                n += len(data)
                target.sendall(self.notice + data if b"INTERNALDATE" in data and is_answer else data)
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Line]:
    program = shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot")
    if program is None or os.getuid() != 0:
        pytest.skip("Dovecot is not installed, or may not be started by this user")
    folder, port = Path(tempfile.mkdtemp(prefix="dovecot-")), free_port()
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    (folder / "conf").write_text(CONFIGURATION.format(folder, port))
    process = subprocess.Popen([program, "-F", "-c", str(folder / "conf")], stderr=subprocess.DEVNULL)
    until(lambda: accepts(port), lambda: (folder / "log").read_text())
    line = Line(port)
    line.folder = folder
    yield line
    line.close()
    process.terminate()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


class ImapRig(Rig):
    """A folder on the server. A message never changes, so an edited one is a new message."""

    has_rights, edited = False, (1, 0, 1, 2)

    def __init__(self, line: Line, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
        self.line, self.patch, self.uids = line, monkeypatch, dict[str, str]()
        self.user = user
        monkeypatch.setenv("IMAP_PASSWORD", "s3cr3t")
        monkeypatch.setattr(imap, "_RETRIES", Retries(n_attempts=3, first=0.01, longest=0.01))
        self.server = imaplib.IMAP4("127.0.0.1", line.port)
        self.server.login(user, "s3cr3t")
        self.server.select("INBOX")

    @property
    def url(self) -> str:
        return f"imap://{self.user}@127.0.0.1:{self.line.port}/INBOX?password=$IMAP_PASSWORD&starttls=0"

    def uri(self, name: str) -> str:
        return f"{self.uids[name]}.eml"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        if name in self.uids:
            self.delete(name)
        data = f"{HEAD.format('it')}\n{text}".replace("\n", "\r\n").encode()
        _, answer = self.server.append("INBOX", "", "", data)
        found = re.search(rb"APPENDUID \d+ (\d+)", answer[0])
        assert found
        self.uids[name] = found[1].decode()

    def delete(self, name: str) -> None:
        self.server.uid("STORE", self.uids.pop(name), "+FLAGS", r"(\Deleted)")
        self.server.expunge()

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.line.limit = 900
        yield
        self.line.limit = 1 << 40

    @contextmanager
    def refused(self) -> Iterator[None]:
        self.patch.setenv("IMAP_PASSWORD", "s3cr3t-wrong")
        yield
        self.patch.setenv("IMAP_PASSWORD", "s3cr3t")


def test_the_torture_table_on_mbox(tmp_path: Path) -> None:
    Torture(MboxRig(tmp_path / "list.mbox"), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_the_torture_table_on_a_maildir(tmp_path: Path) -> None:
    Torture(MaildirRig(tmp_path / "mail"), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_the_torture_table_on_imap(tmp_path: Path, dovecot: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = ImapRig(dovecot, monkeypatch, "torture")
    Torture(rig, str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_a_message_that_the_server_can_not_give_costs_that_message_only(
    tmp_path: Path, dovecot: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = ImapRig(dovecot, monkeypatch, "damaged")
    torture = Torture(rig, str(tmp_path / "lake"))
    for name in ("a", "b", "c", "d", "e"):
        rig.put(name, text(name))
    assert torture.run().added == 5
    damaged = f"{rig.uri('b')} of docs could not be read and stays as it was"
    (file,) = [one for one in (dovecot.folder / "mail/damaged").rglob("cur/*") if b" of sort b" in one.read_bytes()]
    rig.put("f", text("f"))
    rig.delete("c")
    shutil.chown(file, "root", "root")
    file.chmod(0)
    first = torture.run(verify=True)  # Dovecot gives what it can't read as no message
    assert (first.added, first.removed, first.unchanged) == (1, 1, 4)
    assert [remark for remark in first.remarks if damaged in remark]
    shutil.chown(file, "mail", "mail")
    file.chmod(0o600)
    monkeypatch.setattr(dovecot, "hangs_up", re.compile(rb"UID FETCH (?:\d+,)*%s[, ]" % rig.uids["b"].encode()))
    rig.delete("d")
    second = torture.run()
    assert (second.removed, second.unchanged) == (1, 4)
    assert [remark for remark in second.remarks if damaged in remark]
    monkeypatch.undo()
    monkeypatch.setenv("IMAP_PASSWORD", "s3cr3t")
    assert (again := torture.run()).reason == "nothing to do"
    assert again.remarks == ()


def test_messages_stay_unseen_and_a_folder_that_is_not_there_is_named(
    dovecot: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = ImapRig(dovecot, monkeypatch, "unseen")
    rig.put("a", "One text.\n")
    source = parse_source(rig.url)
    (uri,) = listing([source])["uri"].to_pylist()
    assert b"One text." in source.read(uri)
    assert rig.server.uid("SEARCH", "UNSEEN")[1] == [uri.removesuffix(".eml").encode()]
    with pytest.raises(UsageError, match="no folder 'Nowhere'"):
        listing([parse_source(rig.url.replace("INBOX", "Nowhere"))])


def test_flags_that_another_program_sets_meanwhile_are_no_messages(
    dovecot: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = ImapRig(dovecot, monkeypatch, "flags")
    rig.put("a", "One text.\n")
    before = listing([parse_source(rig.url)]).to_pylist()
    notices = (rb"* 1 FETCH (FLAGS (\Seen))", rb"* 1 FETCH (UID 1 FLAGS (\Seen))", b"")
    monkeypatch.setattr(dovecot, "notice", b"\r\n".join(notices))
    assert listing([parse_source(rig.url)]).to_pylist() == before


def test_a_message_of_a_folder_that_was_renumbered_is_no_other(dovecot: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = ImapRig(dovecot, monkeypatch, "renumbered")
    source = parse_source(rig.url.replace("INBOX", "Box"))

    def fill(text: str) -> None:
        assert rig.server.create("Box")[0] == "OK"
        assert b"APPENDUID" in rig.server.append("Box", "", "", f"{HEAD.format('it')}\n{text}".encode())[1][0]

    fill("Of the first folder.")
    (first,) = listing([source]).to_pylist()
    assert rig.server.delete("Box")[0] == "OK"
    fill("Of the second.")
    with pytest.raises(TransientError, match="renumbered"):
        source.read(first["uri"])
    with pytest.raises(TransientError, match="renumbered"):
        list(source.read_each([first["uri"]]))
    (second,) = listing([source]).to_pylist()
    assert second["uri"] == first["uri"]
    assert second["etag"] != first["etag"]
    assert b"Of the second." in source.read(second["uri"])


def test_folders_and_users_may_have_names_in_any_script(dovecot: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = ImapRig(dovecot, monkeypatch, "anna.smith")
    data = f"{HEAD.format('it')}\nIn Müll.".replace("\n", "\r\n").encode()
    monkeypatch.setattr(imap, "_FOUND_AT_A_TIME", 2)  # so that a search takes several
    names = ("Entwürfe", "R&D", "已发送", 'a "b" \\ c')
    for name in names:
        folder = '"{}"'.format(modified_utf7(name).replace("\\", "\\\\").replace('"', '\\"'))
        assert rig.server.create(folder)[0] == "OK"
        for _ in range(5):
            rig.server.append(folder, "", "", data)
    home = f"imap://{{}}@127.0.0.1:{dovecot.port}/{{}}?password=$IMAP_PASSWORD&starttls=0"
    for name in (*names, "Entw&APw-rfe"):
        source = parse_source(home.format("anna.smith", quote(name)))
        assert len(source.read(listing([source])["uri"][2].as_py())) == len(data)
        assert len(listing([source])) == 5
    monkeypatch.setenv("IMAP_PASSWORD", "pässwörd")
    with pytest.raises(UsageError, match="AUTHENTICATIONFAILED"):
        listing([parse_source(home.format("anna.smith", "INBOX"))])


_FIRST = "From anna@example.org Mon Jun  1 10:00:00 2026\nFrom: anna@example.org\nMessage-ID: <a@x>\n{}\n"
_SECOND = "Subject: Two\nMessage-ID: <b@x>\nFrom: otto@example.org\n\nOf the lamp.\n"


@pytest.mark.parametrize("line", ["From the crane on,\nnote: it lifts.", "From 2026 on: it lifts.", "From: a\nFrom b"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_of_text_does_not_begin_a_message(tmp_path: Path, line: str, end: str) -> None:
    path = tmp_path / "a.mbox"
    body = f"One text.\n\n{line}\n\nFrom anna with love\n\nFrom b@x Mon Jun  1 10:00:00 2026\n\nMore.\n"
    path.write_bytes(
        (_FIRST.format(f"\n{body}") + "From - Mon Jun  1 10:00:00 2026\n" + _SECOND).replace("\n", end).encode()
    )
    source = parse_source(f"mbox:{path}")
    assert listing([source])["uri"].to_pylist() == ["a@x.eml", "b@x.eml"]
    assert source.read("a@x.eml").decode().replace(end, "\n").rstrip("\n").endswith(body.rstrip("\n"))


class CountedReads(io.BytesIO):
    n = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self.n += 1
        return super().readline(size)


@pytest.mark.parametrize("lines", [b"From x\n", b"From x Mon Jan 1 1:00 2024\n", b"From x Mon Jan 1 1:00\nX: y\n"])
def test_lines_that_may_be_separators_cost_in_proportion(lines: bytes) -> None:
    file = CountedReads(b"From a Mon Jan 1 1:00:00 2024\nFrom: a\n\n" + 500 * lines)
    assert len(list(messages(file))) <= 2
    assert file.n < 4000


@pytest.mark.parametrize(
    "separator",
    [
        "\nFrom anna@x Mon Jun 01 10:00:00 +0000 2026",
        "\nFrom anna at x.org  Mon Jun  1 10:00 2026",
        "\nFrom MAILER-DAEMON Mon, 1 Jun 2026 10:00:00 GMT",
        "\nFrom otto@x 2026-06-01T10:00:00Z",
        "From otto@x Mon Jun  1 10:00:00 2026",  # of a program that writes no empty line
    ],
)
def test_messages_begin_at_separators_of_any_program(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "a.mbox"
    path.write_text(f"{_FIRST.format(chr(10) + 'One text.')}{separator}\n{_SECOND}")
    assert listing([parse_source(f"mbox:{path}")])["uri"].to_pylist() == ["a@x.eml", "b@x.eml"]


@pytest.mark.parametrize(("stated", "n"), [(None, 2), (0, 1), (-9, 2), (1000, 2)])
def test_a_stated_length_counts_if_a_separator_follows_it(tmp_path: Path, stated: int | None, n: int) -> None:
    """A message may hold another one, separator and all."""
    path, body = tmp_path / "a.mbox", f"Forwarded:\n\nFrom otto@x Mon Jun  1 10:00:00 2026\n{_SECOND}"
    length = "" if stated is None else f"Content-Length: {len(body) + stated}\n"
    whole = f"{_FIRST.format(length + chr(10) + body)}From otto@x Mon Jun  1 10:00:00 2026\nMessage-ID: <c@x>\n\nEnd.\n"
    path.write_text(whole)
    uris = listing([parse_source(f"mbox:{path}")])["uri"].to_pylist()
    assert uris == ["a@x.eml", "b@x.eml", "c@x.eml"][: n + 1] if n == 2 else uris == ["a@x.eml", "c@x.eml"]


def test_a_flag_of_a_mail_program_changes_no_message(tmp_path: Path) -> None:
    rig = MboxRig(tmp_path / "a.mbox")
    rig.put("a", "One text.\n")
    rig.settle()
    before = listing([parse_source(rig.url)]).to_pylist()
    rig.messages["a"] = f"Status: RO\nX-Status: A\n{rig.messages['a']}"
    rig.settle()
    assert listing([parse_source(rig.url)]).to_pylist() == before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_a_text_that_look_like_those_of_mail_programs_stay(tmp_path: Path, end: str) -> None:
    head = ["From a@b Mon Jan  1 00:00:00 2024", "Message-ID: <1@host>", "Status: RO"]
    lines = [*head, "", "Status: open", "Keywords: pumps", "", "End.", ""]
    (tmp_path / "a.mbox").write_bytes(end.join([*lines, ""]).encode())
    source = parse_source(f"mbox:{tmp_path}/a.mbox")
    assert listing([source])["uri"].to_pylist() == ["1@host.eml"]
    assert source.read("1@host.eml").split() == b"Message-ID: <1@host> Status: open Keywords: pumps End.".split()


def test_messages_with_one_id_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    rig = MboxRig(tmp_path / "a.mbox")
    rig.put("a", "One text.\n")
    rig.messages |= {"b": rig.messages["a"], "c": rig.messages["a"].replace("One", "Another")}
    rig.messages["d"] = f"{HEAD.format('x')}\nWithout an id, in ../.\n"
    rig.settle()
    source = parse_source(rig.url)
    uris = listing([source])["uri"].to_pylist()
    assert len(uris) == 3
    assert sum(b"Another text." in data for data in source.read_each(uris) if isinstance(data, bytes)) == 1


def test_folders_of_a_maildir_are_listed(tmp_path: Path) -> None:
    rig = MaildirRig(tmp_path / "mail")
    MaildirRig(tmp_path / "mail" / ".Sent").put("s", "Sent.\n")
    (rig.folder / "new" / "n.host").write_text(f"{HEAD.format('it')}\nNew.\n")
    source = parse_source(rig.url)
    assert listing([source])["uri"].to_pylist() == ["Sent/s.host.eml", "n.host.eml"]
    (rig.folder / "new" / "n.host").rename(rig.folder / "cur" / "n.host:2,S")
    assert listing([source])["uri"].to_pylist() == ["Sent/s.host.eml", "n.host.eml"]
    assert source.read("n.host.eml").endswith(b"New.\n")


def test_a_message_that_is_marked_as_deleted_is_gone_before_it_is_removed(
    tmp_path: Path, dovecot: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = MaildirRig(tmp_path / "mail")
    rig.put("a", "One text.\n")
    rig.put("b", "Another text.\n")
    (rig.folder / "cur" / "b.host:2,S").rename(rig.folder / "cur" / "b.host:2,ST")
    assert listing([parse_source(rig.url)])["uri"].to_pylist() == ["a.host.eml"]
    box = MboxRig(tmp_path / "a.mbox")
    for name, line in {"a": "X-Mozilla-Status: 0001", "b": "X-Mozilla-Status: 0009", "c": "X-Status: AD"}.items():
        box.put(name, "One text.\n")
        box.messages[name] = f"{line}\n{box.messages[name]}"
    box.settle()
    assert listing([parse_source(box.url)])["uri"].to_pylist() == [box.uri("a")]
    remote = ImapRig(dovecot, monkeypatch, "deleted")
    for name in ("a", "b"):
        remote.put(name, f"The text {name}.\n")
    (first, _) = listing([parse_source(remote.url)])["uri"].to_pylist()
    remote.server.uid("STORE", remote.uids["b"], "+FLAGS", r"(\Deleted)")
    assert listing([parse_source(remote.url)])["uri"].to_pylist() == [first]
    remote.server.uid("STORE", remote.uids["b"], "-FLAGS", r"(\Deleted)")
    assert len(listing([parse_source(remote.url)])) == 2


def test_names_in_a_maildir_may_be_no_utf_8(tmp_path: Path) -> None:
    rig = MaildirRig(tmp_path / "mail")
    MaildirRig(Path(os.fsdecode(os.fsencode(tmp_path / "mail") + b"/.Entw\xfcrfe"))).put("s", "Draft.\n")
    source = parse_source(rig.url)
    assert listing([source])["uri"].to_pylist() == ["Entw%5Cxfcrfe/s.host.eml"]
    assert source.read("Entw%5Cxfcrfe/s.host.eml").endswith(b"Draft.\n")


def test_what_is_no_mailbox_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mbox").write_text("no mailbox")
    with pytest.raises(UsageError, match="no mbox file"):
        listing([parse_source(f"mbox:{tmp_path}/a.mbox")])
    with pytest.raises(UsageError, match="no such source"):
        listing([parse_source(f"maildir:{tmp_path}")])
    with pytest.raises(UsageError, match="has the form imaps://USER@HOST/FOLDER"):
        listing([parse_source("imaps://host/INBOX")])
    source = parse_source(f"imap://me@127.0.0.1:{free_port()}/INBOX?starttls=0")
    monkeypatch.setattr(imap, "_RETRIES", Retries(n_attempts=2, first=0.01))
    with pytest.raises(TransientError, match="failed after"):
        listing([source])
