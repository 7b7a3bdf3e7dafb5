/* SPDX-License-Identifier: ISC */
/* ctl/old_ezmlm_posts.c -- ezmlm-make, -send, -reject, -return, -warn, -weed. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ezmlm.h"
#include "list/bounce.h"
#include "list/make.h"
#include "list/post.h"
#include "list/weed.h"

/* Where the list programs of this house lie. */
static str programs_folder(struct ctl *c)
{
    const char *bin = getenv("EZMLM_BIN");
    if (bin && *bin)
        return str_from(bin);
    return strcmp(c->root, "/") == 0 ? S("/usr/local/ezmlm/bin")
                                     : arena_printf(c->arena, "%s/usr/local/ezmlm/bin", c->root);
}

/* As qmail-local will see it, from wherever this was called. */
static const char *absolute(struct ctl *c, const char *path)
{
    char here[PATH_MAX];
    if (*path == '/' || !getcwd(here, sizeof here))
        return path;
    return arena_printf(c->arena, "%s/%s", here, path).p;
}

static const char make_usage[] =
    "[-+] [-ABC…xyz] [-0123456789 ARGUMENT] DIR DOT LOCAL HOST [DIGESTCODE]";

/* Options are clusters of letters; a digit takes the next word (or what follows it). False: misuse.
 */
static bool make_options(struct make *m, int argc, char **argv, int *at)
{
    for (; *at < argc && argv[*at][0] == '-' && argv[*at][1]; ++*at) {
        const char *o = argv[*at] + 1;
        if (strcmp(o, "-") == 0) {
            ++*at;
            break;
        }
        for (; *o; o++) {
            if (*o == '+') {
                m->overwrite |= m->keep;
                m->edit = m->keep = true;
            } else if (*o == 'e') {
                m->overwrite |= m->edit;
                m->edit = true;
            } else if (char_is_digit(*o) || *o == 'C') {
                const char *value = o[1] ? o + 1 : ++*at < argc ? argv[*at] : NULL;
                if (!value)
                    return false;
                if (*o != 'C') /* the templates are built in: a file of them is not read */
                    m->args[*o - '0'] = str_from(value);
                break;
            } else if (*o >= 'a' && *o <= 'z') {
                m->on |= make_bit(*o);
                m->off &= ~make_bit(*o);
            } else if (*o >= 'A' && *o <= 'Z') {
                m->off |= make_bit(char_lower(*o));
                m->on &= ~make_bit(char_lower(*o));
            } else {
                return false;
            }
        }
    }
    return true;
}

int old_ezmlm_make(struct ctl *c, int argc, char **argv)
{
    struct make m = {.arena = c->arena, .bin = programs_folder(c)};
    const char *problem;
    int at = 1;
    if (!make_options(&m, argc, argv, &at))
        return ctl_usage(c, make_usage);
    int left = argc - at;
    if (m.edit && left == 1) { /* the rest stands in the directory */
        struct ezmlm z;
        int code;
        str dot;
        if (!ezmlm_open(&z, c, argv[at], 0, &code))
            return code;
        if (!list_value(&z.list, "dot", &dot))
            return ctl_fail(c, CTL_PERMANENT, "fatal: the list does not say where its links are");
        m.dir = absolute(c, argv[at]);
        m.dot = arena_cstr(c->arena, dot);
        m.local = z.list.outlocal;
        m.host = z.list.outhost;
    } else if (left == 4 || left == 5) {
        m.dir = absolute(c, argv[at]);
        m.dot = absolute(c, argv[at + 1]);
        m.local = str_from(argv[at + 2]);
        m.host = str_from(argv[at + 3]);
        m.digest_code = left == 5 ? str_from(argv[at + 4]) : S("");
    } else {
        return ctl_usage(c, make_usage);
    }
    if (strchr(m.dir, '\'') || strchr(m.dir, '\n'))
        return ctl_fail(c, CTL_PERMANENT, "fatal: a directory with such a name cannot be quoted");
    err e = list_make(&m, &problem);
    if (failed(e))
        return ctl_fail(c, e.kind == ERR_DENIED ? CTL_PERMANENT : CTL_TEMPORARY, "fatal: %s: %s",
                        problem, err_text(e));
    return CTL_OK;
}

