/*
 * Prints the segments of a log, given in order, with nothing but what stock rpcgen makes of idl/log.x:
 * one line a segment, one an entry, one a hard state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

static char *read_file(const char *path, u_int *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    long length;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(file);
    bytes = malloc((size_t)length);
    if (bytes == NULL || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        perror(path);
        exit(1);
    }
    fclose(file);
    *size = (u_int)length;
    return bytes;
}

static void print_record(const log_record *record)
{
    u_int i;

    for (i = 0; i < record->entries.entries_len; i++) {
        const log_entry *entry = &record->entries.entries_val[i];
        printf("entry %" PRIu64 " term %" PRIu64 " kind %d %.*s\n", (uint64_t)record->first_index + i,
               (uint64_t)entry->term, (int)entry->kind, (int)entry->data.data_len, entry->data.data_val);
    }
    if (record->hard_state != NULL)
        printf("term %" PRIu64 " vote %u commit %" PRIu64 "\n", (uint64_t)record->hard_state->current_term,
               record->hard_state->voted_for, (uint64_t)record->hard_state->commit_index);
}

static int dump(const char *path)
{
    log_segment_header header = {0};
    u_int size;
    char *bytes = read_file(path, &size);
    u_quad_t expected;
    XDR xdrs;

    xdrmem_create(&xdrs, bytes, size, XDR_DECODE);
    if (!xdr_log_segment_header(&xdrs, &header)) {
        fprintf(stderr, "%s: no header\n", path);
        return 1;
    }
    printf("segment %" PRIu64 " after entry %" PRIu64 "\n", (uint64_t)header.segment, (uint64_t)header.prev_index);
    expected = header.sequence;
    for (;;) {
        log_frame frame = {0};
        log_record record = {0};
        if (!xdr_log_frame(&xdrs, &frame) || frame.length == 0 || frame.sequence != expected++)
            break;
        if (!xdr_log_record(&xdrs, &record)) {
            fprintf(stderr, "%s: a bad record\n", path);
            return 1;
        }
        print_record(&record);
        xdr_free((xdrproc_t)xdr_log_record, (char *)&record);
    }
    xdr_destroy(&xdrs);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        if (dump(argv[i]) != 0)
            return 1;
    }
    return 0;
}
