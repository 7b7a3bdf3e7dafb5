/* SPDX-License-Identifier: ISC */
#include "wire/imap_fetch_args.h"

static const struct {
    str name;
    unsigned kinds;
} plain_items[] = {
    {S("FLAGS"), IMAP_FETCH_FLAGS},
    {S("UID"), IMAP_FETCH_UID},
    {S("INTERNALDATE"), IMAP_FETCH_INTERNALDATE},
    {S("RFC822.SIZE"), IMAP_FETCH_SIZE},
    {S("ENVELOPE"), IMAP_FETCH_ENVELOPE},
    {S("BODYSTRUCTURE"), IMAP_FETCH_BODYSTRUCTURE},
    {S("MODSEQ"), IMAP_FETCH_MODSEQ},
    {S("EMAILID"), IMAP_FETCH_EMAILID},
    {S("THREADID"), IMAP_FETCH_THREADID},
    {S("SAVEDATE"), IMAP_FETCH_SAVEDATE},
};

static const struct {
    str name;
    unsigned kinds;
} macros[] = {
    {S("ALL"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE | IMAP_FETCH_ENVELOPE},
    {S("FAST"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE},
    {S("FULL"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE | IMAP_FETCH_ENVELOPE |
                    IMAP_FETCH_BODY},
};

/* RFC 3501 6.4.5: the RFC822 items are sections under another name. */
static const struct {
    str name;
    enum mime_section what;
    bool peek;
} old_sections[] = {
    {S("RFC822.HEADER"), MIME_HEADER, true},
    {S("RFC822.TEXT"), MIME_TEXT, false},
    {S("RFC822"), MIME_ALL, false},
};

static err new_section(struct imap_reader *r, struct imap_fetch_args *args,
                       struct imap_section **ret)
{
    if (args->n == IMAP_FETCH_ITEMS_MAX)
        return err_new(ERR_LIMIT, "too many items to fetch");
    if (args->sections == NULL)
        args->sections = NEW_N(r->arena, struct imap_section, IMAP_FETCH_ITEMS_MAX);
    *ret = &args->sections[args->n++];
    args->kinds |= IMAP_FETCH_SECTION;
    return OK_ERR;
}

static err field_names(struct imap_reader *r, struct imap_section *s)
{
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list of header names is expected");
    /* The list is at most as long as what is left of the command. */
    size_t cap = r->rest.n / 2 + 1;
    if (cap > IMAP_FETCH_FIELDS_MAX)
        cap = IMAP_FETCH_FIELDS_MAX;
    s->names = NEW_N(r->arena, str, cap);
    do {
        str name = {0};
        e = imap_astring(r, &name);
        if (failed(e))
            return e;
        if (s->names_n == cap)
            return err_new(ERR_LIMIT, "too many header names");
        s->names[s->names_n++] = name;
    } while (imap_skip(r, ' '));
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a list of header names has no end");
    return OK_ERR;
}

static err section_path(struct imap_reader *r, struct imap_section *s, bool *ret_dot)
{
    *ret_dot = true;
    if (r->rest.n == 0 || !char_is_digit(r->rest.p[0]))
        return OK_ERR;
    s->path = NEW_N(r->arena, uint32_t, MIME_DEPTH_MAX);
    do {
        if (r->rest.n == 0 || !char_is_digit(r->rest.p[0]))
            return OK_ERR; /* the word after the last dot */
        if (s->path_n == MIME_DEPTH_MAX)
            return err_new(ERR_LIMIT, "the section is too deep");
        err e = imap_nz_number(r, &s->path[s->path_n++]);
        if (failed(e))
            return e;
    } while (imap_skip(r, '.'));
    *ret_dot = false;
    return OK_ERR;
}

err imap_section_spec(struct imap_reader *r, struct imap_section *s)
{
    bool word = false;
    err e = section_path(r, s, &word);
    if (failed(e))
        return e;
    if (!word || (s->path_n == 0 && r->rest.n > 0 && r->rest.p[0] == ']'))
        return OK_ERR;
    if (imap_skip_word(r, S("HEADER.FIELDS.NOT"))) {
        s->what = MIME_HEADER;
        s->fields = IMAP_FIELDS_NOT;
        return field_names(r, s);
    }
    if (imap_skip_word(r, S("HEADER.FIELDS"))) {
        s->what = MIME_HEADER;
        s->fields = IMAP_FIELDS_NAMED;
        return field_names(r, s);
    }
    if (imap_skip_word(r, S("HEADER")))
        s->what = MIME_HEADER;
    else if (imap_skip_word(r, S("TEXT")))
        s->what = MIME_TEXT;
    else if (s->path_n > 0 && imap_skip_word(r, S("MIME")))
        s->what = MIME_MIME;
    else
        return err_new(ERR_SYNTAX, "bad section");
    return OK_ERR;
}

static err partial(struct imap_reader *r, struct imap_section *s)
{
    if (!imap_skip(r, '<'))
        return OK_ERR;
    err e = imap_number(r, &s->from);
    if (failed(e))
        return e;
    if (!imap_skip(r, '.'))
        return err_new(ERR_SYNTAX, "bad partial range");
    e = imap_nz_number(r, &s->count);
    if (failed(e))
        return e;
    if (!imap_skip(r, '>'))
        return err_new(ERR_SYNTAX, "bad partial range");
    s->partial = true;
    return OK_ERR;
}

/* The label is written again: names can have come as literals, and "BODY.PEEK" is answered as
 * "BODY". */
static void write_label(struct arena *a, struct imap_section *s)
{
    static const char *const words[] = {
        [MIME_ALL] = "", [MIME_HEADER] = "HEADER", [MIME_TEXT] = "TEXT", [MIME_MIME] = "MIME"};
    auto_buf struct buf b;
    buf_init(&b, IMAP_COMMAND_MAX * 2);
    buf_add(&b, s->binary == IMAP_BINARY_SIZE ? S("BINARY.SIZE[")
                : s->binary != IMAP_BINARY_NO ? S("BINARY[")
                                              : S("BODY["));
    for (size_t i = 0; i < s->path_n; i++)
        buf_addf(&b, i > 0 ? ".%u" : "%u", s->path[i]);
    if (s->path_n > 0 && s->what != MIME_ALL)
        buf_addc(&b, '.');
    buf_add(&b, str_from(words[s->what]));
    if (s->fields != IMAP_FIELDS_ALL) {
        buf_add(&b, s->fields == IMAP_FIELDS_NOT ? S(".FIELDS.NOT (") : S(".FIELDS ("));
        for (size_t i = 0; i < s->names_n; i++) {
            if (i > 0)
                buf_addc(&b, ' ');
            buf_add(&b, s->names[i]);
        }
        buf_addc(&b, ')');
    }
    buf_addc(&b, ']');
    s->label = arena_copy(a, buf_str(&b));
}

static err body_item(struct imap_reader *r, struct imap_fetch_args *args, bool peek)
{
    struct imap_section *s;
    err e = new_section(r, args, &s);
    if (!failed(e))
        e = imap_section_spec(r, s);
    if (failed(e))
        return e;
    if (!imap_skip(r, ']'))
        return err_new(ERR_SYNTAX, "bad section");
    /* RFC 3501 9: a header name is an astring; one that is no atom cannot be a field's name, and
     * could not be shown in the answer without quotes. */
    for (size_t i = 0; i < s->names_n; i++)
        for (size_t k = 0; k < s->names[i].n; k++)
            if (!imap_is_astring_char(s->names[i].p[k]))
                return err_new(ERR_SYNTAX, "bad header name");
    s->peek = peek;
    args->sets_seen |= !peek;
    write_label(r->arena, s);
    return partial(r, s);
}

/* RFC 3516 4.3: "[" [section-part] "]", nothing but numbers. */
static err binary_item(struct imap_reader *r, struct imap_fetch_args *args, enum imap_binary what,
                       bool peek)
{
    struct imap_section *s;
    bool dot = false;
    err e = new_section(r, args, &s);
    if (!failed(e))
        e = section_path(r, s, &dot);
    if (failed(e))
        return e;
    if ((s->path_n > 0 && dot) || !imap_skip(r, ']'))
        return err_new(ERR_SYNTAX, "bad section");
    s->binary = what;
    s->peek = peek || what == IMAP_BINARY_SIZE;
    args->sets_seen |= !s->peek;
    write_label(r->arena, s);
    return what == IMAP_BINARY_SIZE ? OK_ERR : partial(r, s);
}

static bool is_binary(struct imap_reader *r, enum imap_binary *ret_what, bool *ret_peek)
{
    *ret_what = str_istarts(r->rest, S("BINARY.SIZE[")) ? IMAP_BINARY_SIZE : IMAP_BINARY_TEXT;
    *ret_peek = str_iskip(&r->rest, S("BINARY.PEEK["));
    return *ret_peek || str_iskip(&r->rest, S("BINARY.SIZE[")) || str_iskip(&r->rest, S("BINARY["));
}

static err preview_item(struct imap_reader *r, struct imap_fetch_args *args)
{
    args->kinds |= IMAP_FETCH_PREVIEW;
    if (!str_istarts(r->rest, S(" (")))
        return OK_ERR;
    if (!str_iskip(&r->rest, S(" (LAZY)")))
        return err_new(ERR_SYNTAX, "no such modifier of PREVIEW");
    args->kinds |= IMAP_FETCH_PREVIEW_LAZY;
    return OK_ERR;
}

static err old_section(struct imap_reader *r, struct imap_fetch_args *args, size_t which)
{
    struct imap_section *s;
    err e = new_section(r, args, &s);
    if (failed(e))
        return e;
    *s = (struct imap_section){.label = old_sections[which].name,
                               .what = old_sections[which].what,
                               .peek = old_sections[which].peek};
    args->sets_seen |= !s->peek;
    return OK_ERR;
}

static err one_item(struct imap_reader *r, struct imap_fetch_args *args)
{
    if (str_istarts(r->rest, S("BODY[")) || str_istarts(r->rest, S("BODY.PEEK["))) {
        bool peek = !str_iskip(&r->rest, S("BODY["));
        if (peek)
            (void)str_iskip(&r->rest, S("BODY.PEEK["));
        return body_item(r, args, peek);
    }
    enum imap_binary binary;
    bool binary_peek;
    if (is_binary(r, &binary, &binary_peek))
        return binary_item(r, args, binary, binary_peek);
    if (imap_skip_word(r, S("PREVIEW")))
        return preview_item(r, args);
    for (size_t i = 0; i < sizeof old_sections / sizeof old_sections[0]; i++)
        if (imap_skip_word(r, old_sections[i].name))
            return old_section(r, args, i);
    for (size_t i = 0; i < sizeof plain_items / sizeof plain_items[0]; i++) {
        if (imap_skip_word(r, plain_items[i].name)) {
            args->kinds |= plain_items[i].kinds;
            return OK_ERR;
        }
    }
    if (imap_skip_word(r, S("BODY"))) {
        args->kinds |= IMAP_FETCH_BODY;
        return OK_ERR;
    }
    return err_new(ERR_SYNTAX, "no such item to fetch");
}

static err items(struct imap_reader *r, struct imap_fetch_args *args)
{
    /* RFC 3501 6.4.5: a macro stands alone. In parentheses it is taken too: some clients do. */
    bool list = imap_skip(r, '(');
    for (size_t i = 0; i < sizeof macros / sizeof macros[0]; i++) {
        if (imap_skip_word(r, macros[i].name)) {
            args->kinds |= macros[i].kinds;
            return !list || imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "bad items");
        }
    }
    if (!list)
        return one_item(r, args);
    do {
        err e = one_item(r, args);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a list of items has no end");
}

err imap_fetch_args(struct imap_reader *r, struct imap_fetch_args *ret)
{
    struct imap_fetch_args args = {0};
    err e = imap_space(r);
    if (!failed(e))
        e = imap_set_parse(r, &args.set);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = items(r, &args);
    if (!failed(e))
        e = imap_fetch_modifiers(r, &args.modifiers);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}

bool imap_section_in_header(const struct imap_section *s)
{
    return s->path_n == 0 && s->what == MIME_HEADER && s->binary == IMAP_BINARY_NO;
}
