/* scim: bulk requests of RFC 7644, 3.7: order, references, circles, and what is wrong with single operations. */
#include "scim_suite.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "scim/bulk.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/patch.h"

#define EXT "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

static const struct scim_resource_type *const types[] = {&scim_users, &scim_groups};

static int read_bulk(json_t *message, struct scim_bulk *ret)
{
    return scim_bulk_read(pool, types, 2, message, ret, &error);
}

/*
 * Carries all steps out: what operation N makes has the id "idN". Each step as "N" or "N*", with the data behind it
 * when asked.
 */
static const char *run(struct scim_bulk *bulk, bool with_data)
{
    CLEANUP(buf_release) struct buf told = BUF_INIT;
    const char **ids = pool_zero(pool, bulk->nops * sizeof *ids);
    for (size_t i = 0; i < bulk->nsteps; i++) {
        const struct scim_bulk_step *step = &bulk->steps[i];
        json_auto_t *data = NULL;
        buf_printf(&told, "%zu%s", step->op, step->completes ? "*" : "");
        if (scim_bulk_prepare(bulk, step, ids, &data, &error) != 0)
            buf_printf(&told, "!%d", error.status);
        else
            ids[step->op] = pool_printf(pool, "id%zu", step->op);
        if (with_data && data) {
            char *text = json_dumps(data, JSON_COMPACT);
            buf_printf(&told, "%s", text);
            free(text);
        }
        buf_adds(&told, " ");
    }
    return pool_strdup(pool, buf_str(&told));
}

