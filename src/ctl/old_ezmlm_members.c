/* SPDX-License-Identifier: ISC */
/* ctl/old_ezmlm_members.c -- ezmlm-sub, -unsub, -list, -issubn, -checksub: members by hand, and
 * who is one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "ctl/ezmlm.h"
#include "list/bucket.h"
#include "list/members.h"

enum { INPUT_MAX = 256 << 20 };

struct change_run {
    struct ezmlm z;
    bool add, names;
    int bucket;
    const char *tag;
    str db;
    VEC(struct member_change) all;
};

/* "." is the list itself; an absolute or relative path below the directory is a part of it. */
static str part_of(const char *name)
{
    return strcmp(name, ".") == 0 ? S("") : str_from(name);
}

static bool note(struct change_run *r, str address)
{
    struct member_change c = {.add = r->add, .bucket = r->bucket};
    if (failed(member_normal(r->z.ctl->arena, address, &c.address))) {
        if (!r->add)
            return true; /* what cannot be there is not there */
        (void)ctl_fail(r->z.ctl, 0, "fatal: address does not contain @, or is too long: %.*s",
                       STR_ARG(address));
        return false;
    }
    vec_push(&r->all, c);
    return true;
}

/* Lines of standard input; with -n an address and the name behind it. */
static bool note_lines(struct change_run *r)
{
    str text, line, address, name;
    if (!ctl_read_stdin(r->z.ctl, INPUT_MAX, &text))
        return false;
    while (str_line(&text, &line)) {
        line = str_trim(line);
        if (!line.n || *line.p == '#')
            continue;
        address = line;
        if (r->names)
            (void)str_cut(line, ' ', &address, &name); /* no name: all is the address */
        if (!note(r, address))
            return false;
    }
    return true;
}

static void write_log(struct change_run *r)
{
    const char *event =
        arena_printf(r->z.ctl->arena, "%c%s", r->add ? '+' : '-', r->tag ? r->tag : "manual").p;
    for (size_t i = 0; i < r->all.n; i++)
        if (r->all.at[i].done)
            list_log(&r->z.list, r->db, r->z.run.now, event, r->all.at[i].address, S(""));
}

static int apply(struct change_run *r)
{
    struct members m;
    err e = members_open(r->z.list.dir, r->db, &m);
    if (failed(e))
        return ctl_fail_err(r->z.ctl, "fatal: unable to open the members", e);
    e = members_change(&m, r->all.at, r->all.n);
    members_close(&m);
    if (failed(e))
        return ctl_fail(r->z.ctl, CTL_TEMPORARY, "fatal: unable to write the members: %s",
                        err_text(e));
    write_log(r);
    return CTL_OK;
}

static int change(struct ctl *c, int argc, char **argv, bool add)
{
    const char *usage = "[-nN] [-h BUCKET] [-t TAG] DIR [DB] [ADDRESS …]";
    struct change_run r = {.add = add, .bucket = -1};
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+nNmMvVh:t:")) != -1) {
        if (k == '?')
            return ctl_usage(c, usage);
        r.names = k == 'n' || (r.names && k != 'N');
        r.tag = k == 't' ? optarg : r.tag;
        uint64_t bucket = 0;
        if (k == 'h' && (!str_u64(str_from(optarg), &bucket) || bucket >= BUCKETS))
            return ctl_usage(c, usage);
        r.bucket = k == 'h' ? (int)bucket : r.bucket;
    }
    if (optind >= argc)
        return ctl_usage(c, usage);
    if (!ezmlm_open(&r.z, c, argv[optind++], 0, &code))
        return code;
    if (optind < argc && !strchr(argv[optind], '@'))
        r.db = part_of(argv[optind++]);
    bool fine = optind < argc || note_lines(&r);
    for (; fine && optind < argc; optind++)
        fine = note(&r, str_from(argv[optind]));
    code = fine ? apply(&r) : CTL_PERMANENT;
    vec_done(&r.all);
    return code;
}

