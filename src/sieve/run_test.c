/* SPDX-License-Identifier: ISC */
#include "sieve/testing.h"

static void the_implicit_keep_follows_the_rules(void **state)
{
    (void)state; /* RFC 5228 2.10.2 */
    does("", "keep\n");
    does("discard;", "");
    does("keep; discard;", "keep\n");
    does("require \"fileinto\"; fileinto \"a\";", "fileinto a\n");
    does("require [\"fileinto\",\"copy\"]; fileinto :copy \"a\";", "fileinto a\nkeep\n");
    does("redirect \"a@b.example\";", "redirect a@b.example\n");
    does("require \"copy\"; redirect :copy \"a@b.example\";", "redirect a@b.example\nkeep\n");
    does("require \"vacation\"; vacation \"x\";", "vacation\nkeep\n");
    does("require \"reject\"; reject \"no\";", "rejectno\n");
}

static void doubles_are_done_once_and_conflicts_keep(void **state)
{
    (void)state; /* RFC 5228 2.10.3, RFC 5429 2 */
    does("require \"fileinto\"; fileinto \"a\"; fileinto \"a\"; keep; fileinto \"INBOX\";",
         "fileinto a\nkeep\n");
    does("redirect \"a@b.example\"; redirect \"a@b.example\";", "redirect a@b.example\n");
    does("require \"reject\"; keep; reject \"no\";",
         "line 1, column 25: reject cannot be done together with keep\nkeep\n");
    does("require \"vacation\"; vacation \"x\"; vacation \"y\";",
         "line 1, column 35: vacation was done already for this message\nkeep\n");
    does("redirect \"1@b.example\"; redirect \"2@b.example\"; redirect \"3@b.example\";"
         "redirect \"4@b.example\"; redirect \"5@b.example\";",
         "line 1, column 96: more than 4 redirects of one message\nkeep\n");
}

static void if_elsif_else_and_stop_take_one_way(void **state)
{
    (void)state;
    does("if false {keep;} elsif true {discard;} else {keep;}", "");
    does("if false {discard;} elsif false {discard;} else {redirect \"a@b.example\";}",
         "redirect a@b.example\n");
    does("if true {stop;} discard;", "keep\n");
    YES("", "allof (true, not false, anyof (false, true))");
    NO("", "anyof (false, not true)");
}

static void headers_are_compared_decoded_and_trimmed(void **state)
{
    (void)state;
    YES("", "header :is \"subject\" \"こんにちは Hello [42]\"");
    YES("", "header :contains \"subject\" \"HELLO\"");
    NO("", "header :contains :comparator \"i;octet\" \"subject\" \"HELLO\"");
    YES("", "header :matches \"subject\" \"*[??]\"");
    YES("", "header :matches \"subject\" \"?????*\"");
    NO("", "header :matches \"subject\" \"?????\"");
    YES("", "header :is \"x-empty\" \"\"");
    YES("", "exists [\"from\", \"x-empty\"]");
    NO("", "exists [\"from\", \"x-none\"]");
    NO("", "header :contains \"x-none\" \"\"");
    YES("\"comparator-i;unicode-casemap\"",
        "header :contains :comparator \"i;unicode-casemap\" \"subject\" \"ＨＥＬＬＯ\"");
    YES("\"comparator-i;unicode-casemap\",\"variables\"",
        "string :matches :comparator \"i;unicode-casemap\" \"ÄRGER über é\" \"är*Ü?er*\"");
}

static void addresses_are_cut_into_parts(void **state)
{
    (void)state; /* RFC 5228 5.1, RFC 5233 */
    YES("", "address :is \"from\" \"hanako@lab.example\"");
    YES("", "address :localpart :is [\"to\",\"cc\"] \"carol\"");
    YES("", "address :domain :is \"to\" \"X.Example\"");
    YES("\"subaddress\"", "address :detail \"to\" \"lists\"");
    YES("\"subaddress\"", "address :user \"to\" [\"taro\"]");
    NO("\"subaddress\"", "address :detail \"from\" \"\"");
    YES("\"envelope\"", "envelope :domain \"from\" \"lab.example\"");
    YES("\"envelope\",\"subaddress\"", "envelope :detail \"to\" \"lists\"");
    YES("\"envelope\",\"subaddress\"", "envelope :user \"to\" \"taro\"");
}

