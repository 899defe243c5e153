/*
 * Whatever a SCIM service answers: no crash; a good answer to a question for an id has one that can go into an address;
 * and whoever is asked for is never said to be absent by anything but an empty list or a 404.
 *
 * The input is as in tests/data/scim-answer: "STATUS EXPECT TYPE", a line that is left aside, the body.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_answer tests/data/scim-answer
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/scim/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct scim_question questions[] = {
    {.object = "account ann", .expect = SCIM_EXPECT_NOTHING},
    {.object = "account ann", .expect = SCIM_EXPECT_ONE, .ours = "e1"},
    {.object = "account ann", .expect = SCIM_EXPECT_LIST, .attribute = "externalId", .value = "e1", .ours = "e1"},
    {.object = "account ann", .expect = SCIM_EXPECT_LIST, .attribute = "userName", .value = "ann", .any_case = true},
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check(const struct http_reply *reply, const struct scim_question *question, const struct scim_answer *a)
{
    bool good = reply->status >= 200 && reply->status < 300;
    if (a->finding == SCIM_GOOD) {
        require(good);
        require(question->expect == SCIM_EXPECT_NOTHING || (*a->id && strlen(a->id) < PLATFORM_ID_MAX));
        require(text_is_clean(span_str(a->id)));
        return;
    }
    require(a->verdict != PLATFORM_DONE && a->why.kind != ERR_NONE && text_is_clean(span_str(a->why.text)));
    require(a->finding != SCIM_ABSENT || reply->status == 404 || question->expect == SCIM_EXPECT_LIST);
    require(a->wait >= 0 && a->wait <= PLATFORM_WAIT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(freep) char *text = mem_strndup((const char *)data, size); /* the head, without a NUL in it */
    CLEANUP(freep) struct http_reply *reply = mem_zero(sizeof *reply);
    char expectation[16] = "";
    if (sscanf(text, "%9ld %15s %99[^\n]", &reply->status, expectation, reply->type) < 2)
        return 0;
    const uint8_t *line = memchr(data, '\n', size);
    line = line ? memchr(line + 1, '\n', size - (size_t)(line + 1 - data)) : NULL;
    size_t head = line ? (size_t)(line + 1 - data) : size;
    if (head < size)
        buf_add(&reply->body, data + head, size - head);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct scim_answer answer;
        scim_read(reply, &questions[i], &answer);
        check(reply, &questions[i], &answer);
    }
    buf_release(&reply->body);
    return 0;
}
