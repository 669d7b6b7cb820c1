// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_device.c - is /dev/lpc there, ours to open, and good for something
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "doctor.h"
#include "kernel.h"
#include "text.h"

#define NEARLY	90	/* percent */
#define ONE_VERSION \
	"sudo make install, of one version; then sudo modprobe -r lpc; sudo modprobe lpc"

/* The number the module registered; false if sysfs does not say. */
static bool registered(unsigned int *maj, unsigned int *min)
{
	FILE *f = fopen("/sys/class/misc/lpc/dev", "re");
	bool ok = f && fscanf(f, "%u:%u", maj, min) == 2;

	if (f)
		fclose(f);
	return ok;
}

static void no_node(void)
{
	unsigned int maj, min;
	char mend[256];

	if (in_container()) {
		snprintf(mend, sizeof(mend), "start the container with --device /dev/lpc");
	} else if (registered(&maj, &min)) {
		snprintf(mend, sizeof(mend), "sudo mknod -m 666 /dev/lpc c %u %u", maj, min);
	} else {
		snprintf(mend, sizeof(mend),
			 "sudo modprobe -r lpc; sudo modprobe lpc; sudo dmesg | tail");
	}
	finding(FINDING_BAD, "device", mend, "/dev/lpc is not there, though the module is loaded");
}

static void may_not_open(const struct stat *st)
{
	char user[64], group[64], me[64], mend[256];

	text_group(st->st_gid, group, sizeof(group));
	text_user(geteuid(), me, sizeof(me));
	if (st->st_mode & 0060 && st->st_gid != 0)
		snprintf(mend, sizeof(mend), "sudo usermod -aG %s %s; then log in again", group,
			 me);
	else
		snprintf(mend, sizeof(mend),
			 "sudo chmod 666 /dev/lpc; for good: a udev rule (README, \"Permissions\")");
	finding(FINDING_BAD, "device", mend,
		"/dev/lpc: you (%s) may not open it: mode %04o %s:%s", me, st->st_mode & 07777,
		text_user(st->st_uid, user, sizeof(user)), group);
}

bool check_device(void)
{
	unsigned int maj, min;
	char user[64], group[64], mend[128];
	struct stat st;
	int r;

	if (stat("/dev/lpc", &st) < 0) {
		no_node();
		return false;
	}
	if (!S_ISCHR(st.st_mode) ||
	    (registered(&maj, &min) && (major(st.st_rdev) != maj || minor(st.st_rdev) != min))) {
		snprintf(mend, sizeof(mend),
			 "sudo rm /dev/lpc; sudo udevadm trigger --action=add /sys/class/misc/lpc");
		finding(FINDING_BAD, "device", mend, "/dev/lpc is not the module's device");
		return false;
	}
	r = kern_open();
	if (r == -EACCES || r == -EPERM) {
		may_not_open(&st);
		return false;
	}
	if (r < 0) {
		finding(FINDING_BAD, "device", "sudo modprobe lpc", "/dev/lpc does not open: %s",
			strerror(-r));
		return false;
	}
	finding(FINDING_OK, "device", NULL, "/dev/lpc, mode %04o %s:%s", st.st_mode & 07777,
		text_user(st.st_uid, user, sizeof(user)),
		text_group(st.st_gid, group, sizeof(group)));
	return true;
}

static bool check_abi(struct lpc_info *info)
{
	int r = kern_info(info);

	if (r < 0) {
		finding(FINDING_BAD, "abi", ONE_VERSION, "INFO fails: %s", strerror(-r));
		return false;
	}
	if (info->abi != LPC_ABI_VERSION) {
		finding(FINDING_BAD, "abi", ONE_VERSION, "module speaks ABI %u, these tools %d",
			info->abi, LPC_ABI_VERSION);
		return false;
	}
	finding(FINDING_OK, "abi", NULL, "version %u%s", info->abi,
		info->features & LPC_HAS_DEBUG ? ", a debug build: slower" : "");
	return true;
}

static void check_rights(void)
{
	static const struct {
		const char *name, *what;
	} switches[] = {
		{ "unprivileged_create", "make ports" },
		{ "unprivileged_connect", "connect" },
	};
	char mend[128];
	int r;

	for (size_t i = 0; i < 2; i++) {
		if (kern_sysctl(switches[i].name) != 0)
			continue;
		snprintf(mend, sizeof(mend), "if that is not wanted: sudo sysctl lpc.%s=1",
			 switches[i].name);
		finding(FINDING_WARNING, "rights", mend, "only the privileged may %s here",
			switches[i].what);
	}
	r = kern_try_create();
	if (r == -EACCES && kern_sysctl("unprivileged_create") == 0)
		return;
	if (r < 0)
		finding(FINDING_BAD, "create", r == -ENOBUFS ? "lpcctl limits" : NULL,
			"no port can be made: %s", strerror(-r));
	else
		finding(FINDING_OK, "create", NULL,
			"a private port was made, connected and closed");
}

static void check_limits(const struct lpc_info *info)
{
	bool near = false;
	char mend[128];

	for (uint32_t i = 1; i < LPC_LIMIT_MAX; i++) {
		const struct lpc_limit_value *v = &info->limits[i];

		if (!kern_limit_sysctl(i) || !v->limit || v->in_use * 100 < v->limit * NEARLY)
			continue;
		near = true;
		snprintf(mend, sizeof(mend), "sudo sysctl %s=%llu", kern_limit_sysctl(i),
			 2 * v->limit);
		finding(v->in_use < v->limit ? FINDING_WARNING : FINDING_BAD, "limits", mend,
			"%llu of %llu %s", v->in_use, v->limit, kern_limit_name(i));
	}
	if (!near)
		finding(FINDING_OK, "limits", NULL, "none is nearly reached");
}

void check_use(void)
{
	struct lpc_info info;

	if (!check_abi(&info))
		return;
	check_rights();
	check_limits(&info);
}