static void the_null_sender_is_the_empty_string(void **state)
{
    (void)state; /* RFC 5228 5.4 */
    struct trial t;
    trial_begin(&t);
    t.message.from = S("");
    assert_string_equal(
        trial_run(&t, "require \"envelope\"; if envelope :localpart \"from\" \"\" {discard;}"), "");
    trial_end(&t);
}

static void relations_count_and_compare(void **state)
{
    (void)state; /* RFC 5231 */
    const char *numeric = "\"relational\",\"comparator-i;ascii-numeric\"";
    YES(numeric, "header :value \"gt\" :comparator \"i;ascii-numeric\" \"x-score\" \"5\"");
    NO(numeric, "header :value \"gt\" :comparator \"i;ascii-numeric\" \"x-score\" \"007\"");
    YES(numeric, "header :value \"lt\" :comparator \"i;ascii-numeric\" \"x-score\" \"x\"");
    YES(numeric, "header :value \"le\" \"x-score\" \"7\"");
    YES(numeric, "header :count \"eq\" :comparator \"i;ascii-numeric\" \"received\" \"2\"");
    YES(numeric, "address :count \"eq\" :comparator \"i;ascii-numeric\" [\"to\",\"cc\"] \"3\"");
    YES(numeric, "header :value \"ne\" \"x-score\" \"8\"");
}

static void variables_hold_what_was_matched(void **state)
{
    (void)state; /* RFC 5229 */
    does("require [\"variables\",\"fileinto\"]; if header :matches \"subject\" \"* * [*]\" "
         "{ fileinto \"${2}.${3}.${9}\"; }",
         "fileinto Hello.42.\n");
    does("require [\"variables\",\"fileinto\"]; set \"A\" \"x\"; set \"b\" \"${a}y${none}${}\"; "
         "fileinto \"${B}\";",
         "fileinto xy${}\n");
    does("require [\"variables\",\"fileinto\"]; set :upperfirst :lower \"a\" \"jUMBLE\"; fileinto "
         "\"${a}\";",
         "fileinto Jumble\n");
    does("require [\"variables\",\"fileinto\"]; set :length \"a\" \"日本\"; fileinto \"${a}\";",
         "fileinto 2\n");
    does("require [\"variables\",\"fileinto\"]; set :quotewildcard \"a\" \"R*?\\\\\"; fileinto "
         "\"${a}\";",
         "fileinto R\\*\\?\\\\\n");
    YES("\"variables\"", "string :matches \"abcbc\" \"a*c\"");
    does("require [\"variables\",\"fileinto\"]; if string :matches \"a.b.c\" \"*.*\" {fileinto "
         "\"${1}|${2}\";}",
         "fileinto a|b.c\n");
    does("require \"variables\"; set \"a\" \"${foo.bar}\";",
         "line 1, column 30: the variable \"foo.bar\" is in a namespace that is not known here\n");
}

static void regular_expressions_match_and_capture(void **state)
{
    (void)state;
    does("require [\"regex\",\"variables\",\"fileinto\"]; if header :regex \"subject\" "
         "\"\\\\[([0-9]+)\\\\]$\" {fileinto \"n${1}\";}",
         "fileinto n42\n");
    YES("\"regex\"", "header :regex \"subject\" \"^こ.にちは HELLO\"");
    NO("\"regex\"", "header :regex :comparator \"i;octet\" \"subject\" \"HELLO\"");
    does("require \"regex\"; if header :regex \"subject\" \"(.+)+(.+)+(.+)+(.+)+ 2\" {}",
         "line 1, column 21: a regular expression cannot be used: it takes too long\nkeep\n");
}

static void bodies_are_seen_raw_by_part_and_as_text(void **state)
{
    (void)state; /* RFC 5173 */
    YES("\"body\"", "body :text :contains \"世界 hello\"");
    YES("\"body\"", "body :contains \"Bold text\"");
    NO("\"body\"", "body :text :contains \"<b>\"");
    YES("\"body\"", "body :content \"text/html\" :contains \"<b>Bold\"");
    YES("\"body\"", "body :content \"text\" :contains \"世界\"");
    NO("\"body\"", "body :content \"text/html\" :contains \"世界\"");
    YES("\"body\"", "body :raw :contains \"44GT44KT\"");
    YES("\"body\"", "body :content \"multipart\" :contains \"prologue here\"");
    YES("\"body\"", "body :content \"multipart\" :contains \"epilogue here\"");
    NO("\"body\"", "body :content \"multipart\" :contains \"Bold\"");
}

