/*
 * kv-client: puts, gets, lists and deletes keys of a Sundial server, with nothing but idl/kv.x and libtirpc.
 *
 *     rpcgen -C kv.x
 *     cc $(pkg-config --cflags libtirpc) kv-client.c kv_clnt.c kv_xdr.c $(pkg-config --libs libtirpc) -o kv-client
 *
 *     kv-client localhost 9001 put mykey "Hello World"
 *     kv-client localhost 9001 get mykey
 *     kv-client localhost 9001 range a z          the keys from a up to z, z itself not among them
 *     kv-client localhost 9001 del mykey
 *
 * Exit code: 0 done, 1 no such key, 2 wrong usage, 3 failed.
 */
#include <netdb.h>
#include <rpc/rpc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "kv.h"

enum { DONE = 0, NOT_FOUND = 1, WRONG_USAGE = 2, FAILED = 3 };
enum { ATTEMPTS = 5, PAUSE_US = 200000 };

static const struct timeval call_timeout = { .tv_sec = 5 };

/* A server, and how often a call to it may still be made. */
struct server {
    const char *host;
    const char *port;
    CLIENT *client;
    int attempts;
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "kv-client: %s: %s\n", what, why);
    exit(FAILED);
}

static struct sockaddr_in resolve(const char *host, const char *port)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    struct sockaddr_in address;
    int error = getaddrinfo(host, port, &hints, &found);

    if (error != 0)
        fail(host, gai_strerror(error));
    memcpy(&address, found->ai_addr, sizeof address);
    freeaddrinfo(found);
    return address;
}

/* Since the address has a port, clnttcp_create does not ask a portmapper for it. */
static void connect_server(struct server *server)
{
    struct sockaddr_in address = resolve(server->host, server->port);
    int socket = RPC_ANYSOCK;

    server->client = clnttcp_create(&address, KV_PROGRAM, KV_V1, &socket, 0, 0);
    if (server->client == NULL)
        fail(server->host, clnt_spcreateerror("cannot connect"));
    clnt_control(server->client, CLSET_TIMEOUT, (char *)&call_timeout);
}

/*
 * Whether to make the same call again: no reply came, for which status is NULL, or one that says so.
 *
 * A write is made again just as it was, with its session and sequence. If it was carried out the first time and
 * only the reply got lost, the server remembers: it answers with the first result instead of writing twice.
 */
static bool once_more(struct server *server, const kv_status *status)
{
    bool is_settled = status != NULL && *status != KV_BUSY && *status != KV_UNAVAILABLE && *status != KV_UNCERTAIN;

    if (is_settled)
        return false;
    if (status == NULL)
        clnt_perror(server->client, "kv-client");
    if (--server->attempts <= 0)
        return false;
    usleep(PAUSE_US);
    if (status == NULL) {
        clnt_destroy(server->client);
        connect_server(server);
    }
    return true;
}

/* The session of this process, and the number of its next write: one of each is enough for a program like this. */
static void number_write(kv_session session, u_quad_t *sequence)
{
    static kv_session own_session;
    static u_quad_t last_sequence;

    if (last_sequence == 0 && getrandom(own_session, sizeof own_session, 0) != sizeof own_session)
        fail("getrandom", "no random bytes");
    memcpy(session, own_session, sizeof own_session);
    *sequence = ++last_sequence;
}

static kv_key key_of(char *text)
{
    return (kv_key){ .kv_key_len = strlen(text), .kv_key_val = text };
}

static kv_value value_of(char *text)
{
    return (kv_value){ .kv_value_len = strlen(text), .kv_value_val = text };
}

/* Keys and values are bytes with a length: nothing ends them, and zero bytes may be among them. */
static void print_bytes(const char *bytes, u_int length)
{
    fwrite(bytes, 1, length, stdout);
}

static int put(struct server *server, char *key, char *value)
{
    kv_put_args args = { .key = key_of(key), .value = value_of(value), .condition.when = KV_ALWAYS };
    kv_put_res *res;

    number_write(args.session, &args.sequence);
    do
        res = kv_put_1(&args, server->client);
    while (once_more(server, res == NULL ? NULL : &res->result.status));

    if (res == NULL)
        fail(key, "no reply; it may or may not have been written");
    if (res->result.status != KV_OK)
        fail(key, res->result.kv_put_result_u.message);
    printf("revision %llu\n", (unsigned long long)res->result.kv_put_result_u.ok.revision);
    clnt_freeres(server->client, (xdrproc_t)xdr_kv_put_res, (char *)res);
    return DONE;
}

