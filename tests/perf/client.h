// client.h: what the clients here have in common: the lines they send in turn, and a connection.
#include "hist.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 128 * 1024 };

static void die(const char *what) {
  perror(what);
  exit(1);
}

// cycle: one cycle of lines, stored twice so that any CHUNK of it is contiguous; ends[i] is where line i ends.
typedef struct {
  char *text;
  uint32_t size, lines, *ends;
} cycle;

// cycle_of repeats the size bytes of whole lines at once.
static cycle cycle_of(const char *once, size_t size) {
  cycle t = {0};
  size_t repeat = (CHUNK + size - 1) / size;
  t.size = repeat * size;
  t.text = malloc(2 * t.size);
  for (size_t i = 0; i < 2 * repeat; i++) memcpy(t.text + i * size, once, size);
  for (uint32_t i = 0; i < t.size; i++) t.lines += t.text[i] == '\n';
  t.ends = malloc(t.lines * sizeof *t.ends);
  for (uint32_t i = 0, l = 0; i < t.size; i++)
    if (t.text[i] == '\n') t.ends[l++] = i + 1;
  return t;
}

// file_lines returns what is in a file of whole lines.
static char *file_lines(const char *file, size_t *size) {
  FILE *f = fopen(file, "r");
  if (!f) die(file);
  fseek(f, 0, SEEK_END);
  *size = ftell(f);
  rewind(f);
  char *once = malloc(*size + 1);
  if (fread(once, 1, *size, f) != *size || !*size || once[*size - 1] != '\n') die("the file must end in a line feed");
  fclose(f);
  return once;
}

static uint64_t bytes_until(const cycle *t, uint64_t line) { // bytes of the first `line` lines
  uint64_t part = line % t->lines;
  return line / t->lines * t->size + (part ? t->ends[part - 1] : 0);
}

static uint64_t lines_until(const cycle *t, uint64_t byte) { // whole lines in the first `byte` bytes
  uint32_t part = byte % t->size, low = 0, high = t->lines;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (t->ends[middle] <= part) low = middle + 1;
    else high = middle;
  }
  return byte / t->size * t->lines + low;
}

static int dial(const char *where) {
  int fd, one = 1, failed;
  for (int i = 0; i < 200; i++, usleep(5000)) {
    if (!strncmp(where, "tcp:", 4)) {
      struct sockaddr_in a = {.sin_family = AF_INET};
      char host[64];
      const char *colon = strrchr(where, ':');
      snprintf(host, sizeof host, "%.*s", (int)(colon - where - 4), where + 4);
      inet_aton(host, &a.sin_addr);
      a.sin_port = htons(atoi(colon + 1));
      fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      failed = connect(fd, (void *)&a, sizeof a);
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    } else {
      struct sockaddr_un a = {.sun_family = AF_UNIX};
      strncpy(a.sun_path, where + 5, sizeof a.sun_path - 1);
      fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      failed = connect(fd, (void *)&a, sizeof a);
    }
    if (!failed) {
      fcntl(fd, F_SETFL, O_NONBLOCK);
      return fd;
    }
    close(fd);
  }
  die("connect");
  return -1;
}
