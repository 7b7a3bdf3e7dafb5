/* SPDX-License-Identifier: ISC */
/* ban/jail_load.c -- jail.conf, jail.d and jail.local to jail_defs. */
#include <stdlib.h>
#include <string.h>

#include "ban/jail.h"

/* What fail2ban calls itself in %(fail2ban_version)s. */
static const char version_spoken[] = "1.0.2";

struct loader {
    struct jails *jails;
    const struct conf_files *files;
    struct findings *findings;
    str config;
    struct jail_def *def;
    struct filter_reader reader;
    bool has_filter;
};

/* The options of a jail that its filter can refer to. */
static const char *const shared[] = {
    "enabled",    "backend",  "maxretry", "maxmatches",  "findtime",    "bantime", "ignorecommand",
    "ignoreself", "ignoreip", "filter",   "logtimezone", "logencoding", "logpath", "action",
};

static bool find_from_jail(void *ctx, str name, struct conf_text *ret)
{
    struct loader *l = ctx;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (str_eq(name, str_from(shared[i])))
            return !failed(conf_get(&l->jails->conf, l->def->name, name, NULL, ret));
    return false;
}

/* known/x is the filter's x; the rest is what fail2ban always knows. */
static bool find_known(void *ctx, str name, struct conf_text *ret)
{
    struct loader *l = ctx;
    struct arena *a = l->jails->arena;
    if (str_skip(&name, S("known/")))
        return l->has_filter && filter_option(&l->reader, name, ret);
    if (str_eq(name, S("fail2ban_version")))
        *ret = conf_text_of(str_from(version_spoken), l->def->place, a);
    else if (str_eq(name, S("fail2ban_confpath")))
        *ret = conf_text_of(l->config, l->def->place, a);
    else
        return false;
    return true;
}

static bool get(struct loader *l, const char *name, struct conf_text *ret)
{
    struct conf_scope scope = {l, find_known};
    return !failed(conf_get(&l->jails->conf, l->def->name, str_from(name), &scope, ret));
}

static str get_word(struct loader *l, const char *name, str otherwise)
{
    struct conf_text t;
    return get(l, name, &t) ? str_trim(t.s) : otherwise;
}

static void wrong(struct loader *l, const struct conf_text *t, const char *name, const char *remedy)
{
    finding_add(l->findings, FINDING_ERROR, conf_place_at(t, 0), remedy, "%s = %.*s", name,
                STR_ARG(str_slice(t->s, 0, 60)));
}

static unsigned get_count(struct loader *l, const char *name, unsigned otherwise)
{
    struct conf_text t;
    uint64_t n;
    if (!get(l, name, &t) || !str_trim(t.s).n)
        return otherwise;
    if (str_u64(str_trim(t.s), &n) && n < 1000000)
        return (unsigned)n;
    wrong(l, &t, name, "give a number");
    return otherwise;
}

static int64_t get_time(struct loader *l, const char *name, int64_t otherwise)
{
    struct conf_text t;
    int64_t s;
    if (!get(l, name, &t) || !str_trim(t.s).n)
        return otherwise;
    if (conf_duration(t.s, &s))
        return s;
    wrong(l, &t, name, "give a time: 600, 10m, 1h 30m, -1");
    return otherwise;
}

static void read_growth(struct loader *l, struct jail_growth *g)
{
    struct conf_text t;
    g->on = conf_bool(get_word(l, "bantime.increment", S("")));
    g->all_jails = conf_bool(get_word(l, "bantime.overalljails", S("")));
    g->factor = 1;
    if (get(l, "bantime.factor", &t) && str_trim(t.s).n) {
        g->factor = strtod(arena_cstr(l->jails->arena, str_trim(t.s)), NULL);
        if (!(g->factor > 0)) {
            wrong(l, &t, "bantime.factor", "give a number above 0");
            g->factor = 1;
        }
    }
    g->max_s = get_time(l, "bantime.maxtime", 0);
    g->random_s = get_time(l, "bantime.rndtime", 0);
    if (g->on && get(l, "bantime.formula", &t) && str_trim(t.s).n &&
        !str_starts(str_trim(t.s), S("ban.Time * (1<<(ban.Count")))
        finding_add(l->findings, FINDING_WARNING, conf_place_at(&t, 0),
                    "use bantime.multipliers instead",
                    "bantime.formula is Python and is not run: each ban is twice as long as the "
                    "one before");
    if (!get(l, "bantime.multipliers", &t))
        return;
    for (size_t i = 0; i < t.s.n;) {
        while (i < t.s.n && (char_is_space(t.s.p[i]) || t.s.p[i] == ',' || t.s.p[i] == '\n'))
            i++;
        size_t from = i;
        while (i < t.s.n && (char_is_digit(t.s.p[i]) || t.s.p[i] == '.'))
            i++;
        if (i > from) {
            vec_push(&g->multipliers,
                     strtod(arena_cstr(l->jails->arena, str_slice(t.s, from, i)), NULL));
        } else if (i < t.s.n) {
            wrong(l, &t, "bantime.multipliers", "give numbers, blanks between them");
            return;
        }
    }
}

