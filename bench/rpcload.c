// rpcload: closed-loop load for length-prefixed RPC protocols, the matching backend, and idle connections.
//   cc -O2 -o rpcload rpcload.c
//   rpcload back PROTO PORT RESPONSE                              answers every request with RESPONSE, the caller's id patched in
//   rpcload load PROTO PORT CONNECTIONS DEPTH SECONDS REQUEST [PID] keeps DEPTH requests in flight on each connection
//   rpcload idle PORT CONNECTIONS                                 opens them, prints "ready", holds them until stdin ends
// PROTO: dubbo | bolt | framed (Thrift strict binary in frames). Everything on 127.0.0.1. One thread, epoll.
// load warms up for a second, then prints one line of JSON: requests per second, latencies in microseconds, and with PID the
// CPU microseconds that process used in the measured time. "bad" counts answers with an id that was not in flight or with a
// status that is not OK; any makes the exit code 1.
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
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { IN_BYTES = 1 << 18, WINDOW = 8192, MAX_US = 4000000, EVENTS = 512 };
typedef enum { DUBBO, BOLT, FRAMED } Protocol;

typedef struct {
  int fd;
  uint32_t next_id;
  size_t in_n, out_n, out_cap;
  uint8_t in[IN_BYTES], *out;
  double sent[WINDOW]; // when the request with this id, modulo WINDOW, was queued; 0: not in flight
} Connection;

static Protocol protocol;
static int serving, epoll_fd;
static uint8_t template[1 << 20];
static size_t template_n;
static uint64_t done, bad;
static uint32_t histogram[MAX_US];
static double read_at; // the clock is read once per read, not once per frame

static void die(const char *what) { perror(what); exit(2); }
static uint32_t be(const uint8_t *p, int n) { uint32_t v = 0; while (n--) v = v << 8 | *p++; return v; }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }

// ---- protocols

// Length of the whole frame at p, or 0 when its header is not there yet.
static size_t frame_length(const uint8_t *p, size_t n) {
  if (protocol == DUBBO) return n < 16 ? 0 : 16 + (size_t)be(p + 12, 4);
  if (protocol == FRAMED) return n < 4 ? 0 : 4 + (size_t)be(p, 4);
  if (n < 22) return 0; // Bolt v1: a request's header has 22 bytes, a response's 20; both end with the three lengths
  int header = p[1] == 0 ? 20 : 22, lengths = header - 8;
  return header + (size_t)be(p + lengths, 2) + be(p + lengths + 2, 2) + be(p + lengths + 4, 4);
}

// Where the low 32 bits of the request id stand.
static size_t id_offset(const uint8_t *p) {
  if (protocol == DUBBO) return 8;
  return protocol == BOLT ? 5 : 12 + be(p + 8, 4);
}

static int is_heartbeat(const uint8_t *p) { return protocol == DUBBO && (p[2] & 0x20); }
static int wants_answer(const uint8_t *p) { return protocol != DUBBO || (p[2] & 0x60) == 0x40; }
static int is_ok(const uint8_t *p) {
  if (protocol == DUBBO) return p[3] == 20;
  return protocol == BOLT ? be(p + 10, 2) == 0 : p[7] == 2;
}

// ---- connections

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return a;
}

static int dial(int port) {
  struct sockaddr_in a = loopback(port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (void *)&a, sizeof a)) die("connect");
  return fd;
}

static Connection *open_connection(int fd) {
  int one = 1;
  Connection *c = calloc(1, sizeof *c);
  if (!c) die("calloc");
  c->fd = fd;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e)) die("epoll_ctl");
  return c;
}

static void close_connection(Connection *c) { close(c->fd); free(c->out); free(c); }

