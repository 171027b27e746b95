/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one error type.  Every function that can fail returns an enum ulp_code
 * and describes the failure in a struct ulp_err owned by its caller.  Code,
 * exit status, outcome word and short text of each error stand in the one
 * list below; ulp(1) carries the same table, ulp-packer(1) a summary.
 */
#ifndef ULP_CONTAINER_ERR_H
#define ULP_CONTAINER_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* On every declaration whose failure must not go unnoticed. */
#define ULP_MUST_CHECK __attribute__((warn_unused_result))

/*
 * X(name, exit status, skip, short text)
 *
 * skip: 1 where the container is simply not meant for the process, so that
 * the outcome is SKIPPED and not ERROR.
 */
#define ULP_ERRORS(X)                                                                  \
	X(ULP_OK, 0, 0, "success")                                                     \
	X(ULP_ESYS, 8, 0, "a system call failed")                                      \
	X(ULP_ENOMEM, 8, 0, "out of memory")                                           \
	X(ULP_EUSAGE, 2, 0, "wrong usage")                                             \
	X(ULP_ESPEC, 3, 0, "the spec is not valid")                                    \
	X(ULP_EELF, 3, 0, "not an ELF object this tool can use")                       \
	X(ULP_EFORMAT, 3, 0, "the container is damaged")                               \
	X(ULP_EVERSION, 3, 0, "unknown version of the format")                         \
	X(ULP_EARCH, 3, 0, "made for another machine")                                 \
	X(ULP_EUNSUP, 3, 0, "not supported")                                           \
	X(ULP_ENOFACTS, 5, 0, "the build holds no facts")                              \
	X(ULP_ENOFUNC, 5, 0, "no such function")                                       \
	X(ULP_EAMBIGUOUS, 5, 0, "the name is ambiguous")                               \
	X(ULP_ESYMBOL, 5, 0, "undefined symbol")                                       \
	X(ULP_ERELOC, 5, 0, "relocation that cannot be handled")                       \
	X(ULP_ETLS, 5, 0, "thread-local variable that cannot be handled")              \
	X(ULP_EMISMATCH, 5, 0, "does not fit the target")                              \
	X(ULP_EENTRY, 5, 0, "the function's bytes are not what the container expects") \
	X(ULP_EAPPLIED, 5, 0, "already applied")                                       \
	X(ULP_ENOTAPPLIED, 5, 0, "not applied")                                        \
	X(ULP_EREQUIRES, 5, 0, "requires a live patch that is not applied")            \
	X(ULP_ECONFLICT, 5, 0, "in conflict with an applied live patch")               \
	X(ULP_EREQUIRED, 5, 0, "required by an applied live patch")                    \
	X(ULP_EROOM, 5, 0, "no room near the target library")                          \
	X(ULP_ENOPROC, 4, 0, "no such process")                                        \
	X(ULP_EGONE, 4, 0, "the process ended meanwhile")                              \
	X(ULP_ENORUNTIME, 4, 0, "libpulp.so.0 is not loaded in the process")           \
	X(ULP_EREGISTRY, 4, 0, "the process's registry is damaged")                    \
	X(ULP_ETRACED, 4, 0, "the process is being traced")                            \
	X(ULP_ESTOP, 6, 0, "the threads could not be stopped in time")                 \
	X(ULP_EACTIVE, 6, 0, "a function to be replaced is in use")                    \
	X(ULP_EPERM, 7, 0, "permission denied")                                        \
	X(ULP_ENOTARGET, 1, 1, "the process does not have the library")                \
	X(ULP_EBUILDID, 1, 1, "the process has another build of the library")

enum ulp_code {
#define ULP_ERROR_ENUM(name, status, skip, text) name,
	ULP_ERRORS(ULP_ERROR_ENUM)
#undef ULP_ERROR_ENUM
};

/*
 * A failure, described.  Fixed size and without pointers, so that a child
 * process can hand it to its parent through a pipe.
 */
struct ulp_err {
	enum ulp_code code;
	int sys_errno;	 /* errno of the failed system call, or 0 */
	char where[256]; /* "spec.yaml:3:7", "x.so: .ulp+0x40", "pid 12"; "" if none */
	char text[768];	 /* the reason, and where one is known, the remedy */
};

/*
 * For a program with a catalogue of messages: given the English text (or format) of an error,
 * returns it in the user's language.  NULL, as it is at first: English.  Set it before anything
 * can fail; the library never calls it while it is NULL.
 */
extern const char *(*ulp_err_translator)(const char *text);

/*
 * A text (or format) in the user's language.  ulp_fail() does this with its format; it is for
 * texts that come by another way.  Static storage, or the text itself.
 */
const char *ulp_err_text(const char *text) __attribute__((format_arg(1)));

/* Marks, for the catalogue of messages, a text that ulp_err_text() gets later, as of a table. */
#define ULP_TEXT(text) text

/*
 * Fills *err (which may be NULL) and returns code, so that a failing function
 * can `return ulp_fail(err, ULP_EELF, "...", ...)`.  Clears err->where.
 */
enum ulp_code ulp_fail(struct ulp_err *err, enum ulp_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, for functions that add a place to all their failures. */
enum ulp_code ulp_vfail(struct ulp_err *err, enum ulp_code code, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

/* As ulp_fail(), with the current errno kept and its text appended. */
enum ulp_code ulp_fail_errno(struct ulp_err *err, enum ulp_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Puts a place in front of err->where on the way up ("x.so" in front of
 * ".ulp+0x40" gives "x.so: .ulp+0x40").  Returns err->code (ULP_OK when err is NULL).
 */
enum ulp_code ulp_err_at(struct ulp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "where: text", or the text alone, into buf (always NUL-terminated).  Returns buf. */
const char *ulp_err_format(const struct ulp_err *err, char *buf, size_t len);

/*
 * `where` of an error, or what ulp_err_format() gives, without the place `said` at its
 * start and the ": " or ", " behind that: for where it has just been named.  Borrowed
 * from `where`; all of that if it does not begin so, or `said` is empty.
 */
const char *ulp_err_skip_said(const char *where, const char *said);

/* The exit status that stands in the list for this code. */
int ulp_code_status(enum ulp_code code);

/* The enum's name ("ULP_EELF"), for JSON and tests; static storage. */
const char *ulp_code_name(enum ulp_code code);

/* The short text of the list, translated; static storage. */
const char *ulp_code_text(enum ulp_code code);

/* Whether the outcome word is SKIPPED rather than ERROR. */
bool ulp_code_is_skip(enum ulp_code code);

/* clang's analyzer looks at one file at a time: this tells it that the code comes back as it is. */
#ifdef __clang_analyzer__
#define ulp_fail(err, code, ...) ((void)(ulp_fail)(err, code, __VA_ARGS__), code)
#define ulp_fail_errno(err, code, ...) ((void)(ulp_fail_errno)(err, code, __VA_ARGS__), code)
#endif

#endif
