/*
 * Predicts how long vCPUs that share pCPUs wait for them. Model: each wants to run for a share of the time, by itself;
 * while k others want to, on c pCPUs, it gets min(1, c / (k + 1)) of one (processor sharing) where the kernel moves who
 * waits at once; where it never does, those others count that happen to be on the same pCPU, one of c by lot. Kernels
 * lie between the two. How often the others want to depends on how long they wait in turn, so that it's solved as a
 * fixed point. Source: the mean-field reckoning of closed queueing networks (P. J. Schweitzer, Approximate analysis of
 * multiclass closed networks of queues, 1979), with processor sharing for a station of several servers.
 */
#ifndef CPU_QUEUE_WAIT_H
#define CPU_QUEUE_WAIT_H

struct queue_wait_vcpu {
    double demand_pct; /* of a pCPU, where it doesn't wait */
    double open;       /* probability that its work arrives whatever it waits (demand_kind.h) */
    double wait_pct;   /* what comes out: of the time it is runnable and doesn't run */
    double wants;      /* to work in */
};

/* Predicts wait_pct of n vCPUs that share so many pCPUs (a fraction where others take a part of them). stuck: how much
 * of the time a vCPU waits where it is though another pCPU is free: 0, never, to 1, always. room: n + 2 doubles to work
 * in. */
void queue_wait_predict(struct queue_wait_vcpu *vcpus, int n, double pcpus, double stuck, double *room);

#endif