static const struct {
    const char *operations, *steps;
} runs[] = {
    /* RFC 7644, 3.7.3: four kinds of operations */
    {"[{'method': 'POST', 'path': '/Users', 'bulkId': 'q', 'data': {'userName': 'Alice'}},"
     " {'method': 'PUT', 'path': '/Users/b7c1', 'version': 'W/1', 'data': {'id': 'b7c1', 'userName': 'Bob'}},"
     " {'method': 'PATCH', 'path': '/Users/5d8d', 'version': 'W/2', 'data': {'Operations': [{'op': 'remove', 'path':"
     " 'nickName'}]}},"
     " {'method': 'DELETE', 'path': '/Users/e902', 'version': 'W/3'}]",
     "0{'userName':'Alice'} 1{'id':'b7c1','userName':'Bob'} 2{'Operations':[{'op':'remove','path':'nickName'}]} 3 "},
    /* 3.7.2: a user, and a group with it */
    {"[{'method': 'POST', 'path': '/Users', 'bulkId': 'qwerty', 'data': {'userName': 'Alice'}},"
     " {'method': 'POST', 'path': '/Groups', 'bulkId': 'ytrewq', 'data': {'displayName': 'Tour Guides', 'members': "
     "[{'type':"
     " 'User', 'value': 'bulkId:qwerty'}]}}]",
     "0{'userName':'Alice'} 1{'displayName':'Tour Guides','members':[{'type':'User','value':'id0'}]} "},
    /* … in the other order */
    {"[{'method': 'POST', 'path': '/Groups', 'bulkId': 'g', 'data': {'displayName': 'G', 'members': [{'value': "
     "'bulkId:u'},"
     " {'value': 'x'}]}}, {'method': 'POST', 'path': '/Users', 'bulkId': 'u', 'data': {'userName': 'a'}}]",
     "1{'userName':'a'} 0{'displayName':'G','members':[{'value':'id1'},{'value':'x'}]} "},
    /* the manager, in an extension */
    {"[{'method': 'POST', 'path': '/Users', 'bulkId': 'a', 'data': {'userName': 'a', '" EXT
     "': {'employeeNumber': '1', 'manager':"
     " {'value': 'bulkId:b'}}}}, {'method': 'POST', 'path': '/Users', 'bulkId': 'b', 'data': {'userName': 'b'}}]",
     "1{'userName':'b'} 0{'userName':'a','" EXT "':{'employeeNumber':'1','manager':{'value':'id1'}}} "},
    /* 3.7.1: a circle of two groups */
    {"[{'method': 'POST', 'path': '/Groups', 'bulkId': 'qwerty', 'data': {'displayName': 'Group A', 'members': "
     "[{'type': 'Group',"
     " 'value': 'bulkId:ytrewq'}]}}, {'method': 'POST', 'path': '/Groups', 'bulkId': 'ytrewq', 'data': {'displayName':"
     " 'Group B', 'members': [{'type': 'Group', 'value': 'bulkId:qwerty'}]}}]",
     "0{'displayName':'Group A','members':[]} 1{'displayName':'Group B','members':[{'type':'Group','value':'id0'}]}"
     " 0*{'schemas':['" SCIM_PATCH_URN "'],'Operations':[{'op':'add','path':'members','value':[{'type':'Group',"
     "'value':'id1'}]}]} "},
    /* a circle of users, each the other's manager, and somebody who waits for it in front */
    {"[{'method': 'POST', 'path': '/Groups', 'bulkId': 'g', 'data': {'displayName': 'G', 'members': ['bulkId:a', "
     "'bulkId:b']}},"
     " {'method': 'POST', 'path': '/Users', 'bulkId': 'a', 'data': {'userName': 'a', '" EXT "': {'manager': {'value':"
     " 'bulkId:b'}}}}, {'method': 'POST', 'path': '/Users', 'bulkId': 'b', 'data': {'userName': 'b', '" EXT
     "': {'manager': 'bulkId:a'}}}]",
     "1{'userName':'a','" EXT "':{}} 2{'userName':'b','" EXT "':{'manager':'id1'}} 1*{'schemas':['" SCIM_PATCH_URN
     "'],'Operations':[{'op':'add','path':'" EXT ":manager','value':{'value':'id2'}}]}"
     " 0{'displayName':'G','members':['id1','id2']} "},
    /* itself, once as text alone; the other members stay */
    {"[{'method': 'POST', 'path': '/Groups', 'bulkId': 'g', 'data': {'displayName': 'G', 'members': [{'value': 'x'}, "
     "'bulkId:g',"
     " {'value': 'bulkId:g', 'display': 'G'}, {'value': 'y'}]}}]",
     "0{'displayName':'G','members':[{'value':'x'},{'value':'y'}]} 0*{'schemas':['" SCIM_PATCH_URN
     "'],'Operations':[{'op':'add','path':'members','value':['id0',{'value':'id0','display':'G'}]}]} "},
    /* a value with two references, one of which could be filled in at once */
    {"[{'method': 'POST', 'path': '/Users', 'bulkId': 'u', 'data': {'userName': 'u'}}, {'method': 'POST', 'path': "
     "'/Groups',"
     " 'bulkId': 'g', 'data': {'displayName': 'G', 'members': [{'value': 'bulkId:g', 'display': 'bulkId:u'}]}}]",
     "0{'userName':'u'} 1{'displayName':'G','members':[]} 1*{'schemas':['" SCIM_PATCH_URN
     "'],'Operations':[{'op':'add','path':'members','value':[{'value':'id1','display':'id0'}]}]} "},
    {"[{'method': 'POST', 'path': '/Groups', 'bulkId': 'g', 'data': {'displayName': 'G', 'members': [{'value': "
     "'bulkId:g',"
     " 'display': 'bulkId:g'}]}}]",
     "0{'displayName':'G','members':[]} 0*{'schemas':['" SCIM_PATCH_URN
     "'],'Operations':[{'op':'add','path':'members','value':[{'value':'id0','display':'id0'}]}]} "},
    /* one value, left out as a whole and put in as a whole */
    {"[{'method': 'POST', 'path': '/Users', 'bulkId': 'a', 'data': {'userName': 'a', 'name': {'givenName': 'bulkId:a', "
     "'familyName':"
     " 'bulkId:a'}, 'title': 'bulkId:a', 'nickName': 'n'}}]",
     "0{'userName':'a','nickName':'n'} 0*{'schemas':['" SCIM_PATCH_URN
     "'],'Operations':[{'op':'add','path':'name','value':"
     "{'givenName':'id0','familyName':'id0'}},{'op':'add','path':'title','value':'id0'}]} "},
    /* the path names what is made; what is done to one resource keeps its order */
    {"[{'method': 'PATCH', 'path': '/Users/bulkId:a', 'data': {'Operations': [{'op': 'add', 'path': 'title', 'value': "
     "'x'}]}},"
     " {'method': 'DELETE', 'path': '/Users/bulkId:a'},"
     " {'method': 'POST', 'path': '/Users', 'bulkId': 'a', 'data': {'userName': 'a'}}]",
     "2{'userName':'a'} 0{'Operations':[{'op':'add','path':'title','value':'x'}]} 1 "},
    {"[{'method': 'PATCH', 'path': '/Groups/7', 'data': {'Operations': [{'op': 'add', 'path': 'members', 'value': "
     "[{'value':"
     " 'bulkId:a'}]}]}}, {'method': 'DELETE', 'path': '/Groups/7'}, {'method': 'DELETE', 'path': '/Users/7'},"
     " {'method': 'POST', 'path': '/Users', 'bulkId': 'a', 'data': {'userName': 'a'}}]",
     "2 3{'userName':'a'} 0{'Operations':[{'op':'add','path':'members','value':[{'value':'id3'}]}]} 1 "},
    /* clients */
    {"[{'Method': 'post', 'Path': 'Users', 'bulkId': 'a', 'Data': {'userName': 'a'}}]", "0{'userName':'a'} "},
    /* what is wrong with one is not wrong with the others; what refers to it cannot be made */
    {"[{'method': 'GET', 'path': '/Users/1'}, {'method': 'POST', 'path': '/Users', 'data': {}}, {'method': 'POST', "
     "'path':"
     " '/Users', 'bulkId': 'a'}, {'method': 'POST', 'path': '/Users/1', 'bulkId': 'b', 'data': {}}, {'method': 'PUT', "
     "'path':"
     " '/Users', 'data': {}}, {'method': 'DELETE', 'path': '/Things/1'}, 5, {'method': 'DELETE', 'path': '/Users/1/2'},"
     " {'method': 'POST', 'path': '/Users', 'bulkId': 7, 'data': {}},"
     " {'method': 'DELETE', 'path': '/Users/7', 'version': null}, {'method': 'DELETE', 'path': '/Users/8', 'version':"
     " 8}]",
     "0!400 1!400 2!400 3!400 4!400 5!404 6!400 7!400 8!400 9 10!400 "},
    {"[{'method': 'POST', 'path': '/Groups', 'bulkId': 'g', 'data': {'displayName': 'G', 'members': [{'value': "
     "'bulkId:no'}]}},"
     " {'method': 'DELETE', 'path': '/Users/bulkId:no'}]",
     "0!400 1!400 "},
    {"[{'method': 'POST', 'path': '/Users', 'bulkId': 'u'}, {'method': 'POST', 'path': '/Groups', 'bulkId': 'g', "
     "'data':"
     " {'members': [{'value': 'bulkId:u'}]}}, {'method': 'PATCH', 'path': '/Groups/bulkId:g', 'data': {}}]",
     "0!400 1!409 2!409 "},
    {"[{'method': 'POST', 'path': '/Users', 'bulkId': 'u', 'data': {'userName': 'a'}}, {'method': 'POST', 'path': "
     "'/Users',"
     " 'bulkId': 'u', 'data': {'userName': 'b'}}, {'method': 'DELETE', 'path': '/Users/bulkId:u'}]",
     "0{'userName':'a'} 1!400 2 "},
};

