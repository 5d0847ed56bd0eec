#ifndef SITU_VMM_DEV_RTC_H
#define SITU_VMM_DEV_RTC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The CMOS clock (MC146818): the host's time in UTC, and the battery-backed bytes. It cannot be
 * set and gives no interrupts. Any thread. */
struct rtc {
	time_t (*now)(void); /* seconds since 1970 */
	pthread_mutex_t lock; /* all below */
	uint8_t index;
	uint8_t bytes[128];
};

void rtc_init(struct rtc *rtc, time_t (*now)(void)); /* NULL: time(2) */
void rtc_fini(struct rtc *rtc);

/* A bus callback for two ports: index, data. */
void rtc_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write);

#endif
