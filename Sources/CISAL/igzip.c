#include "cl_igzip.h"

#include <dlfcn.h>
#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

static struct {
    void (*init)(struct inflate_state *);
    void (*reset)(struct inflate_state *);
    int (*inflate)(struct inflate_state *);
} isal;

static void load(void) {
    /* The version in the name fixes the layout of inflate_state, which the header of the build has. */
    void *library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    isal.init = (void (*)(struct inflate_state *))dlsym(library, "isal_inflate_init");
    isal.reset = (void (*)(struct inflate_state *))dlsym(library, "isal_inflate_reset");
    isal.inflate = (int (*)(struct inflate_state *))dlsym(library, "isal_inflate");
}

int cl_igzip_available(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return isal.init && isal.reset && isal.inflate;
}

void *cl_igzip_new(void) {
    if (!cl_igzip_available()) return NULL;
    struct inflate_state *state = malloc(sizeof *state);
    if (!state) return NULL;
    isal.init(state);
    state->crc_flag = ISAL_GZIP;
    return state;
}

void cl_igzip_free(void *decoder) { free(decoder); }

void cl_igzip_reset(void *decoder) {
    struct inflate_state *state = decoder;
    isal.reset(state);
    state->crc_flag = ISAL_GZIP;
}

int cl_igzip_step(void *decoder, const void *input, size_t *input_count, void *output, size_t *output_count) {
    struct inflate_state *state = decoder;
    uint32_t given = *input_count > INT_MAX ? INT_MAX : (uint32_t)*input_count;
    uint32_t room = *output_count > INT_MAX ? INT_MAX : (uint32_t)*output_count;
    state->next_in = (uint8_t *)input;
    state->avail_in = given;
    state->next_out = output;
    state->avail_out = room;
    int status = isal.inflate(state);
    *input_count = given - state->avail_in;
    *output_count = room - state->avail_out;
    if (status == ISAL_INCORRECT_CHECKSUM) return CL_IGZIP_CHECKSUM;
    if (status != ISAL_DECOMP_OK && status != ISAL_END_INPUT && status != ISAL_OUT_OVERFLOW) return CL_IGZIP_CORRUPT;
    return state->block_state == ISAL_BLOCK_FINISH ? CL_IGZIP_END : CL_IGZIP_MORE;
}
