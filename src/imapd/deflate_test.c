/* SPDX-License-Identifier: ISC */
/* RFC 4978 as a client sees it. */
#include <zlib.h>

#include "imapd/deflate.h"
#include "imapd/talk.h"

struct peer {
    z_stream in, out;
};

static void begin(struct peer *p)
{
    *p = (struct peer){0};
    assert_int_equal(inflateInit2(&p->in, -15), Z_OK);
    assert_int_equal(deflateInit2(&p->out, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
}

static void end(struct peer *p)
{
    (void)inflateEnd(&p->in);  /* of the test */
    (void)deflateEnd(&p->out); /* as above */
}

static str squeeze(struct peer *p, str plain, char *room, size_t cap)
{
    p->out.next_in = (Bytef *)(uintptr_t)plain.p;
    p->out.avail_in = (uInt)plain.n;
    p->out.next_out = (Bytef *)room;
    p->out.avail_out = (uInt)cap;
    assert_int_equal(deflate(&p->out, Z_SYNC_FLUSH), Z_OK);
    return str_of(room, cap - p->out.avail_out);
}

static str expand(struct peer *p, str coded, char *room, size_t cap)
{
    p->in.next_in = (Bytef *)(uintptr_t)coded.p;
    p->in.avail_in = (uInt)coded.n;
    p->in.next_out = (Bytef *)room;
    p->in.avail_out = (uInt)cap;
    int rc = inflate(&p->in, Z_SYNC_FLUSH);
    assert_true(rc == Z_OK || rc == Z_BUF_ERROR);
    return str_of(room, cap - p->in.avail_out);
}

static void a_compressed_session_goes_on_as_before(void **state)
{
    (void)state;
    struct peer p;
    char room[4096], plain[65536];
    begin(&p);
    auto_buf struct buf in;
    buf_init(&in, 1 << 16);
    buf_add(&in, S("a COMPRESS DEFLATE\r\n"));
    buf_add(&in, squeeze(&p, S("b COMPRESS DEFLATE\r\nc STATUS INBOX (MESSAGES)\r\nd LOGOUT\r\n"),
                         room, sizeof room));
    static char out[1 << 16];
    int ours, theirs;
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &ours, &theirs)));
    struct session *s = session_new(io_new(theirs, theirs), NULL);
    s->store = mail;
    s->phase = PHASE_AUTHENTICATED;
    assert_int_equal(write(ours, in.p, in.n), (ssize_t)in.n);
    session_run(s);
    s->store = NULL;
    session_free(s);
    ssize_t n = read(ours, out, sizeof out);
    str all = str_of(out, (size_t)n);
    assert_true(str_skip(&all, S("a OK Compressed from here on.\r\n")));
    str said = expand(&p, all, plain, sizeof plain);
    assert_true(str_eq(said, S("b NO [COMPRESSIONACTIVE] The connection is compressed already.\r\n"
                               "* STATUS INBOX (MESSAGES 0)\r\nc OK Done.\r\n"
                               "* BYE Until next time.\r\nd OK Logged out.\r\n")));
    fd_close(ours);
    end(&p);
}

static void what_is_no_compressed_stream_ends_the_session(void **state)
{
    (void)state;
    assert_string_equal(converse(S("a COMPRESS DEFLATE\r\n\xff\xff\xff\xff NOOP\r\n")),
                        "a OK Compressed from here on.\r\n");
    assert_string_equal(converse(S("a COMPRESS LZ4\r\n")),
                        "a NO [CANNOT] That way of compressing is not offered.\r\n");
}

/* Between any two words the memory may be given back. */
static void a_coding_that_idled_is_understood_and_understands(void **state)
{
    (void)state;
    struct peer p;
    struct io_coding c = deflate_coding();
    char room[4096], plain[4096];
    begin(&p);
    for (int i = 0; i < 50; i++) {
        str word =
            i % 2 ? S("a FETCH 1 (FLAGS UID INTERNALDATE)\r\n") : S("b NOOP and again NOOP\r\n");
        str coded = squeeze(&p, word, room, sizeof room);
        size_t n;
        assert_false(failed(c.decode(c.ctx, &coded, plain, sizeof plain, &n)));
        assert_true(str_eq(str_of(plain, n), word));
        assert_int_equal(coded.n, 0);
        auto_buf struct buf out;
        buf_init(&out, 1 << 16);
        assert_false(failed(c.encode(c.ctx, word, &out)));
        assert_true(str_eq(expand(&p, buf_str(&out), plain, sizeof plain), word));
        if (i % 3)
            c.idle(c.ctx);
    }
    c.free(c.ctx);
    end(&p);
}

static void a_bomb_is_decoded_only_as_it_is_read(void **state)
{
    (void)state;
    struct peer p;
    struct io_coding c = deflate_coding();
    static char zeros[1 << 20], room[1 << 16], plain[1024];
    begin(&p);
    str coded = squeeze(&p, str_of(zeros, sizeof zeros), room, sizeof room);
    assert_true(coded.n < 4096);
    size_t n, all = 0;
    do {
        assert_false(failed(c.decode(c.ctx, &coded, plain, sizeof plain, &n)));
        assert_true(n <= sizeof plain);
        all += n;
    } while (n > 0);
    assert_int_equal(all, sizeof zeros);
    c.free(c.ctx);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(a_compressed_session_goes_on_as_before),
        WITH_MAIL(what_is_no_compressed_stream_ends_the_session),
        WITH_MAIL(a_coding_that_idled_is_understood_and_understands),
        WITH_MAIL(a_bomb_is_decoded_only_as_it_is_read),
    };
    return RUN_TALKS(tests);
}
