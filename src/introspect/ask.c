/* SPDX-License-Identifier: ISC */
/* How it works: libcurl, told to follow nothing, to speak http and https alone, and to keep to its
 * time. Names are looked up here: libcurl would start a thread for that, and none may be. */
#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "introspect/introspect.h"
#include "os/clock.h"
#include "os/net.h"

enum { POST_MAX = 4 * TOKEN_MAX, HOST_MAX = 255 };

static struct token_answer unknown(const char *reason)
{
    return (struct token_answer){.outcome = TOKEN_UNKNOWN, .reason = str_from(reason)};
}

/* "host", "port" of http://host:port/…; userinfo and everything odd is refused. */
static bool split_url(str url, bool *ret_tls, str *ret_host, str *ret_port)
{
    *ret_tls = str_iskip(&url, S("https://"));
    if (!*ret_tls && !str_iskip(&url, S("http://")))
        return false;
    size_t n = 0;
    while (n < url.n && url.p[n] != '/' && url.p[n] != '?' && url.p[n] != '#')
        n++;
    str at = str_slice(url, 0, n);
    *ret_port = *ret_tls ? S("443") : S("80");
    if (str_find(at, '@') >= 0)
        return false;
    if (str_skip(&at, S("["))) {
        if (!str_cut(at, ']', ret_host, &at) || (at.n && !str_skip(&at, S(":"))))
            return false;
        *ret_port = at.n ? at : *ret_port;
    } else {
        str port;
        if (str_cut(at, ':', ret_host, &port))
            *ret_port = port;
    }
    return ret_host->n > 0 && ret_host->n <= HOST_MAX && ret_port->n > 0;
}

bool introspect_url_is_safe(str url)
{
    bool tls;
    str host, port;
    struct net_address a;
    if (!split_url(url, &tls, &host, &port))
        return false;
    if (tls || str_ieq(host, S("localhost")))
        return true;
    return !failed(net_address_parse(host, 0, &a)) && net_address_is_loopback(&a);
}

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
    struct buf *b = ctx;
    buf_add(b, str_of(p, size * n));
    return b->over ? 0 : size * n; /* 0 ends the transfer */
}

/* "host:port:address,address", for CURLOPT_RESOLVE; NULL: the URL names an address, or nobody. */
static struct curl_slist *look_up(struct arena *a, str url)
{
    bool tls;
    str host, port;
    struct net_address literal;
    if (!split_url(url, &tls, &host, &port) || !failed(net_address_parse(host, 0, &literal)))
        return NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found;
    if (getaddrinfo(arena_cstr(a, host), arena_cstr(a, port), &hints, &found) != 0)
        return NULL;
    auto_buf struct buf b;
    buf_init(&b, 4096);
    buf_addf(&b, "%.*s:%.*s:", STR_ARG(host), STR_ARG(port));
    bool first = true;
    for (const struct addrinfo *i = found; i; i = i->ai_next) {
        char ip[NI_MAXHOST];
        if (getnameinfo(i->ai_addr, i->ai_addrlen, ip, sizeof ip, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        buf_addf(&b, i->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", first ? "" : ",", ip);
        first = false;
    }
    freeaddrinfo(found);
    return first || b.over ? NULL : curl_slist_append(NULL, arena_cstr(a, buf_str(&b)));
}

static bool add_form(CURL *c, str token, struct buf *post)
{
    char *escaped = curl_easy_escape(c, token.p, (int)token.n);
    buf_add(post, S("token_type_hint=access_token&token="));
    if (escaped)
        buf_add(post, str_from(escaped));
    curl_free(escaped);
    return escaped && !post->over;
}

static struct token_answer perform(const struct introspect *i, struct arena *a, CURL *c,
                                   struct buf *body)
{
    long status = 0;
    static char why[CURL_ERROR_SIZE];
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(c);
    if (code != CURLE_OK)
        return unknown(arena_printf(a, "%s", *why ? why : curl_easy_strerror(code)).p);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return unknown(arena_printf(a, "the token server answered %ld", status).p);
    return introspect_answer(a, buf_str(body), i->site.tokenuser, i->site.tokenscope,
                             clock_seconds());
}

struct token_answer introspect_ask(const struct introspect *i, struct arena *a, str token)
{
    auto_buf struct buf body, post;
    buf_init(&body, INTROSPECT_BODY_MAX);
    buf_init(&post, POST_MAX);
    if (!introspect_url_is_safe(i->site.tokenurl))
        return unknown("control/tokenurl is no https URL");
    CURL *c = curl_easy_init();
    if (!c || !add_form(c, token, &post)) {
        curl_easy_cleanup(c);
        return unknown("no memory for the question");
    }
    buf_addc(&post, 0);
    struct curl_slist *addresses = look_up(a, i->site.tokenurl);
    struct curl_slist *header = curl_slist_append(NULL, "Accept: application/json");
    curl_easy_setopt(c, CURLOPT_URL, arena_cstr(a, i->site.tokenurl));
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)INTROSPECT_MS);
    curl_easy_setopt(c, CURLOPT_RESOLVE, addresses);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, header);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, post.p);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &body);
    if (i->client.n) {
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(c, CURLOPT_USERPWD, arena_cstr(a, i->client));
    }
    struct token_answer answer = perform(i, a, c, &body);
    curl_easy_cleanup(c);
    curl_slist_free_all(addresses);
    curl_slist_free_all(header);
    explicit_bzero(post.p, post.n);
    return answer;
}
