/*
 * Keeps a number of calls in flight on one TCP connection, and counts the replies.
 *
 *     rpc-load PORT PROG VERS PROC PAYLOAD-BYTES IN-FLIGHT WARM-UP-MS MEASURE-MS
 *
 * PAYLOAD-BYTES is the length of the one opaque<> argument, which the procedure returns; -1: it has none.
 * Prints the calls a second on the loopback address.
 *
 * The calls are encoded beforehand, and of a reply only a few words are looked at: what is measured is the server.
 * For each batch of replies that one read brings, as many new calls leave in one write, as any client does that
 * pipelines. Both servers get exactly this program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LAST_FRAGMENT 0x80000000u

enum {
    CALL_HEADER = 4 + 40,       /* record mark; xid to verifier, both opaque_auths empty */
    REPLY_HEADER = 4 + 24,      /* record mark; xid to accept_stat, with an empty verifier */
    RECEIVE_BUFFER = 1 << 20,
    MS = 1000000
};

struct load {
    int fd;
    size_t call_size, reply_size;
    uint8_t *calls;             /* room for as many calls as may be in flight */
    uint8_t *received;
    size_t received_size;
    uint32_t next_xid;
    uint32_t open_xids;         /* sum of the xids sent minus those answered: 0 when each call had one reply */
    long in_flight;
};

static void die(const char *what)
{
    fprintf(stderr, "rpc-load: %s: %s\n", what, errno ? strerror(errno) : "unexpected reply");
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void put_word(uint8_t *at, uint32_t word)
{
    word = htonl(word);
    memcpy(at, &word, sizeof word);
}

static uint32_t get_word(const uint8_t *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof word);
    return ntohl(word);
}

static int connect_to(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Encodes the same call COUNT times; only the xids are still missing. */
static void prepare(struct load *load, uint32_t prog, uint32_t vers, uint32_t proc, int payload, int count)
{
    size_t payload_size = payload < 0 ? 0 : 4 + (((size_t)payload + 3) & ~(size_t)3);

    load->call_size = CALL_HEADER + payload_size;
    load->reply_size = REPLY_HEADER + payload_size;
    load->calls = calloc(count, load->call_size);
    load->received = malloc(RECEIVE_BUFFER);
    if (load->calls == NULL || load->received == NULL)
        die("memory");
    for (int i = 0; i < count; i++) {
        uint8_t *call = load->calls + i * load->call_size;

        put_word(call, LAST_FRAGMENT | (uint32_t)(load->call_size - 4));
        put_word(call + 12, 2);
        put_word(call + 16, prog);
        put_word(call + 20, vers);
        put_word(call + 24, proc);
        if (payload >= 0) {
            put_word(call + CALL_HEADER, payload);
            memset(call + CALL_HEADER + 4, 'x', payload);
        }
    }
}

static void send_calls(struct load *load, long count)
{
    size_t left = count * load->call_size;
    const uint8_t *from = load->calls;

    for (long i = 0; i < count; i++) {
        put_word(load->calls + i * load->call_size + 4, load->next_xid);
        load->open_xids += load->next_xid++;
    }
    load->in_flight += count;
    while (left > 0) {
        ssize_t written = write(load->fd, from, left);

        if (written < 0)
            die("write");
        from += written;
        left -= written;
    }
}

/* Message type REPLY, MSG_ACCEPTED, and SUCCESS are all 0, and so is an empty verifier. */
static void check_reply(struct load *load, const uint8_t *reply)
{
    static const uint8_t success[REPLY_HEADER - 12];

    errno = 0;
    if (get_word(reply) != (LAST_FRAGMENT | (uint32_t)(load->reply_size - 4)) || get_word(reply + 8) != 1
        || memcmp(reply + 12, success, sizeof success) != 0)
        die("reply header");
    if (load->reply_size > REPLY_HEADER
        && memcmp(reply + REPLY_HEADER, load->calls + CALL_HEADER, load->reply_size - REPLY_HEADER) != 0)
        die("reply data");
    load->open_xids -= get_word(reply + 4);
    load->in_flight--;
}

/* Waits for replies, and returns how many have come. */
static long receive_replies(struct load *load)
{
    ssize_t size = read(load->fd, load->received + load->received_size, RECEIVE_BUFFER - load->received_size);
    size_t at = 0;
    long replies = 0;

    if (size <= 0)
        die("read");
    load->received_size += size;
    for (; load->received_size - at >= load->reply_size; at += load->reply_size, replies++)
        check_reply(load, load->received + at);
    load->received_size -= at;
    memmove(load->received, load->received + at, load->received_size);
    return replies;
}

/* Keeps the calls going for so long, and returns how many were answered. */
static long run(struct load *load, int64_t duration_ns)
{
    int64_t end = now_ns() + duration_ns;
    long answered = 0;

    while (now_ns() < end) {
        long replies = receive_replies(load);

        if (replies > 0)
            send_calls(load, replies);
        answered += replies;
    }
    return answered;
}

int main(int argc, char **argv)
{
    struct load load = { .next_xid = 1 };

    if (argc != 9) {
        fprintf(stderr, "usage: rpc-load port prog vers proc payload-bytes in-flight warm-up-ms measure-ms\n");
        return EXIT_FAILURE;
    }
    int in_flight = atoi(argv[6]);

    load.fd = connect_to(atoi(argv[1]));
    prepare(&load, strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0), strtoul(argv[4], NULL, 0),
            atoi(argv[5]), in_flight);
    send_calls(&load, in_flight);
    run(&load, atoi(argv[7]) * (int64_t)MS);

    int64_t start = now_ns();
    long answered = run(&load, atoi(argv[8]) * (int64_t)MS);
    int64_t elapsed = now_ns() - start;

    while (load.in_flight > 0)
        receive_replies(&load);
    errno = 0;
    if (load.open_xids != 0)
        die("xids");
    printf("%.1f\n", answered * 1e9 / elapsed);
    return EXIT_SUCCESS;
}
