/* SPDX-License-Identifier: ISC */
/* How it works: a SCRAM message is a list of attributes, one letter, "=", a value, parted by
 * commas, in fixed order (RFC 5802 7). take_attribute() takes the next one and demands its
 * letter; each message then reads as its own line of the grammar. */
#include "wire/sasl.h"

#include "wire/encoding.h"

static err scram_syntax(void)
{
    return err_new(ERR_SYNTAX, "SCRAM message");
}

/* The value of attribute `letter` off the front of *text, with the comma after it. */
static bool take_attribute(str *text, char letter, str *ret_value)
{
    if (text->n < 2 || text->p[0] != letter || text->p[1] != '=')
        return false;
    (void)str_cut(str_from_at(*text, 2), ',', ret_value, text);
    return true;
}

/* What may follow the attributes we know: "x=value" any number of times, none of them "m=",
 * which would demand that we understand what comes. */
static bool extensions_are_fine(str text)
{
    str one;
    while (text.n > 0) {
        (void)str_cut(text, ',', &one, &text);
        if (one.n < 3 || !char_is_alpha(one.p[0]) || one.p[1] != '=' || one.p[0] == 'm')
            return false;
    }
    return true;
}

static bool nonce_is_fine(str nonce)
{
    if (nonce.n == 0 || nonce.n > SASL_NONCE_MAX)
        return false;
    for (size_t i = 0; i < nonce.n; i++) {
        if (nonce.p[i] < 0x21 || nonce.p[i] > 0x7e || nonce.p[i] == ',')
            return false;
    }
    return true;
}

/* RFC 5802 5.1: "," and "=" in names are written =2C and =3D; any other "=" is an error. */
static err name_unescape(struct arena *a, str text, str *ret_name)
{
    if (text.n > 3 * SASL_NAME_MAX)
        return err_new(ERR_LIMIT, "SCRAM name");
    char *out = NEW_N(a, char, text.n + 1);
    size_t n = 0;
    while (text.n > 0) {
        if (str_skip(&text, S("=2C"))) {
            out[n++] = ',';
        } else if (str_skip(&text, S("=3D"))) {
            out[n++] = '=';
        } else if (text.p[0] == '=' || text.p[0] == '\0') {
            return scram_syntax();
        } else {
            out[n++] = text.p[0];
            text = str_from_at(text, 1);
        }
    }
    err e = sasl_word_check(str_of(out, n), SASL_NAME_MAX);
    if (failed(e))
        return e;
    *ret_name = str_of(out, n);
    return OK_ERR;
}

static void name_escape(str name, struct buf *out)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == ',')
            buf_add(out, S("=2C"));
        else if (name.p[i] == '=')
            buf_add(out, S("=3D"));
        else
            buf_addc(out, name.p[i]);
    }
}

static bool base64_take(struct arena *a, str text, size_t max, str *ret_bytes)
{
    auto_buf struct buf b;
    buf_init(&b, max);
    err e = base64_decode(&b, text);
    if (failed(e) || failed(buf_check(&b, "base64")) || buf_str(&b).n == 0)
        return false;
    *ret_bytes = arena_copy(a, buf_str(&b));
    return true;
}

/* ---- client's first message ---- */

/* RFC 5802 7: cb-name is letters, digits, "." and "-". */
static bool binding_name_is_fine(str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '.' && c != '-')
            return false;
    }
    return name.n > 0 && name.n <= 64;
}

/* gs2-header: gs2-cbind-flag "," [ authzid ] ",". *text moves behind it. */
static err gs2_parse(struct arena *a, str *text, struct sasl_scram_first *m)
{
    str flag, authzid, whole = *text;
    if (!str_cut(*text, ',', &flag, text) || !str_cut(*text, ',', &authzid, text))
        return scram_syntax();
    if (str_eq(flag, S("n"))) {
        m->binding = SASL_BINDING_NONE;
    } else if (str_eq(flag, S("y"))) {
        m->binding = SASL_BINDING_UNSEEN;
    } else if (str_skip(&flag, S("p=")) && binding_name_is_fine(flag)) {
        m->binding = SASL_BINDING_USED;
        m->binding_name = flag;
    } else {
        return scram_syntax();
    }
    m->gs2_header = str_slice(whole, 0, whole.n - text->n);
    if (authzid.n == 0)
        return OK_ERR;
    if (!str_skip(&authzid, S("a=")))
        return scram_syntax();
    return name_unescape(a, authzid, &m->authzid);
}

err sasl_scram_first_parse(struct arena *a, str blob, struct sasl_scram_first *ret)
{
    struct sasl_scram_first m = {0};
    str user, text = blob;
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "SCRAM message");
    err e = gs2_parse(a, &text, &m);
    if (failed(e))
        return e;
    m.bare = text;
    if (!take_attribute(&text, 'n', &user) || !take_attribute(&text, 'r', &m.nonce) ||
        !nonce_is_fine(m.nonce) || !extensions_are_fine(text))
        return scram_syntax();
    e = name_unescape(a, user, &m.user);
    if (failed(e))
        return e;
    *ret = m;
    return OK_ERR;
}

