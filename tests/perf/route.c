// route: a sender, a router and a receiver, one way.
// route [-f FILE] tcp:HOST:PORT|unix:PATH WINDOW SECONDS [ROUTER_PID]
// Registers two services, has the first send the lines of FILE in turn to the second (without -f one 64-byte line, with the
// address), keeps WINDOW lines in flight, expects each as the router passes it on, and prints one JSON object. FILE holds lines
// without an address. The first 20 % of SECONDS are warm-up.
#define _GNU_SOURCE
#include "client.h"
#include <poll.h>

#define TO "perf_b/"
#define ONE_LINE "EVENT data=012345678901234567890123456789;seq=000123;x=y\n"

struct batch {
  uint64_t sent; // when these lines were given to the socket
  uint32_t n;
};

static cycle out, in;
static char buffer[4 * CHUNK];
static hist latencies;

static void say(int fd, const char *line) {
  if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) die("send");
}

// hear reads lines until one has the word; it is left in the buffer. It returns NULL at a refusal.
static char *hear(int fd, const char *word) {
  size_t n = 0;
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 5000) != 1 || recv(fd, buffer + n, 1, 0) != 1) {
      fprintf(stderr, "route: the router does not say %s\n", word);
      exit(1);
    }
    if (buffer[n++] != '\n') continue;
    buffer[n] = 0;
    if (strstr(buffer, word)) return buffer;
    if (!strncmp(buffer, "INVALID ", 8)) return NULL;
    n = 0;
  }
}

static int service(const char *where, const char *name) {
  static int refused;
  char line[100];
  int fd = dial(where);
  snprintf(line, sizeof line, "REGISTER service=%s;version=1\n", name);
  say(fd, line);
  if (!hear(fd, "READY")) { // the router has not seen yet that the one before, of this name, has gone
    close(fd);
    if (++refused > 1000) {
      fprintf(stderr, "route: %s", buffer);
      exit(1);
    }
    usleep(1000);
    return service(where, name);
  }
  say(fd, "COMMANDS list=EVENT,HELP,INVALID,QUITTING,READY,STOP,UNKNOWN\nALIVE serial=1\n");
  hear(fd, "ABSOLUTELY");
  return fd;
}

// prefixed puts a prefix before each line.
static char *prefixed(const char *lines, size_t *size, const char *prefix) {
  size_t n = 0, length = strlen(prefix);
  for (size_t i = 0; i < *size; i++) n += lines[i] == '\n';
  char *all = malloc(*size + n * length), *to = all;
  for (const char *from = lines; from < lines + *size;) {
    size_t line = (char *)memchr(from, '\n', lines + *size - from) + 1 - from;
    memcpy(to, prefix, length);
    memcpy(to + length, from, line);
    to += length + line;
    from += line;
  }
  *size = to - all;
  return all;
}

// learn has the router pass one message on, to see what it puts before it.
static void learn(int a, int b, const char *once, size_t size) {
  char prefix[200];
  say(a, TO "EVENT\n");
  char *line = hear(b, TO "EVENT");
  if (!line) {
    fprintf(stderr, "route: %s", buffer);
    exit(1);
  }
  snprintf(prefix, sizeof prefix, "%.*s" TO, (int)(strstr(line, TO) - line), line);
  size_t n = size;
  char *text = prefixed(once, &n, TO);
  out = cycle_of(text, n);
  n = size;
  text = prefixed(once, &n, prefix);
  in = cycle_of(text, n);
}

int main(int argc, char **argv) {
  size_t size = strlen(ONE_LINE);
  const char *once = ONE_LINE;
  if (argc > 2 && !strcmp(argv[1], "-f")) {
    once = file_lines(argv[2], &size);
    argv += 2;
    argc -= 2;
  }
  if (argc < 4) {
    fprintf(stderr, "route [-f FILE] tcp:HOST:PORT|unix:PATH WINDOW SECONDS [ROUTER_PID]\n");
    return 2;
  }
  int a = service(argv[1], "perf_a"), b = service(argv[1], "perf_b");
  uint64_t window = atoi(argv[2]);
  double seconds = atof(argv[3]);
  int router = argc > 4 ? atoi(argv[4]) : 0;
  learn(a, b, once, size);

  struct batch *batches = calloc(window + 1, sizeof *batches);
  uint64_t head = 0, tail = 0, issued = 0, arrived = 0, written = 0, read = 0;
  uint64_t now = nsnow(), warm = now + (uint64_t)(seconds * 0.2e9) + 20000000, start = 0, end = UINT64_MAX;
  uint64_t base = 0, router_cpu = 0, own_cpu = 0;
  struct pollfd fds[2] = {{.fd = b, .events = POLLIN}, {.fd = a}};
  while (now < end) {
    now = nsnow();
    if (!start && now >= warm) {
      start = now;
      end = now + (uint64_t)(seconds * 1e9);
      base = arrived;
      hist_zero(&latencies);
      if (router) router_cpu = proccpu(router);
      own_cpu = selfcpu();
    }
    if (issued < arrived + window) {
      batches[tail++ % (window + 1)] = (struct batch){now, arrived + window - issued};
      issued = arrived + window;
    }
    int blocked = 0;
    for (uint64_t want = bytes_until(&out, issued); written < want && !blocked;) {
      size_t n = want - written < CHUNK ? want - written : CHUNK;
      ssize_t w = send(a, out.text + written % out.size, n, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (w < 0 && errno != EAGAIN) die("send");
      if (w > 0) written += w;
      blocked = w < (ssize_t)n;
    }
    fds[1].events = blocked ? POLLOUT : 0;
    if (poll(fds, 2, 2000) == 0) {
      fprintf(stderr, "route: nothing moves after %lu lines\n", (unsigned long)arrived);
      return 1;
    }
    if (!fds[0].revents) continue;
    ssize_t r = recv(b, buffer, CHUNK, MSG_DONTWAIT);
    if (r < 0 && errno == EAGAIN) continue;
    if (r <= 0 || memcmp(buffer, in.text + read % in.size, r)) {
      fprintf(stderr, "route: the router sent other bytes: %.*s\n", r < 200 ? (int)r : 200, buffer);
      return 1;
    }
    read += r;
    now = nsnow();
    uint64_t whole = lines_until(&in, read);
    for (uint64_t n = whole - arrived; n;) {
      struct batch *t = &batches[head % (window + 1)];
      uint32_t k = t->n < n ? t->n : n;
      hist_add(&latencies, now - t->sent, k);
      t->n -= k;
      n -= k;
      if (!t->n) head++;
    }
    arrived = whole;
  }
  double took = (now - start) * 1e-9, count = arrived - base;
  double router_ns = router ? (proccpu(router) - router_cpu) / count : 0, own_ns = (selfcpu() - own_cpu) / count;
  printf("{\"msgs_s\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"router_cpu_ns\":%.1f,\"cli_cpu_ns\":%.1f,"
         "\"router_util\":%.2f,\"cli_util\":%.2f}\n",
         count / took, hist_q(&latencies, .5) / 1e3, hist_q(&latencies, .99) / 1e3, hist_q(&latencies, .999) / 1e3, router_ns,
         own_ns, router_ns * count / took / 1e9, own_ns * count / took / 1e9);
  return 0;
}