START_TEST(every_request_is_carried_out_in_an_order_that_works)
{
    struct scim_bulk bulk;
    json_auto_t *operations = js(runs[_i].operations);
    json_auto_t *message =
        json_pack("{s:[s], s:i, s:O}", "schemas", SCIM_BULK_URN, "failOnErrors", 1, "Operations", operations);
    ck_assert_msg(read_bulk(message, &bulk) == 0, "%s", error.detail);
    char *told = (char *)run(&bulk, true);
    for (char *p = told; *p; p++)
        if (*p == '"')
            *p = '\'';
    ck_assert_msg(strcmp(told, runs[_i].steps) == 0, "%s\n  is     %s\n  wanted %s", runs[_i].operations, told,
                  runs[_i].steps);
    scim_bulk_release(&bulk);
}
END_TEST

START_TEST(what_is_no_bulk_request_is_refused)
{
    static const struct {
        const char *message;
        int status;
    } some[] = {
        {"{}", 400},
        {"{'Operations': []}", 400},
        {"{'Operations': {}}", 400},
        {"{'schemas': ['urn:x:y'], 'Operations': [{}]}", 400},
        {"{'failOnErrors': -1, 'Operations': [{}]}", 400},
        {"{'failOnErrors': 'x', 'Operations': [{}]}", 400},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct scim_bulk bulk;
        json_auto_t *message = js(some[i].message);
        ck_assert_msg(read_bulk(message, &bulk) == -1 && error.status == some[i].status, "%s", some[i].message);
        scim_bulk_release(&bulk);
    }
}
END_TEST

