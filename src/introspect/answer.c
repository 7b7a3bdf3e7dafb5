/* SPDX-License-Identifier: ISC */
#include <jansson.h>

#include "introspect/introspect.h"

static struct token_answer unknown(const char *reason)
{
    return (struct token_answer){.outcome = TOKEN_UNKNOWN, .reason = str_from(reason)};
}

static struct token_answer refused(const char *reason)
{
    return (struct token_answer){.outcome = TOKEN_REFUSED, .reason = str_from(reason)};
}

/* RFC 7662 2.2: a list with spaces between. */
static bool has_scope(str list, str wanted)
{
    str one;
    while (list.n) {
        (void)str_cut(list, ' ', &one, &list);
        if (str_eq(one, wanted))
            return true;
    }
    return wanted.n == 0;
}

static str text_of(const json_t *object, const char *member)
{
    const json_t *v = json_object_get(object, member);
    return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : S("");
}

static struct token_answer judge(struct arena *a, const json_t *o, str user_member, str scope,
                                 int64_t now)
{
    const json_t *active = json_object_get(o, "active");
    const json_t *expires = json_object_get(o, "exp"), *begins = json_object_get(o, "nbf");
    if (!json_is_boolean(active))
        return unknown("the answer does not say whether the token is active");
    if (!json_is_true(active))
        return refused("the token is not active");
    if (json_is_number(expires) && json_number_value(expires) <= (double)now)
        return refused("the token has expired");
    if (json_is_number(begins) && json_number_value(begins) > (double)now)
        return refused("the token is not good yet");
    if (!has_scope(text_of(o, "scope"), scope))
        return refused("the token is not for mail: its scope lacks tokenscope");
    str user = text_of(o, arena_cstr(a, user_member));
    if (user.n == 0 || user.n > 255 || str_find(user, 0) >= 0)
        return unknown("the answer names no user: see control/tokenuser");
    bool told = json_is_integer(expires) && json_integer_value(expires) > 0;
    return (struct token_answer){.outcome = TOKEN_ACTIVE,
                                 .user = arena_copy(a, user),
                                 .expires = told ? (uint64_t)json_integer_value(expires) : 0};
}

struct token_answer introspect_answer(struct arena *a, str json, str user_member, str scope,
                                      int64_t now)
{
    if (json.n == 0 || json.n > INTROSPECT_BODY_MAX)
        return unknown("the answer is empty or too long");
    json_t *o = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
    struct token_answer answer = json_is_object(o) ? judge(a, o, user_member, scope, now)
                                                   : unknown("the answer is no JSON object");
    json_decref(o);
    return answer;
}
