/* SPDX-License-Identifier: ISC */
/* list/texts_english.c -- what a list says where it has no text of its own. */
#include "list/texts.h"

const struct list_text texts_english[] = {
    {"top", "Hello! This is the list program of <#L#>@<#H#>.\n"
            "\n"},
    {"bottom", "\n"
               "--- Commands for the list <#l#>@<#h#> ---\n"
               "\n"
               "To get help:                 <<#L#>-help@<#H#>>\n"
               "To subscribe:                <<#L#>-subscribe@<#H#>>\n"
               "To unsubscribe <#A#>:\n"
               "    <<#L#>-unsubscribe-<#t#>@<#H#>>\n"
               "To reach the owner:          <<#L#>-owner@<#H#>>\n"
               "\n"
               "Please do not send these to the list itself. The subject and text of such\n"
               "a mail do not matter. To act for another address, put it behind the\n"
               "command with '=' instead of '@':\n"
               "    <<#L#>-subscribe-name=host.example@<#H#>>\n"
               "<=a=>\n"
               "Past posts, by number:       <<#L#>-get.12_45@<#H#>>\n"
               "Subjects of past posts:      <<#L#>-index@<#H#>>\n"
               "<==>\n"},
    {"help", "You have asked for help, or sent a command that this list does not know.\n"
             "\n"},
    {"info", "No description of this list has been written yet.\n"},
    {"faq", "No frequent questions of this list have been written down yet.\n"},
    {"sub-confirm", "To confirm that\n"
                    "\n"
                    "    <#A#>\n"
                    "\n"
                    "shall be added to the list <#l#>@<#h#>, please answer this mail, or send\n"
                    "one to\n"
                    "\n"
                    "    <#R#>\n"
                    "\n"
                    "This shows that the address works and that its owner wants the posts. If\n"
                    "you did not ask for it, do nothing: nobody will be added.\n"
                    "\n"},
    {"sub-ok", "<#A#>\n"
               "\n"
               "is now a member of the list <#l#>@<#h#>. Welcome!\n"
               "\n"
               "Please keep this mail: it shows the address that you are a member by.\n"
               "\n"},
    {"sub-nop", "<#A#>\n"
                "\n"
                "was a member of the list <#l#>@<#h#> already; nothing has changed.\n"
                "\n"},
    {"sub-bad", "The confirmation of this address was not right or too old:\n"
                "\n"
                "    <#A#>\n"
                "\n"
                "To confirm now, please answer this mail, or send one to\n"
                "\n"
                "    <#R#>\n"
                "\n"},
    {"unsub-confirm", "To confirm that\n"
                      "\n"
                      "    <#A#>\n"
                      "\n"
                      "shall be removed from the list <#l#>@<#h#>, please answer this mail, or\n"
                      "send one to\n"
                      "\n"
                      "    <#R#>\n"
                      "\n"
                      "If you did not ask for it, do nothing: the address stays.\n"
                      "\n"},
    {"unsub-ok", "<#A#>\n"
                 "\n"
                 "is no longer a member of the list <#l#>@<#h#>.\n"
                 "\n"},
    {"unsub-nop", "<#A#>\n"
                  "\n"
                  "is not a member of the list <#l#>@<#h#>. If posts still come, they go to\n"
                  "another address of yours: look at the Return-Path of one, which names it.\n"
                  "\n"},
    {"unsub-bad", "The confirmation of this address was not right or too old:\n"
                  "\n"
                  "    <#A#>\n"
                  "\n"
                  "To confirm the removal now, please answer this mail, or send one to\n"
                  "\n"
                  "    <#R#>\n"
                  "\n"},
    {"get-bad", "The list has no such post in its archive.\n"
                "\n"},
    {"digest", "To unsubscribe from this digest: <<#L#>-digest-unsubscribe@<#H#>>\n"
               "To post to the list:             <<#L#>@<#H#>>\n"
               "\n"},
    {"trailer", "To unsubscribe: <#L#>-unsubscribe@<#H#>\n"},
    {"bounce-warn", "Posts of the list <#l#>@<#h#> to you\n"
                    "\n"
                    "    <#A#>\n"
                    "\n"
                    "have come back. A copy of the first that did is below.\n"
                    "\n"
                    "If this warning comes back too, a probe will be sent; if that comes back,\n"
                    "the address is removed from the list.\n"
                    "\n"},
    {"bounce-probe", "Posts of the list <#l#>@<#h#> to you\n"
                     "\n"
                     "    <#A#>\n"
                     "\n"
                     "have come back, and so has a warning. This is a probe: if it reaches you,\n"
                     "nothing happens. If it comes back, the address is removed from the list.\n"
                     "\n"},
    {"bounce-num", "These posts came back. They can be had from the archive, by number\n"
                   "(<<#L#>-get.NUMBER@<#H#>>):\n"
                   "\n"},
    {"dig-bounce-num", "These digests came back, named by the first post in them:\n"
                       "\n"},
    {"bounce-bottom", "\n"
                      "--- What came back ---\n"
                      "\n"},
    {"mod-help", "You are a moderator of the list <#l#>@<#h#>.\n"
                 "\n"
                 "To add or remove somebody else, write to\n"
                 "    <<#L#>-subscribe-name=host.example@<#H#>>\n"
                 "    <<#L#>-unsubscribe-name=host.example@<#H#>>\n"
                 "and answer the request for confirmation. Held posts come to you by mail:\n"
                 "answer to accept one; to reject it, use the From address.\n"
                 "\n"},
    {"mod-request", "This post waits for a moderator's decision.\n"
                    "\n"
                    "To accept it, answer this mail, or write to\n"
                    "    <#A#>\n"
                    "To reject it, write to\n"
                    "    <#R#>\n"
                    "Words for its author go between two lines that begin with %%%.\n"
                    "Without a decision it goes back in some days.\n"
                    "\n"},
    {"mod-reject", "Your post to the list <#l#>@<#h#> was not accepted by its moderator.\n"
                   "It is below; words of the moderator, if any, come first.\n"
                   "\n"},
    {"mod-timeout", "No moderator of the list <#l#>@<#h#> decided about your post in time.\n"
                    "It is below; you may send it again.\n"
                    "\n"},
    {"mod-sub", "This was done for you by a moderator, or with a moderator's consent.\n"
                "\n"},
    {"mod-sub-confirm", "<#A#>\n"
                        "\n"
                        "asks to become a member of the list <#l#>@<#h#>. To agree, answer this\n"
                        "mail, or write to\n"
                        "\n"
                        "    <#R#>\n"
                        "\n"
                        "If you do not agree, do nothing.\n"
                        "\n"},
    {"mod-unsub-confirm",
     "The removal of\n"
     "\n"
     "    <#A#>\n"
     "\n"
     "from the list <#l#>@<#h#> was asked for. To agree, answer this mail, or\n"
     "write to\n"
     "\n"
     "    <#R#>\n"
     "\n"
     "If you do not agree, do nothing.\n"
     "\n"},
    {"post-confirm", "A post to the list <#l#>@<#h#> came with your address. It is below.\n"
                     "\n"
                     "If it is yours, answer this mail, or write to\n"
                     "    <#A#>\n"
                     "and it goes on. If not, do nothing: it is thrown away.\n"
                     "\n"},
    {"edit-do", "The text below can be changed: change what stands between the marks, and\n"
                "send all of it to this mail's reply address.\n"
                "\n"},
    {"edit-list", "Texts that can be had by <#L#>-edit.NAME@<#H#>:\n"
                  "\n"
                  "bottom digest faq get-bad help info mod-help mod-reject mod-request\n"
                  "mod-sub mod-timeout sub-bad sub-confirm sub-nop sub-ok top trailer\n"
                  "unsub-bad unsub-confirm unsub-nop unsub-ok\n"
                  "\n"},
    {"edit-done", "The text has been replaced.\n"
                  "\n"},
    {"messages", "SUBJECT_RESPONSE:ezmlm response\n"
                 "SUBJECT_SUB_CONFIRM:confirm subscribe to <#l#>@<#h#>\n"
                 "SUBJECT_UNSUB_CONFIRM:confirm unsubscribe from <#l#>@<#h#>\n"
                 "SUBJECT_WELCOME:WELCOME to <#l#>@<#h#>\n"
                 "SUBJECT_GOODBYE:GOODBYE from <#l#>@<#h#>\n"
                 "SUBJECT_WARNING:ezmlm warning\n"
                 "SUBJECT_PROBE:ezmlm probe\n"
                 "SUBJECT_MODERATE:MODERATE for <#l#>@<#h#>\n"
                 "SUBJECT_CONFIRM_POST:CONFIRM post to <#l#>@<#h#>\n"
                 "SUBJECT_RETURNED:Returned post for <#l#>@<#h#>\n"
                 "SUBJECT_DIGEST:<#l#> Digest\n"
                 "SUBJECT_TOPICS:Topics\n"
                 "SUBJECT_ADMINISTRIVIA:Administrivia\n"},
    {0},
};
