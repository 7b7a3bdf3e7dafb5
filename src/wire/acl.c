/* SPDX-License-Identifier: ISC */
#include "wire/acl.h"

#include <string.h>

static const struct {
    char letter;
    unsigned right;
    str word; /* Dovecot's */
} rights_table[] = {
    /* clang-format off */
    {'l', ACL_LOOKUP, S("lookup")},
    {'r', ACL_READ, S("read")},
    {'w', ACL_WRITE, S("write")},
    {'s', ACL_SEEN, S("write-seen")},
    {'t', ACL_DELETED, S("write-deleted")},
    {'i', ACL_INSERT, S("insert")},
    {'p', ACL_POST, S("post")},
    {'e', ACL_EXPUNGE, S("expunge")},
    {'k', ACL_CREATE, S("create")},
    {'x', ACL_DELETE_BOX, S("delete")},
    {'a', ACL_ADMIN, S("admin")},
    /* clang-format on */
};
enum { N_RIGHTS = sizeof rights_table / sizeof rights_table[0] };

static const struct {
    str word;
    enum acl_kind kind;
    bool named;
} kinds[] = {
    {S("anyone"), ACL_ANYONE, false},
    {S("anonymous"), ACL_ANYONE, false},
    {S("authenticated"), ACL_AUTHENTICATED, false},
    {S("owner"), ACL_OWNER, false},
    {S("user="), ACL_USER, true},
    {S("group-override="), ACL_GROUP_OVERRIDE, true},
    {S("group="), ACL_GROUP, true},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static bool name_is_good(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < ' ' || name.p[i] == 127)
            return false;
    return name.n > 0 && name.n <= ACL_NAME_MAX;
}

/* ---- the file ---- */

/* A word, or what is between double quotes with its backslashes undone. */
static bool take_identifier(str *line, struct arena *a, str *ret)
{
    if (!str_skip(line, S("\""))) {
        ptrdiff_t space = str_find(*line, ' ');
        size_t n = space < 0 ? line->n : (size_t)space;
        *ret = str_slice(*line, 0, n);
        *line = str_from_at(*line, n);
        return n > 0;
    }
    char *p = arena_alloc(a, line->n + 1, 1);
    size_t n = 0, i = 0;
    for (; i < line->n && line->p[i] != '"'; i++) {
        if (line->p[i] == '\\' && ++i == line->n)
            return false;
        p[n++] = line->p[i];
    }
    if (i == line->n)
        return false;
    *line = str_from_at(*line, i + 1);
    *ret = str_of(p, n);
    return n > 0;
}

static bool read_identifier(str text, struct acl_entry *ret)
{
    ret->negative = str_skip(&text, S("-"));
    for (size_t i = 0; i < N_KINDS; i++) {
        if (kinds[i].named ? !str_skip(&text, kinds[i].word) : !str_eq(text, kinds[i].word))
            continue;
        ret->kind = kinds[i].kind;
        ret->name = kinds[i].named ? text : S("");
        return !kinds[i].named || name_is_good(text);
    }
    return false;
}

static bool read_words(str text, unsigned *rights)
{
    while (text.n) {
        str word;
        (void)str_cut(text, ' ', &word, &text); /* the last one has no space */
        size_t i = 0;
        while (i < N_RIGHTS && !str_eq(word, rights_table[i].word))
            i++;
        if (word.n && i == N_RIGHTS)
            return false;
        *rights |= word.n ? rights_table[i].right : 0;
    }
    return true;
}

static bool read_line(str line, struct arena *a, struct acl_entry *ret)
{
    str identifier;
    *ret = (struct acl_entry){0};
    if (!take_identifier(&line, a, &identifier) || !read_identifier(identifier, ret) ||
        (line.n && line.p[0] != ' '))
        return false;
    str letters, words = S("");
    (void)str_cut(str_trim(line), ':', &letters, &words); /* without words: all letters */
    return !failed(acl_letters(str_trim(letters), &ret->rights)) &&
           read_words(str_trim(words), &ret->rights);
}

void acl_parse(str text, struct arena *a, struct acl *ret)
{
    str line;
    ret->n = 0;
    ret->damaged = false;
    while (str_line(&text, &line)) {
        struct acl_entry one;
        line = str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        if (ret->n == ACL_ENTRIES_MAX || !read_line(line, a, &one))
            ret->damaged = true;
        else
            ret->at[ret->n++] = one;
    }
}

static str word_of(enum acl_kind kind)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (kinds[i].kind == kind)
            return kinds[i].word;
    return S("");
}

void acl_write(const struct acl *acl, struct buf *b)
{
    for (size_t i = 0; i < acl->n; i++) {
        const struct acl_entry *e = &acl->at[i];
        bool quoted = str_find(e->name, ' ') >= 0 || str_find(e->name, '"') >= 0 ||
                      str_find(e->name, '\\') >= 0;
        if (quoted)
            buf_addc(b, '"');
        if (e->negative)
            buf_addc(b, '-');
        buf_add(b, word_of(e->kind));
        for (size_t k = 0; k < e->name.n; k++) {
            if (quoted && (e->name.p[k] == '"' || e->name.p[k] == '\\'))
                buf_addc(b, '\\');
            buf_addc(b, e->name.p[k]);
        }
        if (quoted)
            buf_addc(b, '"');
        buf_addc(b, ' ');
        acl_letters_write(e->rights, ACL_LETTERS_NEW, b);
        buf_addc(b, '\n');
    }
}

/* ---- what it comes to ---- */

