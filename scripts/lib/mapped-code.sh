# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What is executable in a process of one file, byte by byte.

# mapped_code PID PATH: a checksum of it; PATH as /proc/PID/maps has it
mapped_code() {
	perl -e '
		my ($pid, $path) = @ARGV;
		open my $maps, "<", "/proc/$pid/maps" or die "maps: $!\n";
		open my $mem, "<:raw", "/proc/$pid/mem" or die "mem: $!\n";
		while (<$maps>) {
			/^(\w+)-(\w+) r-xp .* \Q$path\E$/ or next;
			my ($from, $to) = (hex $1, hex $2);
			sysseek $mem, $from, 0 or die "seek: $!\n";
			sysread($mem, my $bytes, $to - $from) == $to - $from or die "read: $!\n";
			print $bytes;
		}' "$1" "$2" | sha256sum | cut -d ' ' -f 1
}
