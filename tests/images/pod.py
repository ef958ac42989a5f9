"""A process as a pod of ours has it, without a cluster: what Linux enforces there, it enforces here.

A read-only root; /tmp and /dev/shm to write into; a user of its own without capabilities, who gains none; no network.
"""

import subprocess

USER = 65532
SHARED_MEMORY = "1g"
MOUNTS = f"""
set -eu
root=$1 tmp=$2
shift 2
mount --bind "$root" "$root"
mount --bind "$tmp" "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777,size={SHARED_MEMORY} shm "$root/dev/shm"
for name in full null random urandom zero; do
    : > "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mount -o remount,bind,ro "$root/dev"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec={USER}:{USER} --groups= "$root" "$@"
"""


def run_in_pod(root, environment, tmp, *command):
    """Runs a command in an image's root folder, with the image's environment alone and `tmp` as /tmp."""
    inside = ["/usr/bin/env", "--ignore-environment", "--chdir=/tmp", *environment, *command]
    outside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "sh", "-c", MOUNTS, "sh"]
    return subprocess.run([*outside, root, tmp, *inside], text=True, capture_output=True)
