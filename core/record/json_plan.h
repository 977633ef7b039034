/*
 * Plans as JSON: in reports for others to read, in recordings to be read back.
 */
#ifndef CORE_RECORD_JSON_PLAN_H
#define CORE_RECORD_JSON_PLAN_H

#include "core/model/plan.h"
#include "core/record/json_value.h"

/* A new object that says what is to be done and why, and what came of it; with opinions, also what the plan thinks of
 * each guest, vCPU and pCPU. NULL when memory is out. Figures are rounded to three decimals. */
struct json_object *json_plan(const struct plan *p, bool opinions);

/* What the plan thinks of one guest, vCPU or pCPU: members of an object that says whose they are. */
void json_plan_put_guest(struct json_object *object, const struct plan_guest *g);
void json_plan_put_vcpu(struct json_object *object, const struct plan_vcpu *v);
void json_plan_put_pcpu(struct json_object *object, const struct plan_pcpu *c);

/* Fills p from such an object; its masks are as wide as cpu_limit, that of a snapshot, asks for. With opinions, these
 * have to be in it, too. On failure p is emptied. */
void json_plan_read(struct json_reading *reading, struct plan *p, int cpu_limit, struct json_object *object,
                    bool opinions);
/* What json_plan_put_... have put into the object; whose it is stays as it was. */
void json_plan_get_guest(struct json_reading *reading, struct json_object *object, struct plan_guest *g);
void json_plan_get_vcpu(struct json_reading *reading, struct json_object *object, struct plan_vcpu *v);
void json_plan_get_pcpu(struct json_reading *reading, struct json_object *object, struct plan_pcpu *c);

#endif