static void dates_are_taken_apart(void **state)
{
    (void)state; /* RFC 5260 */
    const char *d = "\"date\",\"relational\",\"index\"";
    YES(d, "date :originalzone \"date\" \"hour\" \"10\"");
    YES(d, "date :zone \"+0000\" \"date\" \"hour\" \"01\"");
    YES(d, "date \"date\" \"iso8601\" \"2026-11-24T10:11:12+09:00\"");
    YES(d, "date \"date\" \"julian\" \"61368\"");
    YES(d, "date \"date\" \"weekday\" \"2\"");
    YES(d, "date \"date\" \"std11\" \"Tue, 24 Nov 2026 10:11:12 +0900\"");
    YES(d, "date :index 2 \"received\" \"time\" \"08:00:00\"");
    YES(d, "date :index 1 :last \"received\" \"zone\" \"+0900\"");
    YES(d, "currentdate \"date\" \"2026-11-24\"");
    YES(d, "currentdate :value \"ge\" \"year\" \"2026\"");
    NO(d, "date \"subject\" \"year\" \"2026\"");
}

static void one_of_several_fields_can_be_meant(void **state)
{
    (void)state; /* RFC 5260 6 */
    YES("\"index\"", "header :index 1 :contains \"received\" \"from a\"");
    YES("\"index\"", "header :index 1 :last :contains \"received\" \"from x\"");
    NO("\"index\"", "header :index 3 :contains \"received\" \"from\"");
}

static void flags_are_a_set(void **state)
{
    (void)state; /* RFC 5232 */
    does("require \"imap4flags\"; addflag [\"\\\\Seen\",\"a b\"]; addflag \"A\"; removeflag \"b\";",
         "keep \\Seen a\n");
    does("require [\"imap4flags\",\"fileinto\"]; setflag \"x\"; fileinto :flags \"\\\\Flagged\" "
         "\"f\";"
         "keep;",
         "fileinto f \\Flagged\nkeep x\n");
    does("require [\"imap4flags\",\"variables\"]; addflag \"v\" \"a b\"; keep :flags \"${v}\";",
         "keep a b\n");
    does("require \"imap4flags\"; addflag \"a\"; if hasflag [\"x A\"] {setflag \"yes\";}",
         "keep yes\n");
    does("require [\"imap4flags\",\"relational\"]; addflag [\"a\",\"b\"]; if hasflag :count \"eq\" "
         "\"2\" {setflag \"two\";}",
         "keep two\n");
    does("require \"imap4flags\"; keep :flags \"\\\\Recent\";",
         "line 1, column 35: warning: \"\\Recent\" is no flag that a message can have\nkeep\n");
}

static void the_header_is_edited_for_what_follows(void **state)
{
    (void)state; /* RFC 5293 */
    does("require [\"editheader\",\"fileinto\"]; keep; addheader \"X-New\" \"1\"; if header "
         "\"x-new\" "
         "\"1\" {fileinto \"a\";}",
         "keep\nfileinto a edited\n");
    does("require \"editheader\"; deleteheader :index 1 \"received\"; if exists \"received\" "
         "{keep;}",
         "line 1, column 45: warning: \"received\" is a trace of the message's way and cannot be "
         "changed\nkeep\n");
    does("require \"editheader\"; deleteheader :contains \"x-score\" \"7\"; if not exists "
         "\"x-score\" "
         "{redirect \"a@b.example\";}",
         "redirect a@b.example edited\n");
}

static str edited_header(const char *script, struct trial *t)
{
    trial_begin(t);
    (void)trial_run(t, script);
    assert_int_equal(t->result.n, 1);
    return t->result.actions[0].header;
}

