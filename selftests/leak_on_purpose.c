// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the module lose one object, which unloading it must report: run by
 * the check of the checks alone, on the debug build. Not in LIST.
 */
#include "common_call.h"

int main(void)
{
	static const char * const knob[] = {
		"/sys/module/lpc/parameters/debug_leak",
		"/sys/module/lpc/parameters/leak_one",
	};
	int port, ret = -ENOENT;
	size_t i;

	ksft_print_header();
	ksft_set_plan(1);
	for (i = 0; i < ARRAY_SIZE(knob) && ret; i++)
		ret = write_file(knob[i], "1");
	if (ret) {
		ksft_test_result_skip("the module is not a debug build\n");
		ksft_finished();
	}
	port = port_create(NULL, NULL);
	if (port >= 0)
		close(port);
	ksft_test_result(port >= 0, "one object is lost\n");
	ksft_finished();
}
