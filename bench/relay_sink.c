// bench/relay_sink.c - the receiver of the relay benchmark: takes every message, keeps none, and ends after COUNT of them.
// usage: relay_sink ADDRESS PORT COUNT
// Prints when it listens "ready", and at its end one line: messages, seconds since 1970 when the last one ended, connections, how many
// were DKIM-signed, CPU seconds. Speaks PIPELINING, 8BITMIME and SIZE. One thread, epoll.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_connections = 4096, max_line = 2048, read_size = 65536, max_events = 256 };

struct connection {
  char line[max_line];
  size_t length;   // of the line so far; what is longer is dropped
  bool in_data, in_header, signed_here;
};

static struct connection* connections[max_connections];
static long messages, accepted, with_signature;
static double last_message;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool begins(const char* line, const char* word) { return strncasecmp(line, word, strlen(word)) == 0; }

// What is answered to one line; "" for nothing. Sets *quit after QUIT.
static const char* take_line(struct connection* c, bool* quit) {
  const char* line = c->line;
  if (c->in_data) {
    if (line[0] == '\0') c->in_header = false;
    if (c->in_header && begins(line, "DKIM-Signature:")) c->signed_here = true;
    if (strcmp(line, ".") != 0) return "";
    c->in_data = false;
    messages++;
    if (c->signed_here) with_signature++;
    last_message = now();
    return "250 2.0.0 taken\r\n";
  }
  if (begins(line, "EHLO")) return "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 0\r\n";
  if (begins(line, "DATA")) {
    c->in_data = c->in_header = true;
    c->signed_here = false;
    return "354 go on\r\n";
  }
  if (begins(line, "QUIT")) {
    *quit = true;
    return "221 2.0.0 bye\r\n";
  }
  return "250 2.1.0 fine\r\n";
}

static void close_connection(int socket) {
  close(socket);
  free(connections[socket]);
  connections[socket] = NULL;
}

static void reply(int socket, const char* text, size_t size) {
  while (size > 0) {
    const ssize_t done = write(socket, text, size);
    if (done <= 0) return;  // the peer is gone: the next read says so
    text += done;
    size -= (size_t)done;
  }
}

static void take_octets(int socket) {
  static char in[read_size], out[read_size];
  struct connection* c = connections[socket];
  const ssize_t got = read(socket, in, sizeof in);
  if (got <= 0) return close_connection(socket);
  size_t answer = 0;
  bool quit = false;
  for (const char* at = in; at < in + got && !quit;) {
    const char* end = memchr(at, '\n', (size_t)(in + got - at));
    const size_t size = (size_t)((end ? end : in + got) - at);
    const size_t room = max_line - 1 - c->length;
    const size_t kept = size < room ? size : room;
    memcpy(c->line + c->length, at, kept);
    c->length += kept;
    at += size + (end ? 1 : 0);
    if (!end) break;
    if (c->length > 0 && c->line[c->length - 1] == '\r') c->length--;
    c->line[c->length] = '\0';
    c->length = 0;
    const char* text = take_line(c, &quit);
    const size_t length = strlen(text);
    if (answer + length > sizeof out) {
      reply(socket, out, answer);
      answer = 0;
    }
    memcpy(out + answer, text, length);
    answer += length;
  }
  reply(socket, out, answer);
  if (quit) close_connection(socket);
}

static void take_connection(int listener, int poll) {
  const int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (socket < 0) return;
  if (socket >= max_connections) {
    close(socket);
    return;
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections[socket] = calloc(1, sizeof(struct connection));
  if (!connections[socket]) die("calloc");
  accepted++;
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = socket}};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) != 0) die("epoll_ctl");
  reply(socket, "220 sink ESMTP\r\n", strlen("220 sink ESMTP\r\n"));
}

int main(int count, char** words) {
  if (count != 4) {
    fprintf(stderr, "usage: %s ADDRESS PORT COUNT\n", words[0]);
    return 2;
  }
  const long wanted = atol(words[3]);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[2]))};
  if (inet_pton(AF_INET, words[1], &address.sin_addr) != 1) die(words[1]);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 1024) != 0) die("listen");
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}};
  if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll");
  puts("ready");
  fflush(stdout);
  while (messages < wanted) {
    struct epoll_event events[max_events];
    const int ready = epoll_wait(poll, events, max_events, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      if (events[i].data.fd == listener) take_connection(listener, poll);
      else take_octets(events[i].data.fd);
    }
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  printf("%ld %.6f %ld %ld %.3f\n", messages, last_message, accepted, with_signature, cpu);
  return 0;
}
