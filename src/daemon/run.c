#include "daemon/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "daemon/signals.h"

#define WORDS_MAX 16

/* In the child: another program from here on. A group of its own, so that Ctrl-C at our terminal reaches it through us, once. */
static _Noreturn void become(const char *const *words, int out, pid_t parent)
{
    char *argv[WORDS_MAX + 2] = {(char *)"doorward"};
    for (int i = 0; words[i] && i < WORDS_MAX; i++)
        argv[i + 1] = (char *)words[i];
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || nothing < 0 || dup2(nothing, 0) < 0 ||
        dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(1);
    signals_restore();
    execv("/proc/self/exe", argv);
    fprintf(stderr, "doorward: /proc/self/exe could not be started\n");
    _exit(1);
}

int run_start(struct run *run, const char *const *words, struct err *err)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_errno(err, ERR_FAILED, "a run could not be started");
    pid_t pid = fork();
    if (pid == 0)
        become(words, ends[1], parent);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return err_errno(err, ERR_FAILED, "a run could not be started");
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *run = (struct run){.pid = pid, .fd = ends[0]};
    return 0;
}

static void log_line(struct run *run)
{
    if (run->used > 0)
        log_event_of(LOG_LEVEL_INFO, "run", run->pid, "%.*s", (int)run->used, run->line);
    run->used = 0;
}

void run_listen(struct run *run)
{
    char some[4096];
    ssize_t n = -1;
    while (run->fd >= 0 && ((n = read(run->fd, some, sizeof some)) > 0 || (n < 0 && errno == EINTR))) {
        for (ssize_t i = 0; i < n; i++) {
            if (some[i] == '\n' || run->used == sizeof run->line)
                log_line(run);
            if (some[i] != '\n' && some[i] != '\0')
                run->line[run->used++] = some[i];
        }
    }
    if (run->fd >= 0 && n == 0) {
        close(run->fd);
        run->fd = -1;
    }
}

void run_stop(const struct run *run)
{
    if (run->pid)
        kill(run->pid, SIGTERM);
}

const char *run_words(int status, char ret[static RUN_WORDS_MAX])
{
    static const struct {
        int status;
        const char *words;
    } known[] = {{0, "done"},
                 {1, "it failed"},
                 {3, "the gate is closed"},
                 {4, "changes are held back"},
                 {5, "done in part"},
                 {6, "the saved plan is out of date"},
                 {64, "wrong usage"},
                 {78, "the configuration is wrong"}};
    const char *words = NULL;
    if (WIFSIGNALED(status)) {
        snprintf(ret, RUN_WORDS_MAX, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        return ret;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == WEXITSTATUS(status))
            words = known[i].words;
    snprintf(ret, RUN_WORDS_MAX, "exit status %d%s%s", WEXITSTATUS(status), words ? ", " : "", words ? words : "");
    return ret;
}

/* The gate and the guard answer an administrator: worth a warning, as what was done in part. */
static enum log_level level_of(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return LOG_LEVEL_INFO;
    return WIFEXITED(status) && WEXITSTATUS(status) >= 3 && WEXITSTATUS(status) <= 5 ? LOG_LEVEL_WARNING
                                                                                     : LOG_LEVEL_ERROR;
}

bool run_ended(struct run *run)
{
    int status;
    char words[RUN_WORDS_MAX];
    if (!run->pid || waitpid(run->pid, &status, WNOHANG) != run->pid)
        return false;
    run_listen(run);
    log_line(run);
    log_event(level_of(status), "run %d ended: %s", (int)run->pid, run_words(status, words));
    if (run->fd >= 0)
        close(run->fd);
    *run = (struct run)RUN_INIT;
    return true;
}