static bool next_word(const struct conf_text *t, size_t *at, str *ret)
{
    while (*at < t->s.n && (t->s.p[*at] == ' ' || t->s.p[*at] == ',' || t->s.p[*at] == '\n'))
        ++*at;
    size_t from = *at;
    while (*at < t->s.n && t->s.p[*at] != ' ' && t->s.p[*at] != ',' && t->s.p[*at] != '\n')
        ++*at;
    *ret = str_trim(str_slice(t->s, from, *at));
    return *at > from;
}

static void add_ignored(struct loader *l, const struct conf_text *t, unsigned depth);

static void ignored_file(struct loader *l, str path, struct conf_place place)
{
    str text;
    if (!l->files->read(l->files->ctx, path, l->jails->arena, &text)) {
        finding_add(l->findings, FINDING_WARNING, place, "make the file, or take the entry out",
                    "ignoreip: %.*s cannot be read", STR_ARG(path));
        return;
    }
    struct conf_text inner = conf_text_of(text, (struct conf_place){path, 0}, l->jails->arena);
    add_ignored(l, &inner, 1);
}

static void add_ignored(struct loader *l, const struct conf_text *t, unsigned depth)
{
    size_t at = 0;
    str w;
    while (next_word(t, &at, &w)) {
        struct jail_net net;
        if (!w.n || w.p[0] == '#')
            continue;
        if (depth == 0 && str_starts(w, S("file:")))
            ignored_file(l, str_from_at(w, 5), conf_place_at(t, at - w.n));
        else if (jail_net_parse(w, &net))
            vec_push(&l->def->ignored_nets, net);
        else if (str_find(w, '/') >= 0)
            finding_add(l->findings, FINDING_WARNING, conf_place_at(t, at - w.n),
                        "write an address, a network or a name", "ignoreip: %.*s is none",
                        STR_ARG(str_slice(w, 0, 60)));
        else
            vec_push(&l->def->ignored_names, arena_copy(l->jails->arena, w));
    }
}

/* One glob a line, perhaps with " tail" or " head" behind it. */
static void read_logs(struct loader *l)
{
    struct conf_text t;
    if (!get(l, "logpath", &t))
        return;
    size_t at = 0;
    while (at < t.s.n) {
        str line, rest = str_from_at(t.s, at);
        (void)str_cut(rest, '\n', &line, &rest); /* the last one is all that is left */
        struct jail_log log = {.place = conf_place_at(&t, at)};
        at += line.n + 1;
        line = str_trim(line);
        ptrdiff_t space = str_rfind(line, ' ');
        log.tail = space > 0 && str_eq(str_from_at(line, (size_t)space + 1), S("tail"));
        if (space > 0)
            line = str_trim(str_slice(line, 0, (size_t)space));
        if (!line.n)
            continue;
        log.glob = arena_copy(l->jails->arena, line);
        vec_push(&l->def->logs, log);
    }
}

static bool action_there(struct loader *l, str name)
{
    struct arena *a = l->jails->arena;
    str text;
    return l->files->read(
               l->files->ctx,
               arena_printf(a, "%.*s/action.d/%.*s.conf", STR_ARG(l->config), STR_ARG(name)), a,
               &text) ||
           l->files->read(
               l->files->ctx,
               arena_printf(a, "%.*s/action.d/%.*s.local", STR_ARG(l->config), STR_ARG(name)), a,
               &text);
}

static void add_action(struct loader *l, const struct conf_text *one)
{
    struct conf_call call;
    struct jail_action action = {.call = *one, .kind = ACTION_COMMANDS};
    if (failed(conf_call_parse(l->findings, l->jails->arena, one, &call)))
        return;
    action.name = call.name;
    conf_call_done(&call);
    action.all_ports = str_find_str(action.name, S("allports")) >= 0;
    if (str_starts(action.name, S("nftables")) || str_starts(action.name, S("iptables")))
        action.kind = ACTION_NFTABLES;
    else if (str_ends(action.name, S(".py")))
        action.kind = ACTION_PYTHON;
    if (action.kind == ACTION_PYTHON)
        finding_add(l->findings, FINDING_WARNING, conf_place_at(one, 0),
                    "write the action as commands in action.d/NAME.conf",
                    "%.*s is a program in Python and is not run", STR_ARG(action.name));
    else if (action.kind == ACTION_COMMANDS && !action_there(l, action.name))
        finding_add(l->findings, FINDING_ERROR, conf_place_at(one, 0),
                    "put the file there, or name another action",
                    "there is no action.d/%.*s.conf (or .local)", STR_ARG(action.name));
    vec_push(&l->def->actions, action);
}

