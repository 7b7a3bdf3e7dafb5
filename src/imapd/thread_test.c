/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "imapd/thread.h"

enum { MESSAGES_MAX = 16, REFS_MAX = 8 };

/* "id<ref ref;subject": sent in this order. "Re:" before the subject makes it a reply. */
static struct thread_item item_of(struct arena *a, uint32_t number, const char *text)
{
    struct thread_item item = {.number = number, .sent = number};
    str head, subject, id, refs, ref;
    (void)str_cut(str_from(text), ';', &head, &subject);
    (void)str_cut(head, '<', &id, &refs);
    item.refwd = str_skip(&subject, S("Re:"));
    if (id.n > 0)
        item.id = thread_id_of(id, 1);
    if (subject.n > 0)
        item.subject = thread_id_of(subject, 2);
    struct thread_id *list = NEW_N(a, struct thread_id, REFS_MAX);
    while (refs.n > 0) {
        (void)str_cut(refs, ' ', &ref, &refs);
        list[item.n_refs++] = thread_id_of(ref, 1);
    }
    item.refs = list;
    return item;
}

static void add_piece(void *ctx, str piece)
{
    buf_add(ctx, piece);
}

typedef struct thread_tree *way(struct arena *a, const struct thread_item *items, size_t n);

static void expect(way *thread, const char *want, const char *const *texts)
{
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct thread_item items[MESSAGES_MAX];
    size_t n = 0;
    for (; texts[n] != NULL; n++)
        items[n] = item_of(a, (uint32_t)n + 1, texts[n]);
    auto_buf struct buf b;
    buf_init(&b, 4096);
    thread_write(thread(a, items, n), a, add_piece, &b);
    if (!str_eq(buf_str(&b), str_from(want)))
        fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)), want);
}
#define REFERENCES(want, ...)                                                                      \
    expect(thread_by_references, want, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define SUBJECTS(want, ...)                                                                        \
    expect(thread_by_subject, want, (const char *const[]){__VA_ARGS__, NULL})

static void replies_hang_below_what_they_answer(void **state)
{
    (void)state;
    REFERENCES("");
    REFERENCES(" (1)", "a");
    REFERENCES(" (1 2 3)", "a;x", "b<a;y", "c<a b;z");
    REFERENCES(" (1 (2)(3))", "a;x", "b<a;y", "c<a;z");
    REFERENCES(" (1 2 (3 4)(5))", "a", "b<a", "c<b", "d<c", "e<b");
    /* whatever the order in which they came */
    REFERENCES(" (2 1)", "b<a;x", "a;y");
}

/* RFC 5256 3, REFERENCES step 3. */
static void a_missing_message_shows_only_where_it_holds_several_together(void **state)
{
    (void)state;
    REFERENCES(" (1)", "b<a");
    REFERENCES(" ((1)(2))", "b<a;x", "c<a;y");
    REFERENCES(" (1 (2)(3))", "a;x", "c<a b;y", "d<a b;z");
    REFERENCES(" (1 2)", "a;x", "d<a b c;y");
}

/* Step 1: loops are not made, doubles get a place of their own. */
static void tangled_references_do_no_harm(void **state)
{
    (void)state;
    REFERENCES(" (1)", "a<a");
    REFERENCES(" (2 1)", "a<b;x", "b<a;y");
    REFERENCES(" (1)(2)", "a;x", "a;y");
    REFERENCES(" (1)(2)", ";x", ";y");
    REFERENCES(" (3 2 1)", "a<b;x", "b<c;y", "c<a;z");
}

/* Step 1B: the last reference is the parent, even if others said something else before. */
static void a_message_knows_its_own_parent_best(void **state)
{
    (void)state;
    REFERENCES(" (2)(3 1)", "d<c b;x", "c;y", "b;z");
}

/* Step 5. */
static void threads_of_one_subject_are_joined(void **state)
{
    (void)state;
    REFERENCES(" (1 2)", "a;x", "b;Re:x");
    REFERENCES(" (2 1)", "a;Re:x", "b;x");
    REFERENCES(" ((1)(2))", "a;x", "b;x");
    REFERENCES(" ((1)(2))", "a;Re:x", "b;Re:x");
    REFERENCES(" ((1)(2)(3))", "a;x", "b;x", "c;x");
    REFERENCES(" (1)(2)", "a", "b");
    REFERENCES(" ((1)(2)(3))", "b<a;x", "c<a;y", "d;x");
    REFERENCES(" ((1)(2)(3)(4))", "b<a;x", "c<a;y", "e<d;x", "f<d;z");
}

static void a_thread_by_subject_is_flat(void **state)
{
    (void)state;
    SUBJECTS(" (1)(2)", "a;x", "b;y");
    SUBJECTS(" (1 3)(2)", "a;x", "b;y", "c;Re:x");
    SUBJECTS(" (1 (2)(3))", "a;x", "b<a;Re:x", "c<b;x");
}

static struct thread_item chained(struct arena *a, size_t i, size_t n, bool backwards)
{
    size_t self = backwards ? n - i : i + 1;
    struct thread_id *ref = NEW(a, struct thread_id);
    *ref = (struct thread_id){self, self};
    return (struct thread_item){.number = (uint32_t)i + 1,
                                .sent = (int64_t)self,
                                .id = {self + 1, self + 1},
                                .refs = ref,
                                .n_refs = 1};
}

/* Quadratic work would take minutes here. */
static void a_thread_as_long_as_the_mailbox_is_no_trouble(void **state)
{
    (void)state;
    enum { N = 200000 };
    for (int backwards = 0; backwards < 2; backwards++) {
        auto_arena struct arena *a = arena_new("test", 256 << 20);
        struct thread_item *items = NEW_N(a, struct thread_item, N);
        for (size_t i = 0; i < N; i++)
            items[i] = chained(a, i, N, backwards);
        auto_buf struct buf b;
        buf_init(&b, 4 << 20);
        thread_write(thread_by_references(a, items, N), a, add_piece, &b);
        assert_true(str_starts(buf_str(&b), backwards ? S(" (200000 199999 ") : S(" (1 2 3 ")));
        assert_int_equal(str_find(buf_str(&b), ')'), (ptrdiff_t)b.n - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_hang_below_what_they_answer),
        cmocka_unit_test(a_missing_message_shows_only_where_it_holds_several_together),
        cmocka_unit_test(tangled_references_do_no_harm),
        cmocka_unit_test(a_message_knows_its_own_parent_best),
        cmocka_unit_test(threads_of_one_subject_are_joined),
        cmocka_unit_test(a_thread_by_subject_is_flat),
        cmocka_unit_test(a_thread_as_long_as_the_mailbox_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