static int get(struct server *server, char *key)
{
    kv_get_args args = { .key = key_of(key), .consistency = KV_LINEARIZABLE };
    kv_get_res *res;

    do
        res = kv_get_1(&args, server->client);
    while (once_more(server, res == NULL ? NULL : &res->result.status));

    if (res == NULL)
        fail(key, "no reply");
    bool is_found = res->result.status == KV_OK;

    if (is_found) {
        kv_value *value = &res->result.kv_get_result_u.pair.value;

        print_bytes(value->kv_value_val, value->kv_value_len);
        putchar('\n');
    } else if (res->result.status != KV_NOT_FOUND) {
        fail(key, res->result.kv_get_result_u.message);
    }
    clnt_freeres(server->client, (xdrproc_t)xdr_kv_get_res, (char *)res);
    return is_found ? DONE : NOT_FOUND;
}

static int del(struct server *server, char *key)
{
    kv_delete_args args = { .key = key_of(key), .condition.when = KV_ALWAYS };
    kv_delete_res *res;

    number_write(args.session, &args.sequence);
    do
        res = kv_delete_1(&args, server->client);
    while (once_more(server, res == NULL ? NULL : &res->result.status));

    if (res == NULL)
        fail(key, "no reply; it may or may not have been deleted");
    bool was_found = res->result.status == KV_OK;

    if (was_found)
        printf("revision %llu\n", (unsigned long long)res->result.kv_delete_result_u.ok.revision);
    else if (res->result.status != KV_NOT_FOUND)
        fail(key, res->result.kv_delete_result_u.message);
    clnt_freeres(server->client, (xdrproc_t)xdr_kv_delete_res, (char *)res);
    return was_found ? DONE : NOT_FOUND;
}

static void print_pairs(const kv_range_ok *range)
{
    for (u_int i = 0; i < range->pairs.pairs_len; i++) {
        const kv_pair *pair = &range->pairs.pairs_val[i];

        print_bytes(pair->key.kv_key_val, pair->key.kv_key_len);
        putchar('\t');
        print_bytes(pair->value.kv_value_val, pair->value.kv_value_len);
        putchar('\n');
    }
}

/* The least key behind another one: the same with a zero byte at its end. */
static kv_key key_behind(const kv_key *key, char room[KV_KEY_MAX + 1])
{
    memcpy(room, key->kv_key_val, key->kv_key_len);
    room[key->kv_key_len] = 0;
    return (kv_key){ .kv_key_len = key->kv_key_len + 1, .kv_key_val = room };
}

/* A large range comes in several answers. All of them are read at the revision of the first, so they fit together. */
static int range(struct server *server, char *start, char *end)
{
    kv_range_args args = { .start = key_of(start), .end = key_of(end), .consistency = KV_LINEARIZABLE };
    char room[KV_KEY_MAX + 1];
    bool_t more;

    do {
        kv_range_res *res;

        do
            res = kv_range_1(&args, server->client);
        while (once_more(server, res == NULL ? NULL : &res->result.status));

        if (res == NULL)
            fail(start, "no reply");
        if (res->result.status != KV_OK)
            fail(start, res->result.kv_range_result_u.message);
        kv_range_ok *ok = &res->result.kv_range_result_u.ok;

        print_pairs(ok);
        more = ok->more;
        args.revision = ok->revision;
        if (more)
            args.start = key_behind(&ok->pairs.pairs_val[ok->pairs.pairs_len - 1].key, room);
        clnt_freeres(server->client, (xdrproc_t)xdr_kv_range_res, (char *)res);
    } while (more);
    return DONE;
}

static int run(struct server *server, char *command, int count, char **args)
{
    if (strcmp(command, "put") == 0 && count == 2)
        return put(server, args[0], args[1]);
    if (strcmp(command, "get") == 0 && count == 1)
        return get(server, args[0]);
    if (strcmp(command, "del") == 0 && count == 1)
        return del(server, args[0]);
    if (strcmp(command, "range") == 0 && count == 2)
        return range(server, args[0], args[1]);
    fprintf(stderr, "kv-client: not a command with its arguments: %s\n", command);
    return WRONG_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: kv-client host port put key value | get key | range start end | del key\n");
        return WRONG_USAGE;
    }
    struct server server = { .host = argv[1], .port = argv[2], .attempts = ATTEMPTS };

    connect_server(&server);
    int exit_code = run(&server, argv[3], argc - 4, argv + 4);

    clnt_destroy(server.client);
    return exit_code;
}
