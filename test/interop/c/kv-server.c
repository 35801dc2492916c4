/*
 * kv-server: the service of idl/kv.x on stock rpcgen and libtirpc, to show that Sundial's clients can talk to it.
 *
 *     rpcgen -C kv.x, and -m instead of the server's main function:  rpcgen -C -m -o kv_svc.c kv.x
 *     cc $(pkg-config --cflags libtirpc) kv-server.c kv_svc.c kv_xdr.c $(pkg-config --libs libtirpc) -o kv-server
 *
 * It listens on a port of the loopback address that the system chooses, and prints it. It is one process with a list
 * in memory: it knows no older revisions, and it keeps no sessions, so a write that is sent twice is done twice.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <rpc/rpc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kv.h"

enum { CLUSTER = 1, SERVER = 1, TERM = 1 };

/* The pairs, in the order of their keys. */
struct entry {
    struct entry *next;
    kv_pair pair;
};

static struct entry *entries;
static kv_revision store_revision;

/* In the output of rpcgen -m. */
void kv_program_1(struct svc_req *request, SVCXPRT *transport);

static kv_header header(void)
{
    return (kv_header){ .cluster = CLUSTER, .server = SERVER, .term = TERM, .revision = store_revision };
}

static char *copy(const char *bytes, u_int length)
{
    char *own = malloc(length + 1);

    if (own == NULL) {
        perror("kv-server");
        exit(EXIT_FAILURE);
    }
    return memcpy(own, bytes, length);
}

static int compare(const kv_key *a, const kv_key *b)
{
    u_int common = a->kv_key_len < b->kv_key_len ? a->kv_key_len : b->kv_key_len;
    int order = memcmp(a->kv_key_val, b->kv_key_val, common);

    return order != 0 ? order : (a->kv_key_len > b->kv_key_len) - (a->kv_key_len < b->kv_key_len);
}

/* The link to the first entry that is not before KEY: where KEY is, or where it would have to be. */
static struct entry **find(const kv_key *key)
{
    struct entry **link = &entries;

    while (*link != NULL && compare(&(*link)->pair.key, key) < 0)
        link = &(*link)->next;
    return link;
}

static bool is_at(struct entry *const *link, const kv_key *key)
{
    return *link != NULL && compare(&(*link)->pair.key, key) == 0;
}

static bool holds(const kv_condition *condition, kv_revision mod_revision)
{
    return condition->when == KV_ALWAYS || condition->kv_condition_u.mod_revision == mod_revision;
}

static struct entry *insert(struct entry **link, const kv_key *key)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (entry == NULL) {
        perror("kv-server");
        exit(EXIT_FAILURE);
    }
    entry->pair.key = (kv_key){ key->kv_key_len, copy(key->kv_key_val, key->kv_key_len) };
    entry->pair.create_revision = store_revision + 1;
    entry->next = *link;
    return *link = entry;
}

/*
 * The results below are static, and what they point to belongs to the list or is constant: a reply is sent before
 * the next call is looked at, and rpcgen's dispatch function frees only the arguments.
 */

void *kv_null_1_svc(void *unused, struct svc_req *request)
{
    static char nothing;

    (void)unused;
    (void)request;
    return &nothing;
}

kv_put_res *kv_put_1_svc(kv_put_args *args, struct svc_req *request)
{
    static kv_put_res res;
    struct entry **link = find(&args->key);
    kv_revision prev_revision = is_at(link, &args->key) ? (*link)->pair.mod_revision : 0;

    (void)request;
    if (args->key.kv_key_len == 0) {
        res.result.status = KV_INVALID;
        res.result.kv_put_result_u.message = (char *)"a key has at least one byte";
    } else if (!holds(&args->condition, prev_revision)) {
        res.result.status = KV_CONFLICT;
        res.result.kv_put_result_u.mod_revision = prev_revision;
    } else {
        kv_pair *pair = prev_revision != 0 ? &(*link)->pair : &insert(link, &args->key)->pair;

        free(pair->value.kv_value_val);
        pair->value = (kv_value){ args->value.kv_value_len, copy(args->value.kv_value_val, args->value.kv_value_len) };
        pair->mod_revision = ++store_revision;
        pair->key_version++;
        res.result.status = KV_OK;
        res.result.kv_put_result_u.ok = (kv_put_ok){ store_revision, prev_revision, pair->key_version };
    }
    res.header = header();
    return &res;
}

