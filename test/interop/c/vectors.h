#ifndef VECTORS_H
#define VECTORS_H

#include <rpc/rpc.h>
#include <stddef.h>

/* A value, and the routine for its type. */
struct vector {
    const char *type;
    xdrproc_t routine;
    size_t size;                /* of an object of the type */
    void (*fill)(void *object); /* makes an object of zero bytes the value */
};

/* In values.c. */
extern const struct vector vectors[];
extern const size_t vectors_count;

#endif
