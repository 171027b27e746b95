/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ends at once: what is left of its run is the start-up. */
int main(void)
{
	return 0;
}
