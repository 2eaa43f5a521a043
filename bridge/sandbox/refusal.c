#include "bridge/sandbox/refusal.h"

#include <stdarg.h>
#include <stdio.h>

bool sbx_refuse(struct sbx_refusal *refusal, int status, const char *code, const char *format, ...)
{
    va_list args;

    refusal->status = status;
    refusal->code = code;
    va_start(args, format);
    vsnprintf(refusal->text, sizeof(refusal->text), format, args);
    va_end(args);
    return false;
}