static void a_new_field_cannot_bring_others_with_it(void **state)
{
    (void)state;
    struct trial t;
    str h = edited_header("require [\"editheader\",\"variables\",\"encoded-character\"]; addheader "
                          ":last \"X-A\" \"b${hex:0d 0a}Bcc: evil@x.example\";",
                          &t);
    assert_true(str_ends(h, S("\nX-A: b  Bcc: evil@x.example\n")));
    trial_end(&t);
    h = edited_header("require \"editheader\"; addheader \"X-J\" \"日本\";", &t);
    assert_true(str_starts(h, S("X-J: =?")));
    trial_end(&t);
}

static err load(void *ctx, enum sieve_include_from from, str name, struct arena *a, str *ret_text)
{
    (void)ctx;
    (void)a;
    if (str_eq(name, S("one")) && from == SIEVE_PERSONAL)
        *ret_text = S("require [\"include\",\"variables\",\"fileinto\"]; global \"g\"; set \"g\" "
                      "\"from one\"; fileinto \"one\"; return; fileinto \"never\";");
    else if (str_eq(name, S("loop")))
        *ret_text = S("require \"include\"; include \"loop\";");
    else if (str_eq(name, S("bad")))
        *ret_text = S("foo;");
    else
        return err_new(ERR_NOTFOUND, "no such script");
    return OK_ERR;
}

static void other_scripts_are_included(void **state)
{
    (void)state; /* RFC 6609 */
    struct trial t;
    trial_begin(&t);
    t.env.load = load;
    assert_string_equal(
        trial_run(&t, "require [\"include\",\"variables\",\"fileinto\"]; global \"g\"; include "
                      "\"one\"; include :once \"one\"; fileinto \"${g}\";"),
        "fileinto one\nfileinto from one\n");
    assert_string_equal(trial_run(&t, "require \"include\"; include :global :optional \"one\";"),
                        "keep\n");
    assert_string_equal(trial_run(&t, "require \"include\"; include :global \"one\";"),
                        "line 1, column 20: the included script \"one\" does not exist\nkeep\n");
    assert_string_equal(trial_run(&t, "require \"include\"; include \"loop\";"),
                        "line 1, column 20: the script \"loop\" includes itself\nkeep\n");
    assert_string_equal(trial_run(&t, "require \"include\"; include \"bad\";"),
                        "line 1, column 20: the included script \"bad\" has errors: line 1, column "
                        "1: unknown command \"foo\"; look at its spelling\nkeep\n");
    trial_end(&t);
}

static bool seen(void *ctx, str handle, str id)
{
    (void)handle;
    return str_eq(id, str_from(ctx));
}

static void duplicates_are_told_and_remembered_after(void **state)
{
    (void)state; /* RFC 7352 */
    struct trial t;
    char id[] = "<m1@lab.example>", other[] = "x";
    trial_begin(&t);
    t.env.seen = seen;
    t.env.ctx = id;
    assert_string_equal(trial_run(&t, "require \"duplicate\"; if duplicate {discard;}"), "");
    t.env.ctx = other;
    assert_string_equal(trial_run(&t, "require \"duplicate\"; if duplicate :seconds 60 {discard;}"),
                        "keep\n");
    assert_int_equal(t.result.n_duplicates, 1);
    assert_int_equal(t.result.duplicates[0].seconds, 60);
    trial_end(&t);
}

static bool exists(void *ctx, str name)
{
    (void)ctx;
    return str_eq(name, S("There"));
}

static void mailboxes_and_the_world_can_be_asked_about(void **state)
{
    (void)state; /* RFC 5490, RFC 5183 */
    struct trial t;
    trial_begin(&t);
    t.env.mailbox_exists = exists;
    t.env.host = S("mail.example.test");
    assert_string_equal(trial_run(&t, "require \"mailbox\"; if mailboxexists \"There\" {discard;}"),
                        "");
    assert_string_equal(
        trial_run(&t, "require \"mailbox\"; if mailboxexists [\"There\",\"Gone\"] {discard;}"),
        "keep\n");
    assert_string_equal(trial_run(&t, "require \"environment\"; if environment :matches \"host\" "
                                      "\"mail.*\" {discard;}"),
                        "");
    assert_string_equal(
        trial_run(&t, "require \"environment\"; if environment \"name\" \"twinpost\" {discard;}"),
        "");
    trial_end(&t);
}

