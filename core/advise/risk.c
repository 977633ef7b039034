#include "core/advise/risk.h"

#include "core/model/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Peaks are the highest tenth, and ten at the least: fewer say nothing of their shape, more are no peaks. */
#define PEAKS_SHARE 0.1
enum { PEAKS_LEAST = 10 };
/* Shapes beyond these aren't told apart by so few peaks: 0.5 has no variance any more, -1 ends as abruptly as a uniform
 * distribution. */
#define SHAPE_MOST 0.5
#define SHAPE_LEAST (-1.0)

static int ascending(const void *a, const void *b)
{
    const float *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Shape and scale of the distribution of the n peaks above the threshold, ascending. */
static void fit(const float *peaks, int n, double threshold, double *shape, double *scale)
{
    double mean = 0, weighted = 0;

    for (int i = 0; i < n; i++) {
        mean += (peaks[i] - threshold) / n;
        weighted += (peaks[i] - threshold) * (n - 1 - i) / (n - 1) / n;
    }
    *shape = mean > 2 * weighted ? 2 - mean / (mean - 2 * weighted) : SHAPE_MOST;
    *shape = fmin(fmax(*shape, SHAPE_LEAST), SHAPE_MOST);
    *scale = mean * (1 - *shape); /* so that the mean is as it was found */
}

double risk_quantile(float *figures, int n, double share)
{
    int peaks = (int)(n * PEAKS_SHARE) > PEAKS_LEAST ? (int)(n * PEAKS_SHARE) : PEAKS_LEAST;
    double threshold, shape, scale, of_peaks = share * n / peaks;

    qsort(figures, (size_t)n, sizeof(*figures), ascending);
    threshold = figures[n - peaks - 1];
    if (of_peaks >= 1)
        return figures[(int)fmax(ceil(n * (1 - share)) - 1, 0)];
    fit(figures + n - peaks, peaks, threshold, &shape, &scale);
    if (fabs(shape) < 1e-6)
        return threshold - scale * log(of_peaks);
    return threshold + scale / shape * (pow(of_peaks, -shape) - 1);
}

double risk_t95(int degrees)
{
    const double z = 1.6449, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z, n = degrees;

    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

static double level_of(const float *figures, int n, double share, float *work)
{
    int stretches = n / RISK_STRETCH_FIGURES < RISK_STRETCHES_MOST ? n / RISK_STRETCH_FIGURES : RISK_STRETCHES_MOST;
    int length = n / stretches;
    struct statistics levels = {0};
    double whole, deviation;

    for (int i = 0; i < stretches; i++) {
        memcpy(work, figures + (size_t)i * (size_t)length, (size_t)length * sizeof(*work));
        statistics_add(&levels, risk_quantile(work, length, share));
    }
    deviation = sqrt(levels.squares / (stretches - 1));
    memcpy(work, figures, (size_t)n * sizeof(*work));
    whole = risk_quantile(work, n, share);
    return fmax(whole, levels.mean + risk_t95(stretches - 1) * deviation * sqrt(1 + 1.0 / stretches));
}

bool risk_most(const float *figures, int n, double share, float *work, double *level)
{
    if (n < RISK_FIGURES_LEAST)
        return false;
    *level = level_of(figures, n, share, work);
    return true;
}

bool risk_least(const float *figures, int n, double share, float *work, double *level)
{
    float *turned = work + n; /* lowest figures are the peaks of those turned round */

    if (n < RISK_FIGURES_LEAST)
        return false;
    for (int i = 0; i < n; i++)
        turned[i] = -figures[i];
    *level = -level_of(turned, n, share, work);
    return true;
}
