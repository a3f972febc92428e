#include <stdint.h>

/* Ticks in one turn of the dome. */
#define TICKS 14400

struct encoder {
    uint32_t ticks;
};

/* Azimuth in degrees. */
static double azimuth(const struct encoder *e)
{
    return e->ticks * 360.0 / TICKS;
}