int old_ezmlm_send(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+cClLrRqQh:H:s:")) != -1)
        if (k == '?')
            return ctl_usage(c, "[-rRlL] [-H HEADER] [-s LOW-HIGH] DIR");
    if (optind >= argc)
        return ctl_usage(c, "[-rRlL] [-H HEADER] [-s LOW-HIGH] DIR");
    if (!ezmlm_open(&z, c, argv[optind], EZMLM_MESSAGE, &code))
        return code;
    return ezmlm_exit(&z, list_post(&z.run));
}

int old_ezmlm_reject(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    struct post_rules r = {
        .subject = true, .to = true, .commands = true, .types = true, .bounces = true};
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+bBcCfFhHqQsStT")) != -1) {
        switch (k) {
        case 'b':
        case 'B':
            r.bounces = k == 'B'; /* -b lets bounces pass */
            break;
        case 'c':
        case 'C':
            r.commands = k == 'c';
            break;
        case 'f':
        case 'F':
            r.forward = k == 'f';
            break;
        case 'q':
        case 'Q':
            r.quiet = k == 'q';
            break;
        case 's':
        case 'S':
            r.subject = k == 's';
            break;
        case 't':
        case 'T':
            r.to = k == 't';
            break;
        case 'h':
        case 'H':
            r.types = k == 'h';
            break;
        default:
            return ctl_usage(c, "[-bBcCfFhHqQsStT] [DIR]");
        }
    }
    bool opened = optind < argc ? ezmlm_open(&z, c, argv[optind], EZMLM_MESSAGE, &code)
                                : ezmlm_begin(&z, c, EZMLM_MESSAGE, &code);
    return opened ? ezmlm_exit(&z, list_reject(&z.run, &r)) : code;
}

int old_ezmlm_return(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    bool digest = false;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+dD")) != -1) {
        if (k == '?')
            return ctl_usage(c, "[-dD] DIR");
        digest = k == 'd';
    }
    if (optind >= argc)
        return ctl_usage(c, "[-dD] DIR");
    if (!ezmlm_open(&z, c, argv[optind], EZMLM_MESSAGE | EZMLM_DEFAULT, &code))
        return code;
    list_set_sub(&z.list, digest ? S("digest") : S(""));
    struct verdict v = bounce_take(&z.run);
    if (v.code == 99 && z.list.generation == LIST_053)
        v.code = 0; /* 0.53's bouncer goes on with its next line */
    return ezmlm_exit(&z, v);
}

int old_ezmlm_warn(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    struct warn_options o = {.timeout = BOUNCE_TIMEOUT, .lockout = -1};
    bool digest = false;
    uint64_t number;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+dDl:t:")) != -1) {
        if (k == '?' ||
            (strchr("lt", k) && (!str_u64(str_from(optarg), &number) || number > 10'000'000)))
            return ctl_usage(c, "[-dD] [-l SECONDS] [-t DAYS] DIR");
        if (k == 'd' || k == 'D')
            digest = k == 'd';
        else if (k == 'l')
            o.lockout = (int64_t)number;
        else
            o.timeout = (int64_t)number * 86400;
    }
    if (optind >= argc)
        return ctl_usage(c, "[-dD] [-l SECONDS] [-t DAYS] DIR");
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    list_set_sub(&z.list, digest ? S("digest") : S(""));
    return ezmlm_exit(&z, bounce_warn(&z.run, &o));
}

int old_ezmlm_weed(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    unsigned flags = 0;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+sS")) != -1) {
        if (k == '?')
            return ctl_usage(c, "[-sS]");
        flags = k == 's' ? WEED_STRICT : 0;
    }
    if (!ezmlm_begin(&z, c, EZMLM_MESSAGE, &code))
        return code;
    return weed_is_chaff(z.run.message, flags) ? 99 : CTL_OK;
}
