/*
 * The SQL driver: the few calls that all of src/store/ is written in. SQLite today; SQL outside schema.c keeps to what SQLite and
 * PostgreSQL share, so that a second driver can stand behind this header.
 *
 *   db_open -> db_prepare -> (stmt_bind_… -> stmt_step…)… -> stmt_free -> db_close
 *   db_begin -> … -> db_commit | db_rollback
 *
 * A constraint of the schema whose message begins with "gate:" comes up as ERR_GATE.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct db;
struct stmt;

/* Opens or makes the database file (mode 0600) and checks it: ERR_STORE names the file when it is no database or a damaged one. */
int db_open(const char *path, bool read_only, struct db **ret, struct err *err);
/* Sets the file's journal; only once it is known to be ours. */
int db_settle_writing(struct db *db, struct err *err);
void db_close(struct db **db);
const char *db_path(const struct db *db);
/* Its name leads to another file by now, or to none: what is written to it nobody reads. */
bool db_is_moved(struct db *db);

int db_exec(struct db *db, const char *sql, struct err *err); /* one or more statements without results */
/* false: from now on a locked database is ERR_CONFLICT at once, not after seconds. */
void db_set_patient(struct db *db, bool patient);
int db_begin(struct db *db, struct err *err);
int db_commit(struct db *db, struct err *err); /* on -1 the transaction was rolled back */
void db_rollback(struct db *db);               /* no-op outside a transaction */

/* sql must live as long as the program (a literal): prepared statements are kept for reuse. */
int db_prepare(struct db *db, const char *sql, struct stmt **ret, struct err *err);
/*
 * The same with its parameters, for what is done once: db_run(db, "UPDATE … WHERE id = ?", DB_ARGS(DB_INT(id)), err).
 * db_query gives the statement to step through; db_run runs it to its end.
 */
struct db_value {
    int64_t number;
    const char *text;
    bool is_text; /* text NULL: SQL null */
};
#define DB_INT(v)  ((struct db_value){.number = (v)})
#define DB_TEXT(v) ((struct db_value){.text = (v), .is_text = true})
#define DB_ARGS(...)                                                                                                   \
    (const struct db_value[]){__VA_ARGS__}, sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
int db_query(struct db *db, const char *sql, const struct db_value *values, size_t n, struct stmt **ret,
             struct err *err);
int db_run(struct db *db, const char *sql, const struct db_value *values, size_t n, struct err *err);
/* Gives the statement back, reset and without bindings. */
void stmt_free(struct stmt **stmt);

/* Parameters count from 1. Text and blobs are copied at the next step; they must live until then. */
void stmt_bind_int(struct stmt *stmt, int i, int64_t value);
void stmt_bind_text(struct stmt *stmt, int i, const char *value); /* NULL: SQL null */
void stmt_bind_span(struct stmt *stmt, int i, struct span text);  /* empty: SQL null */
void stmt_bind_null(struct stmt *stmt, int i);

/* 1: a row is there; 0: no more, and the statement is reset; -1 */
int stmt_step(struct stmt *stmt, struct err *err);
/* Runs a statement without a result to its end; bindings stay. */
int stmt_run(struct stmt *stmt, struct err *err);
void stmt_reset(struct stmt *stmt);

/* Columns count from 0. Text is "" for null, and dead at the next step. */
int64_t stmt_int(struct stmt *stmt, int col);
const char *stmt_text(struct stmt *stmt, int col);
struct span stmt_span(struct stmt *stmt, int col);
bool stmt_is_null(struct stmt *stmt, int col);
bool stmt_is_int(struct stmt *stmt, int col);

/* Rows that the last statement changed; the rowid of the last insert. */
int64_t db_changed(struct db *db);
int64_t db_last_id(struct db *db);

/* The first column of the first row, as a number; 0 when there is no row or it is null. db_get_int: without parameters. */
int db_number(struct db *db, const char *sql, const struct db_value *values, size_t n, int64_t *ret, struct err *err);
int db_get_int(struct db *db, const char *sql, int64_t *ret, struct err *err);

#endif
