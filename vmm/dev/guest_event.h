#ifndef SITU_VMM_DEV_GUEST_EVENT_H
#define SITU_VMM_DEV_GUEST_EVENT_H

/* What a guest says about itself through a device: to switch it off, to start it anew, that it
 * crashed. fn is called on the thread of the vCPU that said it, with no lock held. */
enum guest_event {
	GUEST_POWER_OFF,
	GUEST_RESET,
	GUEST_PANICKED, /* through pvpanic */
	GUEST_DEBUG_EXIT, /* value: the byte written */
};

struct guest_event_sink {
	void (*fn)(void *arg, enum guest_event event, unsigned int value);
	void *arg;
};

#endif
