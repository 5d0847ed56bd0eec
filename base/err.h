#ifndef SITU_BASE_ERR_H
#define SITU_BASE_ERR_H

/*
 * What failed: an exit status, an errno and one sentence, on the caller's stack. Any thread.
 *
 * A sentence names the object, the operation and the remedy and carries no trailing newline:
 *   "memory: node 1 has 3 free 1 GiB pages, 8 are needed; free memory or set ..."
 * It is filled where the failure happens, gains context once on the way up (err_context), and is
 * turned into text only by cli/ and the control API.
 */

/* The program's exit codes. They are part of the product's contract with scripts. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_NO = 1, /* the input is fine and the answer is no */
	EXIT_INPUT = 2, /* the input cannot be read or breaks its schema */
	EXIT_HOST = 3, /* the host lacks something: kernel, permission, memory, CPUs */
	EXIT_UNVERIFIED = 4, /* placement or tuning could not be verified */
	EXIT_GUEST = 5, /* the guest crashed */
};

struct err {
	enum exit_status status; /* EXIT_OK while nothing failed */
	int errnum; /* positive errno */
	char text[512]; /* one sentence; cut at the end if longer */
};

/* Fills *err and returns -errnum, so that `return err_set(...)` reads as one statement. */
int err_set(struct err *err, enum exit_status status, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As err_set, with ": <strerror(errnum)>" added to the sentence. */
int err_sys(struct err *err, enum exit_status status, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "<context>: " before the sentence of an err that is already filled. */
void err_context(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
