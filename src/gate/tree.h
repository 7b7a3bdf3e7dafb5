/* SPDX-License-Identifier: ISC */
/* gate/tree.h -- making and removing small directory trees; no symbolic link is ever followed. */
#pragma once
#include <sys/types.h>

#include "base/base.h"

enum { TREE_DEPTH_MAX = 16, TREE_FILE_MAX = 16 << 20 };

struct tree_owner {
    bool change;
    uid_t uid;
    gid_t gid;
};
/* Copies what is below `from` (files, directories, links; nothing else) into `to`. */
err tree_copy(int from, int to, const struct tree_owner *owner);
err tree_make_dir(int dir, const char *name, mode_t mode, const struct tree_owner *owner);
/* Not synced: who wants the tree to last syncs it as a whole (file_sync_all). */
err tree_make_file(int dir, const char *name, str text, mode_t mode,
                   const struct tree_owner *owner);
/* With all below it; that it is not there is fine. */
err tree_remove(int dir, const char *name);
