/*
 * Runs the XDR routines of rpcgen, for the tests to compare ours with.
 *
 *     vectors encode              encodes every value of values.c; prints a line of hex digits each
 *     vectors recode              reads lines of hex digits, the same values in their order; decodes each and
 *                                 prints what encoding it again gives
 *
 * values.c is written by the test: values with the types of a .x file.
 */
#include <rpc/rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

enum { ENCODED_MAX = 1 << 16 };

static void fail(const struct vector *vector, const char *what)
{
    fprintf(stderr, "vectors: value %zu, %s: %s\n", (size_t)(vector - vectors), vector->type, what);
    exit(EXIT_FAILURE);
}

static void *allocate(const struct vector *vector)
{
    void *object = calloc(1, vector->size);

    if (object == NULL)
        fail(vector, "no memory");
    return object;
}

static void print_encoded(const struct vector *vector, void *object)
{
    static char bytes[ENCODED_MAX];
    XDR xdrs;

    xdrmem_create(&xdrs, bytes, sizeof bytes, XDR_ENCODE);
    if (!vector->routine(&xdrs, object))
        fail(vector, "does not encode");
    for (u_int i = 0; i < xdr_getpos(&xdrs); i++)
        printf("%02x", (unsigned char)bytes[i]);
    putchar('\n');
}

static void encode_all(void)
{
    for (const struct vector *vector = vectors; vector < vectors + vectors_count; vector++) {
        void *object = allocate(vector);

        vector->fill(object);
        print_encoded(vector, object);
        free(object);
    }
}

/* Reads a line of hex digits, and returns how many bytes it stands for. */
static u_int read_bytes(const struct vector *vector, char *bytes)
{
    u_int length = 0;
    unsigned int byte;

    while (length < ENCODED_MAX && scanf("%2x", &byte) == 1) {
        bytes[length++] = (char)byte;
        int next = getchar();

        if (next == '\n')
            return length;
        ungetc(next, stdin);
    }
    fail(vector, "no line of hex digits");
    return 0;
}

static void recode_all(void)
{
    static char bytes[ENCODED_MAX];

    for (const struct vector *vector = vectors; vector < vectors + vectors_count; vector++) {
        u_int length = read_bytes(vector, bytes);
        void *object = allocate(vector);
        XDR xdrs;

        xdrmem_create(&xdrs, bytes, length, XDR_DECODE);
        if (!vector->routine(&xdrs, object))
            fail(vector, "does not decode");
        if (xdr_getpos(&xdrs) != length)
            fail(vector, "leaves bytes over");
        print_encoded(vector, object);
        xdr_free(vector->routine, object);
        free(object);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "encode") == 0) {
        encode_all();
    } else if (argc == 2 && strcmp(argv[1], "recode") == 0) {
        recode_all();
    } else {
        fprintf(stderr, "usage: vectors encode | recode\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