static uint8_t *queue_template(Connection *c) {
  if (c->out_n + template_n > c->out_cap) {
    c->out_cap = (c->out_n + template_n) * 2;
    c->out = realloc(c->out, c->out_cap);
    if (!c->out) die("realloc");
  }
  uint8_t *p = c->out + c->out_n;
  memcpy(p, template, template_n);
  c->out_n += template_n;
  return p;
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

// ---- requests and answers

static void queue_request(Connection *c) {
  uint32_t id = c->next_id++, big_endian = htonl(id);
  uint8_t *p = queue_template(c);
  memcpy(p + id_offset(p), &big_endian, 4);
  c->sent[id % WINDOW] = read_at;
}

static void answer(Connection *c, const uint8_t *request) {
  if (!wants_answer(request)) return;
  uint8_t *response = queue_template(c);
  memcpy(response + id_offset(response), request + id_offset(request), 4);
  if (protocol == DUBBO) memcpy(response + 4, request + 4, 4); // the high half of its 64-bit id
}

static void take_answer(Connection *c, const uint8_t *p) {
  if (is_heartbeat(p)) return;
  uint32_t id = be(p + id_offset(p), 4);
  double *sent = &c->sent[id % WINDOW];
  if (*sent == 0 || id >= c->next_id) { bad++; return; }
  if (!is_ok(p)) bad++;
  uint32_t us = (read_at - *sent) * 1e6;
  *sent = 0;
  done++;
  histogram[us < MAX_US ? us : MAX_US - 1]++;
  queue_request(c);
}

// Reads until the socket is empty, then writes what that made. -1: the connection is over.
static int pump(Connection *c) {
  for (;;) {
    ssize_t n = read(c->fd, c->in + c->in_n, IN_BYTES - c->in_n);
    if (n == 0) return -1;
    if (n < 0) return errno == EAGAIN ? flush_out(c) : -1;
    read_at = now();
    c->in_n += n;
    size_t at = 0, length;
    while ((length = frame_length(c->in + at, c->in_n - at)) && length <= c->in_n - at) {
      if (serving) answer(c, c->in + at); else take_answer(c, c->in + at);
      at += length;
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
  }
}

// ---- modes

static void load_template(const char *file) {
  FILE *f = fopen(file, "rb");
  if (!f) die(file);
  template_n = fread(template, 1, sizeof template, f);
  fclose(f);
}

static void serve(int port) {
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = loopback(port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) die("listen");
  struct epoll_event events[EVENTS], e = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    int n = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (!c) { int fd = accept(listener, 0, 0); if (fd >= 0) open_connection(fd); continue; }
      if (pump(c)) close_connection(c);
    }
  }
}

// User and system time of a process so far, in microseconds; -1 when it cannot be read.
static double cpu_us(const char *pid) {
  char path[64], text[1024];
  unsigned long user, system;
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  FILE *f = fopen(path, "r");
  if (!f) return -1;
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[n] = 0;
  char *rest = strrchr(text, ')'); // the command's name may hold spaces
  if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) return -1;
  return (user + system) * 1e6 / sysconf(_SC_CLK_TCK);
}

static unsigned percentile(double q) {
  uint64_t wanted = done * q, seen = 0;
  for (unsigned us = 0; us < MAX_US; us++) if ((seen += histogram[us]) > wanted) return us;
  return 0;
}

static int load(int port, int connections, int depth, double seconds, const char *pid) {
  if (depth > WINDOW) { fprintf(stderr, "depth is at most %d\n", WINDOW); return 2; }
  read_at = now();
  for (int i = 0; i < connections; i++) {
    Connection *c = open_connection(dial(port));
    for (int k = 0; k < depth; k++) queue_request(c);
    flush_out(c);
  }
  struct epoll_event events[EVENTS];
  double start = now() + 1, cpu = 0;
  int warm = 0;
  for (double t; (t = now()) < start + seconds;) {
    if (!warm && t >= start) {
      warm = 1;
      done = 0;
      memset(histogram, 0, sizeof histogram);
      if (pid) cpu = cpu_us(pid);
    }
    int n = epoll_wait(epoll_fd, events, EVENTS, 100);
    for (int i = 0; i < n; i++) if (pump(events[i].data.ptr)) { fprintf(stderr, "connection closed by the other side\n"); return 1; }
  }
  if (pid) cpu = cpu_us(pid) - cpu;
  printf("{\"rps\":%.0f,\"p50\":%u,\"p90\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u,\"done\":%lu,\"bad\":%lu,\"cpuUs\":%.0f}\n", done / seconds,
         percentile(.5), percentile(.9), percentile(.99), percentile(.999), percentile(1 - 1e-12), done, bad, cpu);
  return bad != 0;
}

static void idle(int port, int connections) {
  char byte;
  for (int i = 0; i < connections; i++) dial(port);
  printf("ready\n");
  fflush(stdout);
  while (read(0, &byte, 1) > 0) {}
}

static void allow_many_files(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **args) {
  const char *mode = count > 1 ? args[1] : "";
  allow_many_files();
  epoll_fd = epoll_create1(0);
  if (!strcmp(mode, "idle") && count == 4) { idle(atoi(args[2]), atoi(args[3])); return 0; }
  serving = !strcmp(mode, "back");
  if (!(serving && count == 5) && !(!strcmp(mode, "load") && count >= 8)) { fprintf(stderr, "usage: see the head of rpcload.c\n"); return 2; }
  protocol = !strcmp(args[2], "dubbo") ? DUBBO : !strcmp(args[2], "bolt") ? BOLT : FRAMED;
  load_template(args[serving ? 4 : 7]);
  if (serving) serve(atoi(args[3]));
  return load(atoi(args[3]), atoi(args[4]), atoi(args[5]), atof(args[6]), count > 8 ? args[8] : NULL);
}