static bool is_meant(const struct acl_entry *e, const struct acl_who *who)
{
    switch (e->kind) {
    case ACL_ANYONE:
    case ACL_AUTHENTICATED:
        return true;
    case ACL_OWNER:
        return who->is_owner;
    case ACL_USER:
        return str_eq(e->name, who->name);
    case ACL_GROUP:
    case ACL_GROUP_OVERRIDE:
        return e->negative && !who->is_owner;
    }
    return false;
}

unsigned acl_rights(const struct acl *acl, const struct acl_who *who)
{
    if (acl == NULL || acl->damaged)
        return who->is_owner ? ACL_ALL : 0;
    unsigned rights = 0;
    for (unsigned kind = ACL_ANYONE; kind <= ACL_GROUP_OVERRIDE; kind++) {
        bool said = false;
        unsigned gives = 0, takes = 0;
        for (size_t i = 0; i < acl->n; i++) {
            const struct acl_entry *e = &acl->at[i];
            if (e->kind != kind || !is_meant(e, who))
                continue;
            said |= !e->negative;
            gives |= e->negative ? 0 : e->rights;
            takes |= e->negative ? e->rights : 0;
        }
        if (kind == ACL_OWNER && who->is_owner && !said)
            gives = ACL_ALL;
        rights = (rights | gives) & ~takes;
    }
    return who->is_owner ? rights | ACL_LOOKUP | ACL_ADMIN : rights;
}

/* ---- changes ---- */

err acl_change(struct acl *acl, const struct acl_entry *entry, enum acl_op op)
{
    if (entry->name.n && !name_is_good(entry->name))
        return err_new(ERR_SYNTAX, "not an identifier");
    size_t i = 0;
    while (i < acl->n &&
           (acl->at[i].kind != entry->kind || acl->at[i].negative != entry->negative ||
            !str_eq(acl->at[i].name, entry->name)))
        i++;
    unsigned old = i < acl->n ? acl->at[i].rights : 0;
    if (i == acl->n && entry->kind == ACL_OWNER && !entry->negative)
        old = ACL_ALL; /* what he has without a line */
    unsigned rights = op == ACL_SET   ? entry->rights
                      : op == ACL_ADD ? old | entry->rights
                                      : old & ~entry->rights;
    if (!rights && (entry->kind != ACL_OWNER || entry->negative)) {
        if (i < acl->n) {
            memmove(&acl->at[i], &acl->at[i + 1], (acl->n - i - 1) * sizeof acl->at[0]);
            acl->n--;
        }
        return OK_ERR;
    }
    if (i == ACL_ENTRIES_MAX)
        return err_new(ERR_LIMIT, "too many identifiers have rights there");
    acl->at[i] = *entry;
    acl->at[i].rights = rights;
    acl->n += i == acl->n;
    return OK_ERR;
}

/* ---- IMAP's spelling ---- */

err acl_identifier(str text, str owner, struct acl_entry *ret)
{
    *ret = (struct acl_entry){.negative = str_skip(&text, S("-"))};
    if (str_eq(text, S("anyone")) || str_eq(text, S("anonymous")))
        ret->kind = ACL_ANYONE;
    else if (str_eq(text, S("authenticated")))
        ret->kind = ACL_AUTHENTICATED;
    else if (str_eq(text, S("owner")) || str_eq(text, owner))
        ret->kind = ACL_OWNER;
    else
        ret->kind = str_skip(&text, S("$"))    ? ACL_GROUP
                    : str_skip(&text, S("!$")) ? ACL_GROUP_OVERRIDE
                                               : ACL_USER;
    if (ret->kind != ACL_USER && ret->kind != ACL_GROUP && ret->kind != ACL_GROUP_OVERRIDE)
        return OK_ERR;
    ret->name = text;
    /* '#' is for identifiers that servers invent; a second '-' could not be told from the first. */
    bool odd = text.n > 0 && (text.p[0] == '#' || text.p[0] == '-');
    return name_is_good(text) && !odd ? OK_ERR : err_new(ERR_SYNTAX, "not an identifier");
}

void acl_identifier_write(const struct acl_entry *e, str owner, struct buf *b)
{
    if (e->negative)
        buf_addc(b, '-');
    switch (e->kind) {
    case ACL_ANYONE:
    case ACL_AUTHENTICATED:
        buf_add(b, word_of(e->kind));
        break;
    case ACL_OWNER:
        buf_add(b, owner.n ? owner : S("owner"));
        break;
    case ACL_GROUP_OVERRIDE:
        buf_addc(b, '!');
        buf_addc(b, '$');
        buf_add(b, e->name);
        break;
    case ACL_GROUP:
        buf_addc(b, '$');
        buf_add(b, e->name);
        break;
    case ACL_USER:
        buf_add(b, e->name);
        break;
    }
}

err acl_letters(str text, unsigned *ret_rights)
{
    unsigned rights = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned one = text.p[i] == 'c'   ? ACL_CREATE | ACL_DELETE_BOX
                       : text.p[i] == 'd' ? ACL_DELETED | ACL_EXPUNGE
                                          : 0;
        for (size_t k = 0; k < N_RIGHTS; k++)
            one |= rights_table[k].letter == text.p[i] ? rights_table[k].right : 0;
        if (!one)
            return err_new(ERR_SYNTAX, "not a right");
        rights |= one;
    }
    *ret_rights = rights;
    return OK_ERR;
}

void acl_letters_write(unsigned rights, enum acl_letters_style style, struct buf *b)
{
    for (size_t k = 0; k < N_RIGHTS; k++)
        if (rights & rights_table[k].right)
            buf_addc(b, rights_table[k].letter);
    if (style == ACL_LETTERS_NEW)
        return;
    if (rights & (ACL_CREATE | ACL_DELETE_BOX))
        buf_addc(b, 'c');
    if (rights & (ACL_DELETED | ACL_EXPUNGE))
        buf_addc(b, 'd');
}
