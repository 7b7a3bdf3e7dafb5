/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "os/file.h"
#include "people/gate_conf.h"

enum kind { TEXT, PATH, NUMBER, SWITCH };

static const struct setting {
    const char *name, *fallback;
    enum kind kind;
    size_t at;
    uint32_t least, most;
} settings[] = {
#define AT(field) offsetof(struct gate_settings, field)
    {"USE_USER_MODE", "1", SWITCH, AT(user_mode), 0, 0},
    {"USE_IP_MODE", "0", SWITCH, AT(ip_mode), 0, 0},
    {"DB_BASE", "/home/gate/userdb", PATH, AT(db_base), 0, 0},
    {"DB_IP_BASE", "/home/gate/ipdb", PATH, AT(db_ip_base), 0, 0},
    {"DB_PENDING", "pending", TEXT, AT(pending), 0, 0},
    {"DB_STABLE", "stable", TEXT, AT(stable), 0, 0},
    {"DB_DEFUNCT", "defunct", TEXT, AT(defunct), 0, 0},
    {"DBSERVER", "", TEXT, AT(db_server), 0, 0},
    {"USE_DAEMON", "0", SWITCH, AT(use_daemon), 0, 0},
    {"RSA_PUBKEY_AUTH", "0", SWITCH, AT(pubkey_auth), 0, 0},
    {"RSA_AUTHKEY_FILE", ".ssh/authorized_keys", TEXT, AT(authkey_file), 0, 0},
    {"UID_MIN", "1000", NUMBER, AT(uid_min), 1000, 4000000000},
    {"UID_MAX", "29999", NUMBER, AT(uid_max), 1000, 4000000000},
    {"MAX_REMOVE", "3", NUMBER, AT(max_remove), 0, 1000000},
    {"HELD_DAYS", "7", NUMBER, AT(held_days), 0, 10000},
    {"VALID_DAYS", "0", NUMBER, AT(valid_days), 0, 100000},
    {"WARN_DAYS", "30", NUMBER, AT(warn_days), 0, 10000},
    {"HOME_BASE", "/home", PATH, AT(home_base), 0, 0},
    {"SHELL", "/bin/bash", PATH, AT(shell), 0, 0},
    {"SKEL", "/etc/skel", PATH, AT(skel), 0, 0},
    {"ADMIN", "postmaster", TEXT, AT(admin), 0, 0},
    {"BASE_URL", "", TEXT, AT(base_url), 0, 0},
    {"IP_DOMAIN", "", TEXT, AT(ip_domain), 0, 0},
    {"ZONE_DIR", "/etc/bind/gate", PATH, AT(zone_dir), 0, 0},
    {"NAME_SERVERS", "", TEXT, AT(name_servers), 0, 0},
#undef AT
};

/* Perl's idea of false. */
static bool is_true(str v)
{
    return v.n > 0 && !str_eq(v, S("0"));
}

static err take_number(const struct setting *s, str v, uint32_t *ret)
{
    uint64_t n;
    if (!str_u64(v, &n) || n < s->least || n > s->most)
        return err_new(ERR_SYNTAX, "this number is out of its bounds");
    *ret = (uint32_t)n;
    return OK_ERR;
}

/* They end up in passwd lines and file names. */
static bool text_is_fine(str v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] < ' ' || v.p[i] == 0x7f)
            return false;
    return v.n <= 1000;
}

static bool path_is_fine(str v)
{
    return str_starts(v, S("/")) && str_find(v, ':') < 0 && str_find_str(v, S("/../")) < 0 &&
           !str_ends(v, S("/.."));
}

static err take_setting(const struct setting *s, str v, struct arena *a, struct gate_settings *out)
{
    char *to = (char *)out + s->at;
    if (s->kind == SWITCH) {
        bool on = is_true(v);
        memcpy(to, &on, sizeof on);
        return OK_ERR;
    }
    if (s->kind == NUMBER) {
        uint32_t n = 0;
        err e = take_number(s, v, &n);
        if (!failed(e))
            memcpy(to, &n, sizeof n);
        return e;
    }
    if (!text_is_fine(v) || (s->kind == PATH && !path_is_fine(v)))
        return err_new(ERR_SYNTAX,
                       s->kind == PATH ? "a full path is wanted" : "a plain text is wanted");
    str copy = arena_copy(a, v);
    memcpy(to, &copy, sizeof copy);
    return OK_ERR;
}

