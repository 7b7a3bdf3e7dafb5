# SPDX-License-Identifier: ISC
"""What a loss of power may leave of a recorded folder (test/power/recorder.c).

Model of the file system, weaker than ext4's on purpose:
  - what was written to a file is safe once that file was synced (or its file system), or not;
    of what was not, any sectors may be there, in any order, with the size or without;
  - a name (created, renamed, linked, removed) is safe once its directory was synced. A file's
    own sync does not make its name safe, and a directory's not its own name;
  - the unsynced names of one directory reach the disk in order, those of two directories in
    any order; but a rename never loses the file: the old name goes only when the new one is
    there. Both may be there.
"""
import bisect
import os
import random
import shutil
import stat
import struct

SECTOR = 512
HEAD = struct.Struct("<QQQQI")
RECORD = struct.Struct("<IHHQQQII")
WRITE, TRUNCATE, CREATE, RENAME, LINK, UNLINK, SYNC, SYNC_ALL, CHMOD, CHOWN, TIME = range(1, 12)
ATTRIBUTES = (CHMOD, CHOWN, TIME)
RECORDS_AT = 64


class Recording:
    """The shared file that the recorders write to."""

    def __init__(self, path, device, size=1 << 30):
        import mmap
        self.path = path
        with open(path, "wb") as f:
            f.truncate(size)
            f.write(HEAD.pack(RECORDS_AT, size, device, 0, 0))
        os.chmod(path, 0o666)
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), size)

    def now(self):
        return struct.unpack_from("<Q", self.map, 0)[0]

    def trouble(self):
        return struct.unpack_from("<Q", self.map, 24)[0]

    def records(self):
        """(offset, kind, a, b, c, bytes or None, name, second name) of each."""
        at, end = RECORDS_AT, self.now()
        while at < end:
            size, kind, n, a, b, c, data, n2 = RECORD.unpack_from(self.map, at)
            p = at + RECORD.size
            if kind == WRITE:
                yield at, kind, a, b, c, self.map[p:p + data] if data else None, "", ""
            else:
                name = os.fsdecode(self.map[p:p + n])
                yield at, kind, a, b, c, None, name, os.fsdecode(self.map[p + n:p + n + n2])
            at += size


class Inode:
    def __init__(self, mode, uid, gid, mtime=None, base=None):
        self.mode, self.uid, self.gid, self.mtime = mode, uid, gid, mtime
        self.base = base      # the file in the copy of the start, until something is written
        self.data = None      # what is safe
        self.pending = []     # (offset of record, kind, b, c, bytes)
        self.entries = {}     # of a directory: what is safe
        self.names = []       # (offset, "add" or "del", name, inode, the other directory or None)

    def is_dir(self):
        return stat.S_ISDIR(self.mode)

    def safe(self):
        if self.data is None:
            self.data = bytearray()
            if self.base:
                with open(self.base, "rb") as f:
                    self.data = bytearray(f.read())
        return self.data


def apply_write(data, at, bytes_, n):
    if at > len(data):
        data.extend(bytes(at - len(data)))
    data[at:at + n] = bytes_ if bytes_ is not None else bytes(n)


def apply_truncate(data, size):
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


