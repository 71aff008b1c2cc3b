/* What runs inside the containers that throughput.py measures: the same static program under every engine.
 *
 *   traffic serve PORT                  take connections: 'b' and bytes until the end, or one byte for each that comes
 *   traffic push HOST PORT SECONDS      bytes a second that a server has taken
 *   traffic connect HOST PORT COUNT     connections a second, each with one byte there and one back
 *   traffic ask SERVER NAME COUNT       the median time of a name's A query by UDP, in microseconds
 *   traffic lines COUNT                 lines of 100 bytes on stdout, then how many seconds they took to be written
 *   traffic write FILE MEGABYTES        megabytes a second, without fsync
 *   traffic sync FILE COUNT             4 KiB blocks a second, each with fsync
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 18];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void check(int failed, const char *what) {
    if (failed) {
        perror(what);
        exit(1);
    }
}

static struct sockaddr_in address(const char *host, int port) {
    struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &found.sin_addr) != 1) {
        fprintf(stderr, "not an address: %s\n", host);
        exit(1);
    }
    return found;
}

static int dial(struct sockaddr_in *to) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    check(fd < 0, "socket");
    check(connect(fd, (struct sockaddr *)to, sizeof *to) < 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static _Noreturn void serve(int port) {
    static char bulk[1 << 16]; /* by descriptor: it has announced bytes */
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, poll = epoll_create1(EPOLL_CLOEXEC);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    check(bind(listener, (struct sockaddr *)&own, sizeof own) < 0, "bind");
    check(listen(listener, 1024) < 0, "listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (fd < 0)
                    continue;
                bulk[fd] = 0;
                event.data.fd = fd;
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
                continue;
            }
            ssize_t got = read(fd, buffer, sizeof buffer);
            if (got > 0 && buffer[0] == 'b' && !bulk[fd])
                bulk[fd] = 1;
            else if (got > 0 && !bulk[fd])
                check(write(fd, "y", 1) < 0 && errno != EPIPE, "write");
            if (got <= 0) {
                if (bulk[fd] && write(fd, "y", 1) < 0)
                    perror("write");
                close(fd);
            }
        }
    }
}

static int push(struct sockaddr_in to, double seconds) {
    int fd = dial(&to);
    double begin = now(), sent = 0;
    memset(buffer, 'b', sizeof buffer);
    while (now() - begin < seconds) {
        ssize_t done = write(fd, buffer, sizeof buffer);
        check(done < 0, "write");
        sent += done;
    }
    shutdown(fd, SHUT_WR);
    check(read(fd, buffer, 1) != 1, "read"); /* the server has taken all */
    printf("%.0f\n", sent / (now() - begin));
    return 0;
}

static int connections(struct sockaddr_in to, int count) {
    double begin = now();
    for (int i = 0; i < count; i++) {
        int fd = dial(&to);
        check(write(fd, "a", 1) != 1 || read(fd, buffer, 1) != 1, "exchange");
        close(fd);
    }
    printf("%.0f\n", count / (now() - begin));
    return 0;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int ask(struct sockaddr_in server, const char *name, int count) {
    unsigned char query[512] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    size_t end = 12;
    for (const char *label = name; *label;) {
        size_t length = strcspn(label, ".");
        query[end++] = length;
        memcpy(query + end, label, length);
        end += length;
        label += length + (label[length] == '.');
    }
    memcpy(query + end, "\0\0\1\0\1", 5);
    end += 5;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0, "connect");
    struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    double *took = calloc(count, sizeof *took);
    for (int i = 0; i < count; i++) {
        query[0] = i >> 8, query[1] = i;
        double begin = now();
        check(write(fd, query, end) < 0, "send");
        ssize_t got = read(fd, buffer, sizeof buffer);
        took[i] = (now() - begin) * 1e6;
        check(got < 0, "receive");
        if (got < 12 || memcmp(buffer, query, 2) || (buffer[3] & 15) || !(buffer[6] | buffer[7])) {
            fprintf(stderr, "no answer for %s\n", name);
            return 1;
        }
    }
    qsort(took, count, sizeof *took, compare);
    printf("%.1f\n", took[count / 2]);
    return 0;
}

static int lines(int count) {
    char rest[] = "a line as long as those of an ordinary web server: GET /index.html HTTP/1.1 200 4711 0.003";
    double begin = now();
    for (int i = 0; i < count; i++)
        printf("%08d %s\n", i, rest);
    fflush(stdout);
    printf("%.3f\n", now() - begin);
    return 0;
}

static int writing(const char *path, int count, size_t size, int sync) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd < 0, path);
    memset(buffer, 'x', sizeof buffer);
    double begin = now();
    for (int i = 0; i < count; i++) {
        check(write(fd, buffer, size) != (ssize_t)size, "write");
        check(sync && fsync(fd) < 0, "fsync");
    }
    check(close(fd) < 0, "close");
    printf("%.1f\n", sync ? count / (now() - begin) : count * (size / 1048576.0) / (now() - begin));
    unlink(path);
    return 0;
}

int main(int argc, char **argv) {
    const char *verb = argc > 2 ? argv[1] : "";
    if (!strcmp(verb, "serve"))
        serve(atoi(argv[2]));
    if (!strcmp(verb, "push") && argc == 5)
        return push(address(argv[2], atoi(argv[3])), atof(argv[4]));
    if (!strcmp(verb, "connect") && argc == 5)
        return connections(address(argv[2], atoi(argv[3])), atoi(argv[4]));
    if (!strcmp(verb, "ask") && argc == 5)
        return ask(address(argv[2], 53), argv[3], atoi(argv[4]));
    if (!strcmp(verb, "lines"))
        return lines(atoi(argv[2]));
    if (!strcmp(verb, "write") && argc == 4)
        return writing(argv[2], atoi(argv[3]) * 4, 1 << 18, 0);
    if (!strcmp(verb, "sync") && argc == 4)
        return writing(argv[2], atoi(argv[3]), 4096, 1);
    fprintf(stderr, "usage: see the head of traffic.c\n");
    return 2;
}