err sasl_scram_first_write(const struct sasl_scram_first *m, struct buf *out)
{
    err e = sasl_word_check(m->user, SASL_NAME_MAX);
    if (failed(e))
        return e;
    if (m->binding == SASL_BINDING_USED)
        buf_addf(out, "p=%.*s,", STR_ARG(m->binding_name));
    else
        buf_add(out, m->binding == SASL_BINDING_UNSEEN ? S("y,") : S("n,"));
    if (m->authzid.n > 0) {
        buf_add(out, S("a="));
        name_escape(m->authzid, out);
    }
    buf_add(out, S(",n="));
    name_escape(m->user, out);
    buf_addf(out, ",r=%.*s", STR_ARG(m->nonce));
    return buf_check(out, "SCRAM message");
}

/* ---- server's first message ---- */

err sasl_scram_challenge_parse(struct arena *a, str blob, struct sasl_scram_challenge *ret)
{
    struct sasl_scram_challenge m;
    str salt, iterations;
    uint64_t count;
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "SCRAM message");
    if (!take_attribute(&blob, 'r', &m.nonce) || !take_attribute(&blob, 's', &salt) ||
        !take_attribute(&blob, 'i', &iterations) || !nonce_is_fine(m.nonce) ||
        !extensions_are_fine(blob) || !base64_take(a, salt, SASL_SALT_MAX, &m.salt) ||
        !str_u64(iterations, &count) || count == 0)
        return scram_syntax();
    if (count > SASL_ITERATIONS_MAX)
        return err_new(ERR_LIMIT, "SCRAM iterations");
    m.iterations = (uint32_t)count;
    *ret = m;
    return OK_ERR;
}

void sasl_scram_challenge_write(const struct sasl_scram_challenge *m, struct buf *out)
{
    buf_addf(out, "r=%.*s,s=", STR_ARG(m->nonce));
    base64_encode(out, m->salt);
    buf_addf(out, ",i=%u", m->iterations);
}

/* ---- client's last message ---- */

err sasl_scram_final_parse(struct arena *a, str blob, struct sasl_scram_final *ret)
{
    struct sasl_scram_final m;
    str text = blob, binding, proof;
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "SCRAM message");
    /* The proof is the last attribute, and extensions stand before it. */
    ptrdiff_t comma = str_rfind(blob, ',');
    if (comma < 0)
        return scram_syntax();
    m.without_proof = str_slice(blob, 0, (size_t)comma);
    proof = str_from_at(blob, (size_t)comma + 1);
    text = m.without_proof;
    if (!str_skip(&proof, S("p=")) || !take_attribute(&text, 'c', &binding) ||
        !take_attribute(&text, 'r', &m.nonce) || !nonce_is_fine(m.nonce) ||
        !extensions_are_fine(text))
        return scram_syntax();
    if (!base64_take(a, binding, SASL_BLOB_MAX, &m.binding) ||
        !base64_take(a, proof, SASL_BLOB_MAX, &m.proof))
        return scram_syntax();
    *ret = m;
    return OK_ERR;
}

void sasl_scram_final_write(const struct sasl_scram_final *m, struct buf *out)
{
    buf_add(out, S("c="));
    base64_encode(out, m->binding);
    buf_addf(out, ",r=%.*s", STR_ARG(m->nonce));
}

void sasl_scram_proof_write(str proof, struct buf *out)
{
    buf_add(out, S(",p="));
    base64_encode(out, proof);
}

/* ---- server's last message ---- */

err sasl_scram_outcome_parse(struct arena *a, str blob, struct sasl_scram_outcome *ret)
{
    struct sasl_scram_outcome m = {0};
    str value;
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "SCRAM message");
    if (take_attribute(&blob, 'e', &m.error)) {
        if (m.error.n == 0 || str_find(m.error, '\0') >= 0)
            return scram_syntax();
    } else if (!take_attribute(&blob, 'v', &value) ||
               !base64_take(a, value, SASL_BLOB_MAX, &m.signature)) {
        return scram_syntax();
    }
    if (!extensions_are_fine(blob))
        return scram_syntax();
    *ret = m;
    return OK_ERR;
}

void sasl_scram_outcome_write(const struct sasl_scram_outcome *m, struct buf *out)
{
    if (m->error.n > 0) {
        buf_addf(out, "e=%.*s", STR_ARG(m->error));
        return;
    }
    buf_add(out, S("v="));
    base64_encode(out, m->signature);
}

void sasl_scram_signed(str first_bare, str challenge, str final_without_proof, struct buf *out)
{
    buf_add(out, first_bare);
    buf_addc(out, ',');
    buf_add(out, challenge);
    buf_addc(out, ',');
    buf_add(out, final_without_proof);
}