class Disk:
    """Follows a recording from a start; says at any moment what is safe and what is not."""

    def __init__(self, live, copy):
        """live: the folder whose inodes the recording names; copy: its contents at the start."""
        self.by_number = {}
        self.root = self._load(live, copy)

    def _load(self, live, copy):
        st = os.lstat(live)
        if st.st_ino in self.by_number:
            return self.by_number[st.st_ino]  # a second name
        node = Inode(st.st_mode, st.st_uid, st.st_gid, st.st_mtime, copy)
        self.by_number[st.st_ino] = node
        if node.is_dir():
            for name in os.listdir(live):
                node.entries[name] = self._load(os.path.join(live, name), os.path.join(copy, name))
        return node

    def follow(self, record):
        at, kind, a, b, c, data, name, name2 = record
        if kind == CREATE:
            self._create(at, a, b, c, name)
        elif kind == SYNC_ALL:
            for node in set(self.by_number.values()):
                self._sync(node, b, False)
        elif kind == RENAME:
            source, target, node = self.by_number.get(a), self.by_number.get(b), self.by_number.get(c)
            if target and node:
                target.names.append((at, "add", name2, node, None))
                if source:
                    source.names.append((at, "del", name, node, target))
        elif a in self.by_number:
            node = self.by_number[a]
            if kind == LINK:
                if b in self.by_number:
                    node.names.append((at, "add", name, self.by_number[b], None))
            elif kind == UNLINK:
                node.names.append((at, "del", name, None, None))
            elif kind == SYNC:
                self._sync(node, b, bool(c))
            else:
                node.pending.append((at, kind, b, c, data))

    def _create(self, at, parent, number, mode, name):
        folder = self.by_number.get(parent)
        if not folder:
            self.by_number.pop(number, None)  # the number of something elsewhere now
            return
        uid = mode >> 32
        node = self.by_number[number] = Inode(mode & 0xffffffff, uid, uid)
        folder.names.append((at, "add", name, node, None))

    def _sync(self, node, began, data_only):
        if node.is_dir():
            self._sync_names(node, began)
        keep = []
        for op in node.pending:
            at, kind, b, c, data = op
            if at >= began or (data_only and kind in ATTRIBUTES):
                keep.append(op)
            else:
                apply_op(node, node if kind in ATTRIBUTES else node.safe(), kind, b, c, data)
        node.pending = keep

    def _sync_names(self, folder, began):
        while folder.names and folder.names[0][0] < began:
            at, what, name, node, other = folder.names.pop(0)
            if other:
                self._sync_names(other, at + 1)
            put_name(folder.entries, what, name, node)

    # ---- images ----

    def image(self, target, keep_data, keep_names, seed=0):
        """Writes what may be left below target, which is empty. keep_data: none, all, zeros,
        torn, some; keep_names: none, all, some. Returns how much was lost."""
        dice = random.Random(seed)
        kept, lost = self._choose_names(keep_names, dice)
        made = {}
        lost += self._write(self.root, target, kept, keep_data, dice, made)
        return lost

    def _choose_names(self, keep, dice):
        folders = [n for n in dict.fromkeys(self.by_number.values()) if n.is_dir() and n.names]
        kept = {}
        for f in folders:
            n = {"none": 0, "all": len(f.names), "some": dice.randint(0, len(f.names))}[keep]
            if 0 < n < len(f.names) and f.names[n][0] == f.names[n - 1][0]:
                n += 1  # within a directory a rename is one step
            kept[f] = n
        again = True
        while again:  # an old name goes only with the new one there
            again = False
            for f in folders:
                for at, what, _, _, other in f.names[:kept[f]]:
                    if what == "del" and other and other.names:
                        need = bisect.bisect_right([op[0] for op in other.names], at)
                        if other.names[0][0] <= at and kept[other] < need:
                            kept[other] = need
                            again = True
        return kept, sum(len(f.names) - kept[f] for f in folders)

    def _write(self, node, path, kept, keep_data, dice, made):
        if node in made and not node.is_dir():
            os.link(made[node], path)
            return 0
        made[node] = path
        if stat.S_ISLNK(node.mode):
            os.symlink(os.readlink(node.base), path)
            os.lchown(path, node.uid, node.gid)
            return 0
        if stat.S_ISDIR(node.mode):
            return self._write_folder(node, path, kept, keep_data, dice, made)
        if not stat.S_ISREG(node.mode):
            return 0  # sockets: made anew at a start
        lost = 0
        if node.data is None and not node.pending and node.base:
            if os.sep + "usr" + os.sep in node.base:  # programs: nobody writes to them
                os.link(node.base, path)
                return 0
            shutil.copyfile(node.base, path)
        else:
            left = surviving(node, keep_data, dice)
            with open(path, "wb") as f:
                f.write(left)
            lost = sum(1 for op in node.pending if op[1] in (WRITE, TRUNCATE)) if keep_data != "all" else 0
        self._attributes(node, path)
        return lost

    def _write_folder(self, node, path, kept, keep_data, dice, made):
        entries = dict(node.entries)
        for _, what, name, child, _ in node.names[:kept.get(node, 0)]:
            put_name(entries, what, name, child)
        os.makedirs(path, exist_ok=True)
        lost = 0
        for name, child in entries.items():
            lost += self._write(child, os.path.join(path, name), kept, keep_data, dice, made)
        self._attributes(node, path)
        return lost

    @staticmethod
    def _attributes(node, path):
        os.chown(path, node.uid, node.gid)
        os.chmod(path, stat.S_IMODE(node.mode))
        if node.mtime is not None:
            os.utime(path, (node.mtime, node.mtime))


def put_name(entries, what, name, node):
    if what == "add":
        entries[name] = node
    elif node is None or entries.get(name) is node:
        entries.pop(name, None)


def apply_op(node, data, kind, b, c, bytes_):
    if kind == WRITE:
        apply_write(data, b, bytes_, c)
    elif kind == TRUNCATE:
        apply_truncate(data, b)
    elif kind == CHMOD:
        node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(b)
    elif kind == CHOWN:
        node.uid, node.gid = b, c
    elif kind == TIME:
        node.mtime = b


def surviving(node, keep, dice):
    """A file's contents after the loss."""
    if keep == "none":
        return node.safe()
    data = bytearray(node.safe())
    ops = [op for op in node.pending if op[1] in (WRITE, TRUNCATE)]
    for i, (_, kind, b, c, bytes_) in enumerate(ops):
        if kind == TRUNCATE:
            if keep in ("all", "zeros", "torn") or dice.getrandbits(1):
                apply_truncate(data, b)
        elif keep == "all" or (keep == "torn" and i < len(ops) - 1):
            apply_write(data, b, bytes_, c)
        elif keep == "zeros":
            if b + c > len(data):
                apply_truncate(data, b + c)
        elif keep == "torn":
            n = dice.randint(0, c // SECTOR) * SECTOR
            apply_write(data, b, bytes_[:n] if bytes_ is not None else None, n)
        else:
            at = 0
            while at < c:
                n = min(SECTOR - (b + at) % SECTOR, c - at)
                if dice.getrandbits(1):
                    apply_write(data, b + at, bytes_[at:at + n] if bytes_ is not None else None, n)
                at += n
    return data
