import pytest

from longtake.doctor.cgroup import Cgroup, read_cgroup


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def membership(tmp_path):
    return tmp_path / "membership"


def test_a_container_of_version_2_sees_its_limits_at_the_root(tmp_path, membership):
    membership.write_text("0::/\n")
    write(tmp_path, cpu_dot_max="150000 100000", memory_dot_max=str(2 << 30))
    assert read_cgroup(tmp_path, membership) == Cgroup(1.5, 2 << 30)


def test_of_a_cgroup_and_those_above_it_the_tightest_limit_counts(tmp_path, membership):
    membership.write_text("0::/pods/one\n")
    write(tmp_path, pods__cpu_dot_max="200000 100000", pods__one__cpu_dot_max="max 100000")
    write(tmp_path, pods__memory_dot_max=str(8 << 30), pods__one__memory_dot_max=str(4 << 30))
    assert read_cgroup(tmp_path, membership) == Cgroup(2.0, 4 << 30)


def test_version_1_has_a_folder_for_each_controller_and_the_path_may_be_the_host_s(tmp_path, membership):
    membership.write_text("5:memory:/kubepods/pod1\n4:cpu,cpuacct:/kubepods/pod1\n1:name=systemd:/x\n")
    write(tmp_path / "cpu,cpuacct", cpu_dot_cfs_quota_us="400000", cpu_dot_cfs_period_us="100000")
    write(tmp_path / "memory", memory_dot_limit_in_bytes=str(1 << 30))
    assert read_cgroup(tmp_path, membership) == Cgroup(4.0, 1 << 30)


def test_no_limit_is_none_in_either_version(tmp_path, membership):
    membership.write_text("5:memory:/\n4:cpu:/\n0::/../elsewhere\n")
    write(tmp_path, cpu_dot_max="max 100000", memory_dot_max="max")
    write(tmp_path / "cpu", cpu_dot_cfs_quota_us="-1", cpu_dot_cfs_period_us="100000")
    write(tmp_path / "memory", memory_dot_limit_in_bytes=str(9_223_372_036_854_771_712))
    assert read_cgroup(tmp_path, membership) == Cgroup(None, None)


def test_a_system_without_cgroups_has_no_limits(tmp_path):
    assert read_cgroup(tmp_path, tmp_path / "absent") == Cgroup(None, None)