START_TEST(a_request_stops_after_as_many_errors_as_it_bears)
{
    struct scim_bulk bulk;
    json_auto_t *message = js("{'failOnErrors': 2, 'Operations': [{}]}"), *all = js("{'Operations': [{}]}");
    ck_assert_int_eq(read_bulk(message, &bulk), 0);
    ck_assert(scim_bulk_goes_on(&bulk, 0) && scim_bulk_goes_on(&bulk, 1) && !scim_bulk_goes_on(&bulk, 2));
    scim_bulk_release(&bulk);
    ck_assert_int_eq(read_bulk(all, &bulk), 0);
    ck_assert(scim_bulk_goes_on(&bulk, 1000));
    scim_bulk_release(&bulk);
}
END_TEST

START_TEST(a_million_operations_are_refused_before_they_cost_anything)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    struct scim_bulk bulk;
    json_auto_t *value = NULL;
    buf_adds(&text, "{\"Operations\":[");
    for (size_t i = 0; i < 1000000; i++)
        buf_adds(&text, "{},");
    buf_adds(&text, "{}]}");
    ck_assert_int_eq(scim_json_load((struct span){text.data, text.len}, SCIM_BULK_MAX, &value, &error), -1);
    expect_error(413, NULL, "values");
    buf_clear(&text);
    buf_adds(&text, "{\"Operations\":[");
    for (size_t i = 0; i < 1000000; i++)
        buf_adds(&text, "{\"method\":\"DELETE\",\"path\":\"/Users/1\"},");
    buf_adds(&text, "{}]}");
    ck_assert_int_eq(scim_json_load((struct span){text.data, text.len}, SCIM_BULK_MAX, &value, &error), -1);
    expect_error(413, NULL, "bytes");
    json_auto_t *many = json_pack("{s:[]}", "Operations");
    for (size_t i = 0; i <= SCIM_BULK_OPS_MAX; i++)
        json_array_append_new(json_object_get(many, "Operations"), json_object());
    ck_assert_int_eq(read_bulk(many, &bulk), -1);
    expect_error(413, NULL, "operations");
    scim_bulk_release(&bulk);
}
END_TEST

/* Two hundred groups, each with all of the others and itself: as many circles as can be. */
START_TEST(large_circles_come_to_an_end)
{
    struct scim_bulk bulk;
    json_auto_t *message = json_pack("{s:[]}", "Operations");
    const size_t n = 200;
    for (size_t i = 0; i < n; i++) {
        json_t *members = json_array();
        for (size_t j = 0; j < n; j++)
            json_array_append_new(members, json_pack("{s:o}", "value", json_sprintf("bulkId:%zu", j)));
        json_array_append_new(json_object_get(message, "Operations"),
                              json_pack("{s:s, s:s, s:o, s:{s:s, s:o}}", "method", "POST", "path", "/Groups", "bulkId",
                                        json_sprintf("%zu", i), "data", "displayName", "G", "members", members));
    }
    ck_assert_int_eq(read_bulk(message, &bulk), 0);
    ck_assert_int_eq(bulk.nsteps, 2 * n);
    size_t done = 0, completed = 0;
    for (size_t i = 0; i < bulk.nsteps; i++)
        *(bulk.steps[i].completes ? &completed : &done) += 1;
    ck_assert(done == n && completed == n);
    ck_assert(!strchr(run(&bulk, false), '!'));
    scim_bulk_release(&bulk);
}
END_TEST

