/* SPDX-License-Identifier: ISC */
#include "control/show.h"

#include "control/names.h"
#include "control/schema.h"
#include "os/file.h"

enum show_kind { SHOW_LINE, SHOW_ME_LINE, SHOW_NUMBER, SHOW_LIST };

struct show_item {
    const char *name;
    enum show_kind kind;
    const char *fallback; /* list: the whole sentence */
    const char *before, *after;
};

/* In qmail-showctl's order; after, lines and numbers end in a full stop of their own. */
static const struct show_item items[] = {
    {"badmailfrom", SHOW_LIST, "Any MAIL FROM is allowed.", "", " not accepted in MAIL FROM."},
    {"bouncefrom", SHOW_LINE, "MAILER-DAEMON", "Bounce user name is ", ""},
    {"bouncehost", SHOW_ME_LINE, "bouncehost", "Bounce host name is ", ""},
    {"concurrencylocal", SHOW_NUMBER, "10", "Local concurrency is ", ""},
    {"concurrencyremote", SHOW_NUMBER, "20", "Remote concurrency is ", ""},
    {"databytes", SHOW_NUMBER, "0", "SMTP DATA limit is ", " bytes"},
    {"defaultdomain", SHOW_ME_LINE, "defaultdomain", "Default domain name is ", ""},
    {"defaulthost", SHOW_ME_LINE, "defaulthost", "Default host name is ", ""},
    {"doublebouncehost", SHOW_ME_LINE, "doublebouncehost", "2B recipient host: ", ""},
    {"doublebounceto", SHOW_LINE, "postmaster", "2B recipient user: ", ""},
    {"envnoathost", SHOW_ME_LINE, "envnoathost", "Presumed domain name is ", ""},
    {"helohost", SHOW_ME_LINE, "helohost", "SMTP client HELO host name is ", ""},
    {"idhost", SHOW_ME_LINE, "idhost", "Message-ID host name is ", ""},
    {"localiphost", SHOW_ME_LINE, "localiphost", "Local IP address becomes ", ""},
    {"locals", SHOW_LIST, "Messages for me are delivered locally.", "Messages for ",
     " are delivered locally."},
    {"me", SHOW_LINE, "undefined! Uh-oh", "My name is ", ""},
    {"percenthack", SHOW_LIST, "The percent hack is not allowed.",
     "The percent hack is allowed for user%host@", "."},
    {"plusdomain", SHOW_ME_LINE, "plusdomain", "Plus domain name is ", ""},
    {"qmqpservers", SHOW_LIST, "No QMQP servers.", "QMQP server: ", "."},
    {"queuelifetime", SHOW_NUMBER, "604800", "Message lifetime in the queue is ", " seconds"},
    {"rcpthosts", SHOW_LIST, "SMTP clients may send messages to any recipient.",
     "SMTP clients may send messages to recipients at ", "."},
    {"morercpthosts", SHOW_LIST, "No effect.", "SMTP clients may send messages to recipients at ",
     "."},
    {"morercpthosts.cdb", SHOW_LIST, NULL, NULL, NULL},
    {"smtpgreeting", SHOW_ME_LINE, "smtpgreeting", "SMTP greeting: 220 ", ""},
    {"smtproutes", SHOW_LIST, "No artificial SMTP routes.", "SMTP route: ", ""},
    {"timeoutconnect", SHOW_NUMBER, "60", "SMTP client connection timeout is ", " seconds"},
    {"timeoutremote", SHOW_NUMBER, "1200", "SMTP client data timeout is ", " seconds"},
    {"timeoutsmtpd", SHOW_NUMBER, "1200", "SMTP server data timeout is ", " seconds"},
    {"virtualdomains", SHOW_LIST, "No virtual domains.", "Virtual domain: ", ""},
};

/* Without rcpthosts these are the words for morercpthosts. */
static const struct show_item irrelevant = {
    "morercpthosts", SHOW_LIST, "No rcpthosts; morercpthosts is irrelevant.",
    "No rcpthosts; doesn't matter that morercpthosts has ", "."};

struct show {
    int control;
    struct arena *a;
    struct buf *out;
    bool has_me, has_rcpthosts;
    str me;
};

enum there { ABSENT, PRESENT, TROUBLE };

static enum there read_control(struct show *s, const char *name, str *ret_text)
{
    err e = file_read(s->control, name, CONTROL_FILE_MAX, s->a, ret_text);
    return e.kind == ERR_NOTFOUND ? ABSENT : failed(e) ? TROUBLE : PRESENT;
}

static void add_safe(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++)
        buf_addc(out, text.p[i] < 32 || text.p[i] > 126 ? '?' : text.p[i]);
}

static void show_line(struct show *s, const struct show_item *item, enum there there, str text)
{
    str line = line_first(text);
    if (there == ABSENT) {
        buf_add(s->out, S("(Default.) "));
        line = item->kind == SHOW_ME_LINE && s->has_me ? s->me : str_from(item->fallback);
    }
    buf_add(s->out, str_from(item->before));
    add_safe(s->out, line);
    buf_add(s->out, S(".\n"));
}

