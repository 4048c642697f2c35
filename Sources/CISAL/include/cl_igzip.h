/* gzip decoding by Intel's ISA-L, loaded at run time where the machine has it: Debian ships no static library of it. */
#ifndef CL_IGZIP_H
#define CL_IGZIP_H

#include <stddef.h>

/* What a step came to. */
enum cl_igzip_status {
    CL_IGZIP_MORE = 0,      /* input is used up or output is full */
    CL_IGZIP_END = 1,       /* the member has ended and its checksum and length fit */
    CL_IGZIP_CORRUPT = -1,  /* malformed data */
    CL_IGZIP_CHECKSUM = -2, /* checksum or length do not fit */
};

/* Whether libisal.so.2 is there; the first call loads it. */
int cl_igzip_available(void);

/* A decoder at the start of a gzip member, NULL without memory or library. */
void *cl_igzip_new(void);
void cl_igzip_free(void *decoder);
/* Back to the start of a member. */
void cl_igzip_reset(void *decoder);

/* Decodes from `input` to `output`; both counts are what is there, and afterwards what was used. */
int cl_igzip_step(void *decoder, const void *input, size_t *input_count, void *output, size_t *output_count);

#endif
