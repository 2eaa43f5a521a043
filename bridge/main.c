#include "bridge/cli/cli.h"

#include "bridge/core/secret.h"

#include <signal.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of a write, not the end */
    signal(SIGXFSZ, SIG_IGN); /* so is a file that may grow no more */
    secret_start();
    return cli_main(argc, argv);
}