/* Two that refer to each other a hundred thousand times. */
START_TEST(many_references_come_to_an_end)
{
    struct scim_bulk bulk;
    json_auto_t *message = json_pack("{s:[]}", "Operations");
    const size_t n = 100000;
    for (size_t i = 0; i < 2; i++) {
        json_t *members = json_array();
        for (size_t j = 0; j < n; j++)
            json_array_append_new(members, json_pack("{s:s}", "value", i ? "bulkId:0" : "bulkId:1"));
        json_array_append_new(json_object_get(message, "Operations"),
                              json_pack("{s:s, s:s, s:o, s:{s:s, s:o}}", "method", "POST", "path", "/Groups", "bulkId",
                                        json_sprintf("%zu", i), "data", "displayName", "G", "members", members));
    }
    ck_assert_int_eq(read_bulk(message, &bulk), 0);
    ck_assert_str_eq(run(&bulk, false), "0 1 0* ");
    scim_bulk_release(&bulk);
}
END_TEST

START_TEST(answers_stand_in_one_message)
{
    struct scim_bulk bulk;
    json_auto_t *message =
        js("{'Operations': [{'method': 'POST', 'path': '/Users', 'bulkId': 'qwerty', 'data': {}}, {'method':"
           " 'DELETE', 'path': '/Users/e9025315'}, {'method': 'PUT', 'path': '/Users/b7c14771'}]}");
    ck_assert_int_eq(read_bulk(message, &bulk), 0);
    json_t *results = json_array();
    json_array_append_new(results,
                          scim_bulk_result(&bulk.ops[0], 201, "https://example.com/v2/Users/92b7", "W/\"x\"", NULL));
    json_array_append_new(results,
                          scim_bulk_result(&bulk.ops[1], 204, "https://example.com/v2/Users/e9025315", NULL, NULL));
    json_array_append_new(results, scim_bulk_result(&bulk.ops[2], 0, NULL, NULL, &bulk.ops[2].error));
    json_auto_t *answer = scim_bulk_json(results);
    json_t *first = json_array_get(json_object_get(answer, "Operations"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(first, "version")), "W/\"x\"");
    json_object_del(first, "version");
    expect_json(
        answer,
        "{'schemas': ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'], 'Operations': [{'location':"
        " 'https://example.com/v2/Users/92b7', 'method': 'POST', 'bulkId': 'qwerty', 'status': '201'}, {'location':"
        " 'https://example.com/v2/Users/e9025315', 'method': 'DELETE', 'status': '204'}, {'method': 'PUT', 'status':"
        " '400', 'response': {'schemas': ['urn:ietf:params:scim:api:messages:2.0:Error'], 'scimType': 'invalidSyntax',"
        " 'detail': 'PUT has no data', 'status': '400'}}]}",
        "RFC 7644, 3.7.3");
    scim_bulk_release(&bulk);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim_bulk");
    TCase *tc = tcase_create("bulk");
    tcase_add_checked_fixture(tc, scim_setup, scim_teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, every_request_is_carried_out_in_an_order_that_works, 0, sizeof runs / sizeof *runs);
    tcase_add_test(tc, what_is_no_bulk_request_is_refused);
    tcase_add_test(tc, a_request_stops_after_as_many_errors_as_it_bears);
    tcase_add_test(tc, a_million_operations_are_refused_before_they_cost_anything);
    tcase_add_test(tc, large_circles_come_to_an_end);
    tcase_add_test(tc, many_references_come_to_an_end);
    tcase_add_test(tc, answers_stand_in_one_message);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
