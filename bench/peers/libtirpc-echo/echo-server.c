/*
 * A server of echo.x on stock libtirpc, to measure against.
 *
 *     rpcgen -C -h echo.x, rpcgen -C -c echo.x, rpcgen -C -m echo.x: header, XDR routines, dispatch function
 *
 * It is what rpcgen would make of echo.x, but for main: it listens on a port of the loopback address that the
 * system chooses, prints it, and does not register with rpcbind.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <rpc/rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "echo.h"

/* In the output of rpcgen -m. */
void echo_program_1(struct svc_req *request, SVCXPRT *transport);

void *echo_null_1_svc(void *unused, struct svc_req *request)
{
    static char nothing;

    (void)unused;
    (void)request;
    return &nothing;
}

/* The argument is freed after the reply was sent, so the reply may point to it: nothing is copied. */
echo_data *echo_echo_1_svc(echo_data *argument, struct svc_req *request)
{
    static echo_data result;

    (void)request;
    result = *argument;
    return &result;
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, SOMAXCONN) < 0
        || getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        perror("echo-server");
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
    if (transport == NULL || !svc_reg(transport, ECHO_PROGRAM, ECHO_V1, echo_program_1, NULL)) {
        fprintf(stderr, "echo-server: cannot serve\n");
        return EXIT_FAILURE;
    }
    svc_run();
    return EXIT_FAILURE;
}
