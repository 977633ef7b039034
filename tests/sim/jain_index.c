#include "tests/sim/jain_index.h"

double jain_index(const double *values, int n)
{
    double sum = 0, squares = 0;

    for (int i = 0; i < n; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    return squares > 0 ? sum * sum / (n * squares) : 1;
}