/* qmail reads into an int: what is negative there is shown as 0. */
static void show_number(struct show *s, const struct show_item *item, enum there there, str text)
{
    str line = line_first(text);
    uint64_t v = 0;
    bool is_number = there == PRESENT && line.n && char_is_digit(line.p[0]);
    if (is_number && (!str_take_u64(&line, &v) || v > INT32_MAX))
        v = (int32_t)(uint32_t)v < 0 ? 0 : (uint64_t)(uint32_t)v;
    if (is_number)
        buf_addf(s->out, "%s%llu%s.\n", item->before, (unsigned long long)v, item->after);
    else
        buf_addf(s->out, "(Default.) %s%s%s.\n", item->before, item->fallback, item->after);
}

static void show_list(struct show *s, const struct show_item *item, enum there there, str text)
{
    if (there == ABSENT) {
        buf_addf(s->out, "(Default.) %s\n", item->fallback);
        return;
    }
    struct names n = names_parse(text, false, s->a);
    buf_addc(s->out, '\n');
    for (size_t i = 0; i < n.n; i++) {
        buf_add(s->out, str_from(item->before));
        add_safe(s->out, n.at[i].key);
        buf_addf(s->out, "%s\n", item->after);
    }
}

static void show_morercpthosts_cdb(struct show *s)
{
    struct stat text, cdb;
    bool has_text = !failed(file_stat(s->control, "morercpthosts", &text));
    bool has_cdb = !failed(file_stat(s->control, "morercpthosts.cdb", &cdb));
    const char *words = "Modified recently enough; hopefully up to date.";
    if (!has_text && !has_cdb)
        words = "(Default.) No effect.";
    else if (!has_text)
        words = "Oops! morercpthosts.cdb exists but morercpthosts doesn't.";
    else if (!has_cdb)
        words = "Oops! morercpthosts exists but morercpthosts.cdb doesn't.";
    else if (text.st_mtime > cdb.st_mtime)
        words = "Oops! morercpthosts.cdb is older than morercpthosts.";
    buf_addf(s->out, "%s\n", words);
}

static void show_one(struct show *s, const struct show_item *item)
{
    str text = {0};
    str name = str_from(item->name);
    buf_addf(s->out, "\n%s: ", item->name);
    if (str_eq(name, S("morercpthosts.cdb"))) {
        show_morercpthosts_cdb(s);
        return;
    }
    if (str_eq(name, S("morercpthosts")) && !s->has_rcpthosts)
        item = &irrelevant;
    enum there there = read_control(s, item->name, &text);
    if (str_eq(name, S("rcpthosts")))
        s->has_rcpthosts = there != ABSENT;
    if (there == TROUBLE)
        buf_add(s->out, S("Oops! Trouble reading this file.\n"));
    else if (item->kind == SHOW_LIST)
        show_list(s, item, there, text);
    else if (item->kind == SHOW_NUMBER)
        show_number(s, item, there, text);
    else
        show_line(s, item, there, text);
}

static err show_unknown(void *ctx, const struct dir_entry *e)
{
    struct show *s = ctx;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        if (str_eq(e->name, str_from(items[i].name)))
            return OK_ERR;
    buf_addf(s->out, "\n%.*s: I have no idea what this file does.\n", STR_ARG(e->name));
    return OK_ERR;
}

static void show_constants(const struct showctl_ids *ids, struct buf *out)
{
    buf_add(out, S("qmail home directory: /var/qmail.\n"
                   "user-ext delimiter: -.\n"
                   "paternalism (in decimal): 2.\n"
                   "silent concurrency limit: 120.\n"
                   "subdirectory split: 23.\n"
                   "user ids: "));
    for (size_t i = 0; i < 8; i++)
        buf_addf(out, "%s%llu", i ? ", " : "", (unsigned long long)ids->uids[i]);
    buf_addf(out, ".\ngroup ids: %llu, %llu.\n", (unsigned long long)ids->gids[0],
             (unsigned long long)ids->gids[1]);
}

int showctl(int root, const struct showctl_ids *ids, struct buf *out)
{
    show_constants(ids, out);
    auto_fd int home = -1;
    auto_fd int control = -1;
    if (failed(dir_open(root, "var/qmail", &home))) {
        buf_add(out, S("Oops! Unable to chdir to /var/qmail.\n"));
        return 111;
    }
    if (failed(dir_open(home, "control", &control))) {
        buf_add(out, S("Oops! Unable to chdir to control.\n"));
        return 111;
    }
    auto_arena struct arena *a = arena_new("showctl", (size_t)2 << 30);
    struct show s = {.control = control, .a = a, .out = out};
    str me = {0};
    enum there there = read_control(&s, "me", &me);
    if (there == TROUBLE) {
        buf_add(out, S("Oops! Trouble reading control/me."));
        return 111;
    }
    s.has_me = there == PRESENT;
    s.me = line_first(me);
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        show_one(&s, &items[i]);
    if (failed(dir_each(control, ".", show_unknown, &s)))
        return 111;
    return 0;
}
