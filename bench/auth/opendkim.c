/* OpenDKIM's library on the messages of bench/auth.py; the key's record comes from a callback. usage: opendkim DIRECTORY SECONDS */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include <opendkim/dkim.h>

enum { MOST = 4 << 20 };
static char record[4096], key[8192], field[16384];

static void die(const char *what, DKIM *dkim, long status) {
  const char *words = dkim ? dkim_geterror(dkim) : NULL;
  fprintf(stderr, "opendkim: %s: %ld %s\n", what, status, words ? words : "");
  exit(1);
}

/* CPU time: other work on this machine does not count. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static char *slurp(const char *directory, const char *name, size_t *length) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = fopen(path, "rb");
  if (!file) die(path, NULL, 0);
  char *text = malloc(MOST);
  size_t got = fread(text, 1, MOST - 1, file);
  text[got] = 0;
  fclose(file);
  if (length) *length = got;
  return text;
}

static DKIM_CBSTAT lookup(DKIM *dkim, DKIM_SIGINFO *signature, unsigned char *buffer, size_t size) {
  (void)dkim, (void)signature;
  snprintf((char *)buffer, size, "%s", record);
  return DKIM_CBSTAT_CONTINUE;
}

static void feed(DKIM *dkim, const char *message, size_t length) {
  DKIM_STAT status;
  const char *at = message;
  while (strncmp(at, "\r\n", 2) != 0) {
    const char *end = at;
    do end = strstr(end, "\r\n") + 2;
    while (*end == ' ' || *end == '\t');
    if ((status = dkim_header(dkim, (u_char *)at, end - 2 - at))) die("header", dkim, status);
    at = end;
  }
  if ((status = dkim_eoh(dkim))) die("end of header", dkim, status);
  at += 2;
  if ((status = dkim_body(dkim, (u_char *)at, message + length - at))) die("body", dkim, status);
  if ((status = dkim_eom(dkim, NULL))) die("end of message", dkim, status);
}

static void sign(DKIM_LIB *library, const char *message, size_t length) {
  DKIM_STAT status;
  DKIM *dkim = dkim_sign(library, (u_char *)"id", NULL, (dkim_sigkey_t)key, (u_char *)"bench", (u_char *)"example.com", DKIM_CANON_RELAXED,
                         DKIM_CANON_RELAXED, DKIM_SIGN_RSASHA256, -1, &status);
  if (!dkim) die("sign", NULL, status);
  feed(dkim, message, length);
  if ((status = dkim_getsighdr(dkim, (u_char *)field, sizeof field, 16))) die("field", dkim, status);
  dkim_free(dkim);
}

static void verify(DKIM_LIB *library, const char *message, size_t length) {
  DKIM_STAT status;
  DKIM *dkim = dkim_verify(library, (u_char *)"id", NULL, &status);
  if (!dkim) die("verify", NULL, status);
  feed(dkim, message, length);
  dkim_free(dkim);
}

static void rate(const char *what, void (*work)(DKIM_LIB *, const char *, size_t), DKIM_LIB *library, const char *message, size_t length,
                 double seconds) {
  work(library, message, length);
  long count = 0;
  double began = now(), spent;
  do {
    work(library, message, length);
    ++count;
  } while ((spent = now() - began) < seconds);
  printf("{\"who\": \"libopendkim\", \"what\": \"%s\", \"rate\": %.2f}\n", what, count / spent);
  fflush(stdout);
}

/* The message with its signature on top; the library folds with bare LF. */
static char *signed_copy(const char *message, size_t length, size_t *size) {
  char *copy = malloc(2 * strlen(field) + length + 64), *out = copy + sprintf(copy, "DKIM-Signature: ");
  for (const char *at = field; *at; ++at) {
    if (*at == '\n' && (at == field || at[-1] != '\r')) *out++ = '\r';
    *out++ = *at;
  }
  *out++ = '\r', *out++ = '\n';
  memcpy(out, message, length + 1);
  *size = (size_t)(out - copy) + length;
  return copy;
}

int main(int count, char **words) {
  if (count != 3) die("usage: opendkim DIRECTORY SECONDS", NULL, 0);
  double seconds = atof(words[2]);
  snprintf(record, sizeof record, "%s", slurp(words[1], "dkim.txt", NULL));
  snprintf(key, sizeof key, "%s", slurp(words[1], "key.pem", NULL));
  DKIM_LIB *library = dkim_init(NULL, NULL);
  dkim_set_key_lookup(library, lookup);
  const char *sizes[] = {"4k", "1m"};
  for (int i = 0; i < 2; ++i) {
    char name[32], what[32];
    size_t length, size;
    snprintf(name, sizeof name, "msg%s.eml", sizes[i]);
    char *message = slurp(words[1], name, &length);
    snprintf(what, sizeof what, "sign %s", sizes[i]);
    if (i == 0) rate(what, sign, library, message, length, seconds);
    else sign(library, message, length);
    char *with = signed_copy(message, length, &size);
    snprintf(what, sizeof what, "verify %s", sizes[i]);
    rate(what, verify, library, with, size, seconds);
  }
  return 0;
}