kv_get_res *kv_get_1_svc(kv_get_args *args, struct svc_req *request)
{
    static kv_get_res res;
    struct entry **link = find(&args->key);

    (void)request;
    res.header = header();
    if (is_at(link, &args->key)) {
        res.result.status = KV_OK;
        res.result.kv_get_result_u.pair = (*link)->pair;
    } else {
        res.result.status = KV_NOT_FOUND;
        res.result.kv_get_result_u.message = (char *)"no such key";
    }
    return &res;
}

kv_delete_res *kv_delete_1_svc(kv_delete_args *args, struct svc_req *request)
{
    static kv_delete_res res;
    struct entry **link = find(&args->key);
    kv_revision prev_revision = is_at(link, &args->key) ? (*link)->pair.mod_revision : 0;

    (void)request;
    if (!holds(&args->condition, prev_revision)) {
        res.result.status = KV_CONFLICT;
        res.result.kv_delete_result_u.mod_revision = prev_revision;
    } else if (prev_revision == 0) {
        res.result.status = KV_NOT_FOUND;
        res.result.kv_delete_result_u.message = (char *)"no such key";
    } else {
        struct entry *gone = *link;

        *link = gone->next;
        free(gone->pair.key.kv_key_val);
        free(gone->pair.value.kv_value_val);
        free(gone);
        res.result.status = KV_OK;
        res.result.kv_delete_result_u.ok = (kv_delete_ok){ ++store_revision, prev_revision };
    }
    res.header = header();
    return &res;
}

kv_range_res *kv_range_1_svc(kv_range_args *args, struct svc_req *request)
{
    static kv_range_res res;
    static kv_pair pairs[KV_RANGE_MAX];
    kv_range_ok *ok = &res.result.kv_range_result_u.ok;
    u_int limit = args->limit == 0 || args->limit > KV_RANGE_MAX ? KV_RANGE_MAX : args->limit;

    (void)request;
    res.header = header();
    res.result.status = KV_OK;
    *ok = (kv_range_ok){ .pairs.pairs_val = pairs, .revision = store_revision };
    for (struct entry *entry = *find(&args->start); entry != NULL; entry = entry->next) {
        if (args->end.kv_key_len > 0 && compare(&entry->pair.key, &args->end) >= 0)
            break;
        if (ok->pairs.pairs_len == limit) {
            ok->more = TRUE;
            break;
        }
        pairs[ok->pairs.pairs_len++] = entry->pair;
    }
    return &res;
}

kv_status_res *kv_status_1_svc(void *unused, struct svc_req *request)
{
    static kv_status_res res;
    static kv_member self = { .server = SERVER, .address = (char *)"localhost", .reachable = TRUE };

    (void)unused;
    (void)request;
    res.header = header();
    res.status = (kv_server_status){
        .software = (char *)"kv-server of test/interop/c", .role = KV_LEADER, .leader = SERVER,
        .members = { .members_len = 1, .members_val = &self }
    };
    for (struct entry *entry = entries; entry != NULL; entry = entry->next)
        res.status.keys++;
    return &res;
}

kv_replicas_res *kv_replicas_1_svc(kv_replicas_args *args, struct svc_req *request)
{
    static kv_replicas_res res;

    (void)request;
    res.header = header();
    if (args->revision <= store_revision) {
        res.result.status = KV_OK;
        res.result.kv_replicas_result_u.ok = (kv_replicas_ok){ .replicas = 1, .members = 1 };
    } else {
        res.result.status = KV_FUTURE_REVISION;
        res.result.kv_replicas_result_u.message = (char *)"there is no such revision yet";
    }
    return &res;
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, SOMAXCONN) < 0
        || getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        perror("kv-server");
        exit(EXIT_FAILURE);
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    SVCXPRT *transport = svc_vc_create(listen_on_loopback(), 0, 0);

    /* Without a netconfig, svc_reg tells only this process, not rpcbind. */
    if (transport == NULL || !svc_reg(transport, KV_PROGRAM, KV_V1, kv_program_1, NULL)) {
        fprintf(stderr, "kv-server: cannot serve\n");
        return EXIT_FAILURE;
    }
    svc_run();
    return EXIT_FAILURE;
}
