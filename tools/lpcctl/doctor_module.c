// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_module.c - is the module loaded, built, allowed by Secure Boot
 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define ENROLL \
	"if modprobe says \"Key was rejected\": sudo mokutil --import /var/lib/dkms/mok.pub, reboot, \"Enroll MOK\""

static char found[512];
static size_t skip;		/* "/lib/modules/" */
static char found_for[256];	/* a kernel that has the module */

bool in_container(void)
{
	return access("/run/.containerenv", F_OK) == 0 || access("/.dockerenv", F_OK) == 0 ||
	       access("/run/systemd/container", F_OK) == 0;
}

static bool first_line(const char *path, char *line, size_t room)
{
	FILE *f = fopen(path, "re");
	bool ok;

	line[0] = '\0';
	if (!f)
		return false;
	ok = fgets(line, (int)room, f);
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return ok;
}

static bool secure_boot(void)
{
	unsigned char v[5] = { 0 };
	FILE *f = fopen(SECURE_BOOT, "re");

	if (!f)
		return false;
	if (fread(v, 1, sizeof(v), f) != sizeof(v))
		v[4] = 0;
	fclose(f);
	return v[4] == 1;
}

/* Does this kernel refuse modules without a signature it knows? */
static bool must_be_signed(void)
{
	char line[128];

	if (first_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)) &&
	    line[0] == 'Y')
		return true;
	return first_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	       !strstr(line, "[none]");
}

static int look(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *file = path + at->base;

	(void)st;
	if (type != FTW_F || strncmp(file, "lpc.ko", 6) != 0 || (file[6] && file[6] != '.'))
		return 0;
	snprintf(found, sizeof(found), "%s", path);
	snprintf(found_for, sizeof(found_for), "%.*s", (int)strcspn(path + skip, "/"), path + skip);
	return 1;
}

static bool find_module(const char *release)
{
	char dir[320];

	skip = strlen("/lib/modules/");
	snprintf(dir, sizeof(dir), "/lib/modules/%s", release);
	return nftw(dir, look, 16, FTW_PHYS) == 1;
}

static void not_built(const char *release)
{
	char path[320], mend[512];

	if (nftw("/lib/modules", look, 16, FTW_PHYS) == 1)
		finding(FINDING_BAD, "module", NULL,
			"installed for kernel %s, not for the running %s", found_for, release);
	else
		finding(FINDING_BAD, "module", NULL, "not installed");
	snprintf(path, sizeof(path), "/lib/modules/%s/build", release);
	if (access(path, F_OK) < 0) {
		snprintf(mend, sizeof(mend),
			 "sudo apt install linux-headers-%s; if there is none: sudo apt full-upgrade, reboot",
			 release);
		finding(FINDING_BAD, "headers", mend, "none for the running %s", release);
	} else {
		finding(FINDING_OK, "headers", "sudo make install, in a checkout of LPC for Linux",
			"there; the module can be built");
	}
}

static void not_loaded(void)
{
	struct utsname u;

	uname(&u);
	if (in_container()) {
		finding(FINDING_BAD, "module",
			"on the host: sudo modprobe lpc; then start the container with --device /dev/lpc",
			"not loaded, and this is a container");
		return;
	}
	if (!find_module(u.release)) {
		not_built(u.release);
	} else {
		finding(FINDING_BAD, "module", "sudo modprobe lpc", "not loaded; %s is there",
			found);
		if (access("/etc/modules-load.d/lpc.conf", F_OK) < 0)
			finding(FINDING_WARNING, "boot",
				"echo lpc | sudo tee /etc/modules-load.d/lpc.conf",
				"not loaded at boot either");
	}
	if (must_be_signed())
		finding(FINDING_WARNING, "signing", ENROLL, "this kernel wants signed modules%s",
			secure_boot() ? " (Secure Boot is on)" : "");
}

bool check_module(void)
{
	char version[64], taint[16];

	if (access("/sys/module/lpc", F_OK) < 0) {
		/* built in, or no sysfs here */
		if (access("/dev/lpc", F_OK) == 0) {
			finding(FINDING_OK, "module", NULL, "/dev/lpc is there");
			return true;
		}
		not_loaded();
		return false;
	}
	first_line("/sys/module/lpc/version", version, sizeof(version));
	first_line("/sys/module/lpc/taint", taint, sizeof(taint));
	finding(FINDING_OK, "module", NULL, "loaded%s%s%s", version[0] ? ", version " : "", version,
		strchr(taint, 'E') ? ", not signed" : "");
	return true;
}
