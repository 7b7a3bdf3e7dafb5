/* SPDX-License-Identifier: ISC */
/* ban/jail_files.h -- configuration files from the disk, for ban/jail_conf.h. */
#pragma once
#include "ban/jail_conf.h"

/* Paths are taken as they are. Files that cannot be read become findings. */
struct jail_files {
    struct conf_files files;
    struct findings *findings;
};
void jail_files_init(struct jail_files *f, struct findings *findings);
