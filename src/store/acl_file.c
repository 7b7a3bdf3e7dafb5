/* SPDX-License-Identifier: ISC */
#include "store/acl_file.h"

#include "os/file.h"

bool acl_file_read(int dir, const char *path, struct arena *a, struct acl *ret)
{
    struct stat st;
    str text = S("");
    ret->n = 0;
    ret->damaged = false;
    err e = file_stat(dir, path, &st);
    if (e.kind == ERR_NOTFOUND)
        return false;
    if (!failed(e) && !S_ISREG(st.st_mode)) /* a link could lead to a file of another's making */
        e = err_new(ERR_DENIED, "not a plain file");
    if (!failed(e))
        e = file_read(dir, path, ACL_FILE_MAX, a, &text);
    if (e.kind == ERR_NOTFOUND)
        return false;
    acl_parse(text, a, ret);
    ret->damaged |= failed(e);
    return true;
}

err acl_file_write(int dir, const char *path, const struct acl *acl)
{
    auto_buf struct buf b;
    buf_init(&b, ACL_FILE_MAX);
    acl_write(acl, &b);
    err e = buf_check(&b, "rights");
    return failed(e) ? e : file_replace(dir, path, buf_str(&b), 0600);
}
