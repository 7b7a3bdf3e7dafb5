/* SPDX-License-Identifier: ISC */
#include "ctl/look.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

err look_at(int home, const char *name, struct dotqmail_file *ret)
{
    struct stat st;
    if (fstatat(home, name, &st, 0) == 0) {
        *ret = (struct dotqmail_file){S_ISREG(st.st_mode), st.st_mode, (uint64_t)st.st_size};
        return OK_ERR;
    }
    err e = err_sys("look at .qmail");
    if (e.sys == ENOENT || e.sys == ENOTDIR)
        e.kind = ERR_NOTFOUND;
    else if (e.sys == EACCES)
        e.kind = ERR_DENIED;
    return e;
}
