/* SPDX-License-Identifier: ISC */
/* What was read is written and read again: the same. Nobody gets a right from a damaged file. */
#include "wire/acl.h"

#include <assert.h>

#include "wire/imap_acl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct acl *one, struct arena *a)
{
    static struct acl two;
    auto_buf struct buf b;
    buf_init(&b, ACL_FILE_MAX * 4);
    acl_write(one, &b);
    acl_parse(buf_str(&b), a, &two);
    assert(!b.over && !two.damaged && one->n == two.n);
    for (size_t i = 0; i < one->n; i++)
        assert(one->at[i].kind == two.at[i].kind && one->at[i].negative == two.at[i].negative &&
               one->at[i].rights == two.at[i].rights && str_eq(one->at[i].name, two.at[i].name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acl acl;
    auto_arena struct arena *a = arena_new("fuzz", 16 << 20);
    str text = str_of(data, size);
    acl_parse(text, a, &acl);
    const struct acl_who ann = {S("ann"), false}, owner = {S("bob"), true};
    if (acl.damaged)
        assert(acl_rights(&acl, &ann) == 0);
    assert((acl_rights(&acl, &owner) & (ACL_LOOKUP | ACL_ADMIN)) == (ACL_LOOKUP | ACL_ADMIN));
    again(&acl, a);
    struct acl_entry e;
    if (!failed(acl_identifier(text, S("bob"), &e))) {
        e.rights = ACL_READ;
        auto_buf struct buf b;
        buf_init(&b, 1024);
        acl_identifier_write(&e, S("bob"), &b);
        struct acl_entry f;
        assert(!failed(acl_identifier(buf_str(&b), S("bob"), &f)));
        assert(e.kind == f.kind && e.negative == f.negative && str_eq(e.name, f.name));
        acl.damaged = false;
        if (!failed(acl_change(&acl, &e, ACL_SET)))
            again(&acl, a);
    }
    struct imap_reader r = {.rest = text, .arena = a};
    struct imap_acl_args args;
    (void)imap_setacl_args(&r, &args); /* total */
    r.rest = text;
    (void)imap_acl_args(&r, &args);
    return 0;
}