static void read_actions(struct loader *l)
{
    struct conf_text t;
    if (!get(l, "action", &t))
        return;
    size_t at = 0, from, to;
    while (conf_call_next(&t, &at, &from, &to)) {
        struct conf_text one = conf_text_slice(&t, from, to, l->jails->arena);
        add_action(l, &one);
    }
}

static void override(struct loader *l, const char *name, struct filter_text *to)
{
    struct conf_text t;
    if (get(l, name, &t))
        *to = (struct filter_text){true, t};
}

static void read_filter(struct loader *l)
{
    struct jail_def *d = l->def;
    struct conf_text call;
    if (!get(l, "filter", &call) || !str_trim(call.s).n) {
        finding_add(l->findings, FINDING_ERROR, d->place, "set filter = NAME",
                    "the jail has no filter");
        return;
    }
    struct conf_scope outer = {l, find_from_jail};
    l->has_filter = filter_read(&l->reader, l->jails->arena, l->files, l->findings, l->config,
                                &call, d->journal, &outer);
    d->filter_name = l->reader.call.name;
    if (!l->has_filter || !filter_resolve(&l->reader, &d->filter))
        return;
    override(l, "usedns", &d->filter.usedns);
    override(l, "prefregex", &d->filter.prefregex);
    override(l, "failregex", &d->filter.failregex);
    override(l, "ignoreregex", &d->filter.ignoreregex);
    override(l, "maxlines", &d->filter.maxlines);
    override(l, "datepattern", &d->filter.datepattern);
    override(l, "journalmatch", &d->filter.journalmatch);
}

static void read_options(struct loader *l)
{
    struct jail_def *d = l->def;
    struct conf_text t;
    d->backend = get_word(l, "backend", S("auto"));
    d->journal = str_starts(d->backend, S("systemd"));
    read_filter(l);
    d->maxretry = get_count(l, "maxretry", 5);
    d->maxmatches = get_count(l, "maxmatches", d->maxretry);
    d->findtime = get_time(l, "findtime", 600);
    d->bantime = get_time(l, "bantime", 600);
    d->port = get_word(l, "port", S(""));
    d->protocol = get_word(l, "protocol", S("tcp"));
    d->chain = get_word(l, "chain", S(""));
    d->zone = get_word(l, "logtimezone", S(""));
    d->encoding = get_word(l, "logencoding", S("auto"));
    d->ignorecommand = get_word(l, "ignorecommand", S(""));
    d->ignorecache = get_word(l, "ignorecache", S(""));
    d->ignoreself = conf_bool(get_word(l, "ignoreself", S("true")));
    if (get(l, "ignoreip", &t))
        add_ignored(l, &t, 0);
    read_growth(l, &d->growth);
    if (!d->journal)
        read_logs(l);
    read_actions(l);
    if (d->maxretry == 0)
        d->maxretry = 1;
}

static void load_one(struct loader *l, struct conf_section *s, bool all)
{
    struct arena *a = l->jails->arena;
    struct jail_def *d = NEW(a, struct jail_def);
    *d = (struct jail_def){.name = s->name, .place = s->place};
    l->def = d;
    l->findings->jail = s->name;
    vec_push(&l->jails->list, d);
    size_t before = l->findings->errors;
    d->enabled = conf_bool(get_word(l, "enabled", S("false")));
    if (d->enabled || all) {
        read_options(l);
        filter_reader_done(&l->reader);
        l->has_filter = false;
    }
    d->broken = s->broken || l->findings->errors > before;
    l->findings->jail = S("");
}

bool jails_load(struct jails *j, struct arena *a, const struct conf_files *files,
                struct findings *f, str config, bool all)
{
    *j = (struct jails){.arena = a};
    conf_init(&j->conf, a, files, f);
    if (!conf_load(&j->conf, arena_printf(a, "%.*s/jail", STR_ARG(config)))) {
        finding_add(f, FINDING_ERROR, (struct conf_place){config, 0},
                    "give the directory that holds jail.conf with --config",
                    "there is no jail.conf here");
        return false;
    }
    struct loader l = {.jails = j, .files = files, .findings = f, .config = config};
    for (struct conf_section *s = j->conf.sections; s; s = s->next)
        if (!str_eq(s->name, S("INCLUDES")) && !str_eq(s->name, S("Definition")) &&
            !str_starts(s->name, S("KNOWN/")))
            load_one(&l, s, all);
    return true;
}

void jails_done(struct jails *j)
{
    for (size_t i = 0; i < j->list.n; i++) {
        struct jail_def *d = j->list.at[i];
        vec_done(&d->logs);
        vec_done(&d->actions);
        vec_done(&d->ignored_nets);
        vec_done(&d->ignored_names);
        vec_done(&d->growth.multipliers);
    }
    vec_done(&j->list);
}

struct jail_def *jails_find(const struct jails *j, str name)
{
    for (size_t i = 0; i < j->list.n; i++)
        if (str_eq(j->list.at[i]->name, name))
            return j->list.at[i];
    return NULL;
}
