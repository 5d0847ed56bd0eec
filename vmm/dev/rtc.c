#include "vmm/dev/rtc.h"

#include <string.h>

enum {
	RTC_SECONDS = 0,
	RTC_MINUTES = 2,
	RTC_HOURS = 4,
	RTC_WEEKDAY = 6,
	RTC_DAY = 7,
	RTC_MONTH = 8,
	RTC_YEAR = 9,
	RTC_A = 10,
	RTC_B = 11,
	RTC_C = 12,
	RTC_D = 13,
	RTC_CENTURY = 0x32,
};

#define A_DIVIDER 0x26 /* 32768 Hz, no update in progress: a read is always of one moment */
#define B_24HOURS 0x02
#define D_VALID	  0x80 /* the battery is fine */

static time_t host_now(void)
{
	return time(NULL);
}

void rtc_init(struct rtc *rtc, time_t (*now)(void))
{
	*rtc = (struct rtc){ .now = now ? now : host_now };
	pthread_mutex_init(&rtc->lock, NULL);
}

void rtc_fini(struct rtc *rtc)
{
	pthread_mutex_destroy(&rtc->lock);
}

static uint8_t bcd(int value)
{
	return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

static uint8_t read_time(const struct tm *tm, uint8_t index)
{
	switch (index) {
	case RTC_SECONDS:
		return bcd(tm->tm_sec);
	case RTC_MINUTES:
		return bcd(tm->tm_min);
	case RTC_HOURS:
		return bcd(tm->tm_hour);
	case RTC_WEEKDAY:
		return bcd(tm->tm_wday + 1);
	case RTC_DAY:
		return bcd(tm->tm_mday);
	case RTC_MONTH:
		return bcd(tm->tm_mon + 1);
	case RTC_YEAR:
		return bcd(tm->tm_year % 100);
	default:
		return bcd((tm->tm_year + 1900) / 100);
	}
}

static uint8_t read_byte(const struct rtc *rtc)
{
	time_t now = rtc->now();
	struct tm tm;

	gmtime_r(&now, &tm);
	switch (rtc->index) {
	case RTC_SECONDS:
	case RTC_MINUTES:
	case RTC_HOURS:
	case RTC_WEEKDAY:
	case RTC_DAY:
	case RTC_MONTH:
	case RTC_YEAR:
	case RTC_CENTURY:
		return read_time(&tm, rtc->index);
	case RTC_A:
		return A_DIVIDER;
	case RTC_B:
		return B_24HOURS;
	case RTC_C:
		return 0;
	case RTC_D:
		return D_VALID;
	default:
		return rtc->bytes[rtc->index];
	}
}

void rtc_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct rtc *rtc = dev;
	uint8_t *bytes = data;

	pthread_mutex_lock(&rtc->lock);
	if (is_write && !offset)
		rtc->index = bytes[0] & 0x7f; /* bit 7 masks NMIs */
	else if (is_write)
		rtc->bytes[rtc->index] = bytes[0];
	else
		memset(data, 0xff, len);
	if (!is_write && offset)
		bytes[0] = read_byte(rtc);
	pthread_mutex_unlock(&rtc->lock);
}
