/*
 * How evenly loads could be placed at best, found without any of the code under test: longest first from several
 * orders, each mended by moves and exchanges of two until none helps.
 */
#ifndef SIM_LEAST_SD_H
#define SIM_LEAST_SD_H

/* The least population standard deviation found (an upper bound of the true one), in the unit of its arguments: what
 * each pCPU carries anyway, and the loads to be placed on any of them. Aborts when memory is out. */
double least_sd(const double *background, int n_pcpus, const double *loads, int n_loads);

#endif
