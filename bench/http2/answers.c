// answers: an HTTP/2 backend (prior knowledge) that answers every request alike, far faster than any proxy asks.
//   cc -O2 -o answers answers.c
//   answers PORT BYTES        status 200, five fields and a body of BYTES (at most 16384), on 127.0.0.1
// It reads frames, not header blocks: any path, any method. Requests with bodies must fit into the initial windows of 65,535 bytes.
// Its own answers keep to the peer's connection window; a peer's stream windows must let BYTES through.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { IN_BYTES = 1 << 18, WAITING = 1 << 16, EVENTS = 512, PREFACE = 24, MAX_BODY = 16384 };
enum { DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6, WINDOW_UPDATE = 8 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

typedef struct {
  int fd, greeted, indexed; // indexed: the peer's table has the fields of an answer
  int64_t window;
  uint32_t waiting[WAITING], first, last; // streams whose answer waits for the window
  size_t in_n, out_n, out_cap;
  uint8_t in[IN_BYTES], *out;
} Connection;

static int epoll_fd, body_n;
static uint8_t body[MAX_BODY];

static void die(const char *what) { perror(what); exit(2); }
static uint32_t be(const uint8_t *p, int n) { uint32_t v = 0; while (n--) v = v << 8 | *p++; return v; }

static uint8_t *room(Connection *c, size_t n) {
  if (c->out_n + n > c->out_cap) {
    c->out_cap = (c->out_n + n) * 2;
    c->out = realloc(c->out, c->out_cap);
    if (!c->out) die("realloc");
  }
  return c->out + c->out_n;
}

static void put_frame(Connection *c, int type, int flags, uint32_t stream, const void *payload, size_t n) {
  uint8_t *p = room(c, 9 + n);
  uint8_t header[9] = {n >> 16, n >> 8, n, type, flags, stream >> 24, stream >> 16, stream >> 8, stream};
  memcpy(p, header, 9);
  if (n) memcpy(p + 9, payload, n);
  c->out_n += 9 + n;
}

// A field whose name has a static index below 63 and whose value is short, added to the dynamic table (RFC 7541, 6.2.1).
static uint8_t *literal(uint8_t *p, int name, const char *value) {
  size_t n = strlen(value);
  *p++ = 0x40 | name;
  *p++ = n;
  memcpy(p, value, n);
  return p + n;
}

static void answer(Connection *c, uint32_t stream) {
  static const uint8_t known[] = {0x88, 0xc2, 0xc1, 0xc0, 0xbf, 0xbe}; // :status 200, then dynamic entries 66 to 62
  uint8_t block[256], *p = block;
  char length[16];
  if (!c->indexed) {
    c->indexed = 1;
    *p++ = 0x88;
    snprintf(length, sizeof length, "%d", body_n);
    p = literal(p, 54, "bench");
    p = literal(p, 24, "max-age=3600");
    p = literal(p, 33, "Thu, 01 Jan 2026 00:00:00 GMT");
    p = literal(p, 31, "text/plain");
    p = literal(p, 28, length);
    put_frame(c, HEADERS, END_HEADERS, stream, block, p - block);
  } else put_frame(c, HEADERS, END_HEADERS, stream, known, sizeof known);
  put_frame(c, DATA, END_STREAM, stream, body, body_n);
  c->window -= body_n;
}

static void ask(Connection *c, uint32_t stream) {
  if (c->last - c->first == WAITING) die("more streams wait than SETTINGS allow");
  c->waiting[c->last++ % WAITING] = stream;
}

static void answer_waiting(Connection *c) {
  while (c->first != c->last && c->window >= body_n) answer(c, c->waiting[c->first++ % WAITING]);
}

static void take_settings(const uint8_t *p, size_t n) {
  for (; n >= 6; p += 6, n -= 6) if (be(p, 2) == 1 && be(p + 2, 4) < 4096) { fprintf(stderr, "the peer's header table is too small\n"); exit(2); }
}

static void take(Connection *c, int type, int flags, uint32_t stream, const uint8_t *p, size_t n) {
  if ((type == HEADERS || type == DATA) && (flags & END_STREAM)) ask(c, stream);
  else if (type == SETTINGS && !(flags & ACK)) { take_settings(p, n); put_frame(c, SETTINGS, ACK, 0, 0, 0); }
  else if (type == PING && !(flags & ACK)) put_frame(c, PING, ACK, 0, p, n);
  else if (type == WINDOW_UPDATE && stream == 0) c->window += be(p, 4);
}

static int flush_out(Connection *c) {
  size_t written = 0;
  while (written < c->out_n) {
    ssize_t n = write(c->fd, c->out + written, c->out_n - written);
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return -1;
    written += n;
  }
  memmove(c->out, c->out + written, c->out_n - written);
  c->out_n -= written;
  return 0;
}

static void take_bytes(Connection *c) {
  size_t at = 0;
  if (!c->greeted && c->in_n >= PREFACE) { c->greeted = 1; at = PREFACE; }
  while (c->greeted && c->in_n - at >= 9) {
    const uint8_t *p = c->in + at;
    size_t n = be(p, 3);
    if (c->in_n - at < 9 + n) break;
    take(c, p[3], p[4], be(p + 5, 4) & 0x7fffffff, p + 9, n);
    at += 9 + n;
  }
  memmove(c->in, c->in + at, c->in_n - at);
  c->in_n -= at;
  answer_waiting(c);
}

// Reads until the socket is empty, which a short read says, then writes what that made. -1: the connection is over.
static int pump(Connection *c) {
  size_t wanted;
  ssize_t n;
  do {
    wanted = IN_BYTES - c->in_n;
    n = read(c->fd, c->in + c->in_n, wanted);
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) return -1;
    c->in_n += n;
    take_bytes(c);
  } while ((size_t)n == wanted);
  return flush_out(c);
}

static void open_connection(int fd) {
  static const uint8_t settings[] = {0, 3, 0, 0, 0x03, 0xe8}; // MAX_CONCURRENT_STREAMS 1,000
  int one = 1;
  Connection *c = calloc(1, sizeof *c);
  if (!c) die("calloc");
  c->fd = fd;
  c->window = 65535;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  put_frame(c, SETTINGS, 0, 0, settings, sizeof settings);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e)) die("epoll_ctl");
}

int main(int count, char **args) {
  if (count != 3 || (body_n = atoi(args[2])) < 0 || body_n > MAX_BODY) { fprintf(stderr, "usage: see the head of answers.c\n"); return 2; }
  memset(body, 'a', sizeof body);
  epoll_fd = epoll_create1(0);
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(args[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) die("listen");
  struct epoll_event events[EVENTS], e = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    int n = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (!c) { int fd = accept(listener, 0, 0); if (fd >= 0) open_connection(fd); continue; }
      if (pump(c)) { close(c->fd); free(c->out); free(c); }
    }
  }
}
