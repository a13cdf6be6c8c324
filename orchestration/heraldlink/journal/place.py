# SPDX-License-Identifier: Apache-2.0
"""Where a journal lies: file systems over a network may lose locks and synced writes."""

from pathlib import Path

NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gpfs", "glusterfs", "fuse.sshfs", "davfs")
MOUNTS = Path("/proc/self/mountinfo")


def file_system(path: Path, mounts: str) -> str:
    """Type of the file system that holds an absolute path; ``mounts`` is the text of /proc/self/mountinfo."""
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")  # spaces are written \040
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def warning(path: Path, mounts: str) -> str:
    """A sentence if the journal lies on a network file system, else nothing."""
    kind = file_system(path, mounts)
    if not kind.startswith(NETWORK):
        return ""
    return (
        f"journal {path} lies on a network file system ({kind}): locks and synced writes may be lost there; "
        "set data_directory to a local disk"
    )


def warning_here(path: Path) -> str:
    """The warning for a path of this machine; nothing where the system has no list of mounts."""
    return warning(path.absolute().resolve(), MOUNTS.read_text()) if MOUNTS.exists() else ""
