/*
 * What went wrong, once, in words for the administrator.
 *
 * Functions that can fail return 0 or -1 and take a struct err * last; on -1 it is filled. The text reads "object: fault;
 * remedy". It is made where the fault is known, wrapped with meaning on the way up (err_wrap), and shown once at the top.
 * The kind decides the exit status, in one table (err_exit_status).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_kind {
    ERR_NONE,
    ERR_FAILED,  /* it did not work, for a reason of its own */
    ERR_NETWORK, /* a server could not be reached, was cut off, or refused to serve now; worth trying again */
    ERR_REFUSED, /* a server, a signature or a rule said no; trying again does not help */
    ERR_INPUT,   /* data from outside is malformed */
    ERR_NOT_FOUND,
    ERR_CONFLICT, /* somebody else holds it, or it is there already */
    ERR_STORE,    /* our own state: corrupt, too new, disk full, locked */
    ERR_GATE,     /* the gate is closed */
    ERR_HELD,     /* the guard held changes back */
    ERR_PARTIAL,  /* a part failed, the rest was done */
    ERR_STALE,    /* the saved plan is out of date */
    ERR_USAGE,    /* wrong words on the command line */
    ERR_CONFIG,   /* wrong configuration */
};

#define ERR_TEXT_MAX 2048

struct err {
    enum err_kind kind;
    char text[ERR_TEXT_MAX]; /* UTF-8, cut at a character when too long */
};

#define ERR_INIT                                                                                                       \
    {                                                                                                                  \
        .kind = ERR_NONE                                                                                               \
    }

/* Fills *err and returns -1, so that a failing function can end in "return err_set(…)". */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* As err_set, with ": " and the text of errno behind. */
int err_errno(struct err *err, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "fmt: " before the text that is there; the kind stays. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *err);

/* 0 done · 1 failed · 3 gate closed · 4 held · 5 partly failed · 6 stale · 64 usage · 78 configuration */
int err_exit_status(enum err_kind kind);

#endif