static void encoded_characters_are_decoded_before_variables(void **state)
{
    (void)state; /* RFC 5228 2.4.2.4 */
    does("require [\"encoded-character\",\"fileinto\"]; fileinto \"${unicode: 65E5 672C}${hex:41 "
         "42}${hex:zz}\";",
         "fileinto 日本AB${hex:zz}\n");
    does("require \"encoded-character\"; redirect \"${unicode:D800}\";",
         "line 1, column 39: ${unicode:D800} is no character of Unicode\n");
}

static void vacation_has_bounds(void **state)
{
    (void)state; /* RFC 5230 4.1, RFC 6131 */
    struct trial t;
    trial_begin(&t);
    (void)trial_run(&t, "require \"vacation\"; vacation :days 0 \"x\";");
    assert_int_equal(t.result.actions[0].vacation.seconds, 86400);
    (void)trial_run(&t, "require \"vacation-seconds\"; vacation :seconds 90 \"x\";");
    assert_int_equal(t.result.actions[0].vacation.seconds, 90);
    (void)trial_run(&t, "require \"vacation\"; vacation \"x\";");
    assert_int_equal(t.result.actions[0].vacation.seconds, 7 * 86400);
    trial_end(&t);
}

static void notices_go_to_mail_addresses(void **state)
{
    (void)state; /* RFC 5435, RFC 5436 */
    does("require \"enotify\"; notify \"mailto:a@b.example?subject=Hi%20you\";",
         "notify mailto:a@b.example?subject=Hi%20you\nkeep\n");
    YES("\"enotify\"", "valid_notify_method \"mailto:a@b.example\"");
    NO("\"enotify\"", "valid_notify_method [\"mailto:a@b.example\",\"tel:1\"]");
    YES("\"enotify\"", "notify_method_capability \"mailto:a@b.example\" \"online\" \"maybe\"");
    does("require \"enotify\"; notify \"tel:1\";",
         "line 1, column 27: \"tel:1\" is no way to notify; a mailto: address is\n");
}

static void work_is_limited_and_the_message_kept(void **state)
{
    (void)state;
    struct trial t;
    struct buf body, script;
    trial_begin(&t);
    buf_init(&body, 64 << 20);
    buf_init(&script, 1 << 20);
    buf_add(&body, S("Subject: x\n\n"));
    for (int i = 0; i < 200000; i++)
        buf_add(&body, S("aaaaaaaaaaaaaaaa"));
    buf_add(&script, S("require \"body\"; if body :raw :matches \"*"));
    for (int i = 0; i < 100; i++)
        buf_add(&script, S("aaaaaaaaaaaaaaaa"));
    buf_add(&script, S("b*\" {discard;}"));
    buf_addc(&script, 0);
    t.message.text = buf_str(&body);
    assert_string_equal(trial_run(&t, script.p),
                        "the script takes too much time for this message\nkeep\n");
    buf_done(&body);
    buf_done(&script);
    trial_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_implicit_keep_follows_the_rules),
        cmocka_unit_test(doubles_are_done_once_and_conflicts_keep),
        cmocka_unit_test(if_elsif_else_and_stop_take_one_way),
        cmocka_unit_test(headers_are_compared_decoded_and_trimmed),
        cmocka_unit_test(addresses_are_cut_into_parts),
        cmocka_unit_test(the_null_sender_is_the_empty_string),
        cmocka_unit_test(relations_count_and_compare),
        cmocka_unit_test(variables_hold_what_was_matched),
        cmocka_unit_test(regular_expressions_match_and_capture),
        cmocka_unit_test(bodies_are_seen_raw_by_part_and_as_text),
        cmocka_unit_test(dates_are_taken_apart),
        cmocka_unit_test(one_of_several_fields_can_be_meant),
        cmocka_unit_test(flags_are_a_set),
        cmocka_unit_test(the_header_is_edited_for_what_follows),
        cmocka_unit_test(a_new_field_cannot_bring_others_with_it),
        cmocka_unit_test(other_scripts_are_included),
        cmocka_unit_test(duplicates_are_told_and_remembered_after),
        cmocka_unit_test(mailboxes_and_the_world_can_be_asked_about),
        cmocka_unit_test(encoded_characters_are_decoded_before_variables),
        cmocka_unit_test(vacation_has_bounds),
        cmocka_unit_test(notices_go_to_mail_addresses),
        cmocka_unit_test(work_is_limited_and_the_message_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