/* One folder of the database: a name, not a way to elsewhere. */
static bool folder_is_fine(str v)
{
    return v.n > 0 && str_find(v, '/') < 0 && v.p[0] != '.';
}

static str *copy_items(const struct gate_value *v, size_t each, struct arena *a, size_t *ret_n)
{
    *ret_n = v ? v->n / each : 0;
    str *out = NEW_N(a, str, *ret_n + 1);
    for (size_t i = 0; i < *ret_n; i++)
        out[i] = arena_copy(a, v->items[i * each]);
    return out;
}

static err check_together(const struct gate_settings *s, str *ret_name)
{
    if (s->uid_min > s->uid_max) {
        *ret_name = S("UID_MAX");
        return err_new(ERR_SYNTAX, "the range of user numbers is empty");
    }
    if (!folder_is_fine(s->pending) || !folder_is_fine(s->stable) || !folder_is_fine(s->defunct)) {
        *ret_name = S("DB_PENDING, DB_STABLE, DB_DEFUNCT");
        return err_new(ERR_SYNTAX, "a folder's name is wanted");
    }
    if (str_starts(s->authkey_file, S("/")) || str_find_str(s->authkey_file, S("..")) >= 0) {
        *ret_name = S("RSA_AUTHKEY_FILE");
        return err_new(ERR_SYNTAX, "a path below the home is wanted");
    }
    return OK_ERR;
}

err gate_settings_of(const struct gate_conf *conf, struct arena *a, struct gate_settings *ret,
                     str *ret_name)
{
    struct gate_settings s = {0};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        str name = str_from(settings[i].name);
        const struct gate_value *v = gate_conf_find(conf, '$', name);
        err e = take_setting(&settings[i], v ? v->items[0] : str_from(settings[i].fallback), a, &s);
        if (failed(e)) {
            *ret_name = name;
            return e;
        }
    }
    const struct gate_value *whole = gate_conf_find(conf, '$', S("SUDOERS_WHOLE"));
    const struct gate_value *port = gate_conf_find(conf, '$', S("GATEPORT"));
    uint64_t number = 0;
    if (port && (!str_u64(port->items[0], &number) || number > 65535)) {
        *ret_name = S("GATEPORT");
        return err_new(ERR_SYNTAX, "a port's number is wanted");
    }
    s.port = (uint16_t)number;
    s.sudoers = whole && is_true(whole->items[0]) ? GATE_SUDOERS_WHOLE : GATE_SUDOERS_OWN_FILE;
    s.share_hosts =
        copy_items(gate_conf_find(conf, '%', S("DB_SHARE_HOSTS")), 2, a, &s.share_hosts_n);
    s.dns_servers = copy_items(gate_conf_find(conf, '@', S("DNS_SERVERS")), 1, a, &s.dns_servers_n);
    err e = check_together(&s, ret_name);
    if (!failed(e))
        *ret = s;
    return e;
}

err gate_settings_load(int root_dir, struct arena *a, struct gate_settings *ret, str *ret_where)
{
    static const char *const files[] = {"etc/gate.conf", "etc/gate/gate-sys.conf",
                                        "etc/gate/gate-user.conf", "etc/gate/gate-ip.conf",
                                        "etc/gate/gate.conf"};
    struct gate_conf *conf = NEW(a, struct gate_conf);
    conf->arena = a;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        str text;
        unsigned line = 0;
        err e = file_read(root_dir, files[i], GATE_CONF_MAX, a, &text);
        if (e.kind == ERR_NOTFOUND)
            continue;
        if (!failed(e))
            e = gate_conf_read(conf, text, &line);
        if (failed(e)) {
            *ret_where = arena_printf(a, "%s:%u", files[i], line);
            return e;
        }
    }
    str name = S("");
    err e = gate_settings_of(conf, a, ret, &name);
    if (failed(e))
        *ret_where = arena_printf(a, "gate.conf: %.*s", STR_ARG(name));
    return e;
}