int old_ezmlm_sub(struct ctl *c, int argc, char **argv)
{
    return change(c, argc, argv, true);
}

int old_ezmlm_unsub(struct ctl *c, int argc, char **argv)
{
    return change(c, argc, argv, false);
}

struct listing {
    struct buf out;
    uint64_t n;
    bool count;
    bool broken;
    struct ctl *ctl;
};

static err show(void *ctx, str address)
{
    struct listing *l = ctx;
    l->n++;
    if (l->count)
        return OK_ERR;
    buf_addf(&l->out, "%.*s\n", STR_ARG(address));
    if (l->out.n < 60'000)
        return OK_ERR;
    l->broken |= !ctl_print(l->ctl, buf_str(&l->out));
    buf_reset(&l->out);
    return l->broken ? err_new(ERR_CLOSED, "write") : OK_ERR;
}

int old_ezmlm_list(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    struct listing l = {.ctl = c};
    struct members m;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+nNmMvV")) != -1) {
        if (k == '?')
            return ctl_usage(c, "[-nN] DIR [DB]");
        l.count = k == 'n' || (l.count && k != 'N');
    }
    if (optind >= argc)
        return ctl_usage(c, "[-nN] DIR [DB]");
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    str db = optind + 1 < argc ? part_of(argv[optind + 1]) : S("");
    err e = members_open(z.list.dir, db, &m);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to open the members", e);
    buf_init(&l.out, 1 << 17);
    e = members_each(&m, show, &l);
    members_close(&m);
    if (l.count)
        buf_addf(&l.out, "%llu\n", (unsigned long long)l.n);
    bool fine = !failed(e) && ctl_print(c, buf_str(&l.out));
    buf_done(&l.out);
    return fine ? CTL_OK : CTL_TEMPORARY;
}

/* SENDER stands in one of the parts named (or in the list itself). */
static err sender_in(struct ezmlm *z, char *const *dbs, bool *ret)
{
    static char own[] = ".";
    char *alone[] = {own, NULL};
    err e = OK_ERR;
    *ret = false;
    for (char *const *db = *dbs ? dbs : alone; *db && !*ret && !failed(e); db++) {
        struct members m;
        err missing = members_open(z->list.dir, part_of(*db), &m);
        if (missing.kind == ERR_NOTFOUND)
            continue; /* a part that the list does not have */
        if (failed(missing))
            return missing;
        *ret = members_covers(&m, z->run.sender, &e);
        members_close(&m);
    }
    return e;
}

static int ask(struct ctl *c, int argc, char **argv, bool *ret_found, bool *ret_turned)
{
    struct ezmlm z;
    int k, code;
    *ret_turned = false;
    optind = 1;
    while ((k = getopt(argc, argv, "+nN")) != -1) {
        if (k == '?')
            return ctl_usage(c, "[-nN] DIR [DB …]");
        *ret_turned = k == 'n';
    }
    if (optind >= argc)
        return ctl_usage(c, "[-nN] DIR [DB …]");
    if (!ezmlm_open(&z, c, argv[optind], EZMLM_SENDER, &code))
        return code;
    err e = sender_in(&z, argv + optind + 1, ret_found);
    return failed(e)
               ? ctl_fail(c, CTL_TEMPORARY, "fatal: unable to read the members: %s", err_text(e))
               : CTL_OK;
}

int old_ezmlm_issubn(struct ctl *c, int argc, char **argv)
{
    bool found, turned;
    int code = ask(c, argc, argv, &found, &turned);
    return code ? code : found != turned ? CTL_OK : 99;
}

int old_ezmlm_checksub(struct ctl *c, int argc, char **argv)
{
    bool found, turned;
    int code = ask(c, argc, argv, &found, &turned);
    if (code || found != turned)
        return code;
    return ctl_fail(c, CTL_PERMANENT, "%s",
                    turned ? "Sorry, I've been told to reject your posts (#5.7.2)"
                           : "Sorry, only subscribers may post (#5.7.2)");
}
