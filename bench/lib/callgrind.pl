#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# callgrind.pl FILE LIBRARY=ENTRIES...
# Prints how many instructions of the LIBRARYs were executed in a run, and how often one at an
# entry was among them: that is how often a function with an entry was called.
# LIBRARY is a path as in the run, ENTRIES a file of entries.pl.
# FILE was written by callgrind with --dump-instr=yes --compress-strings=no --compress-pos=no.
use strict;
use warnings FATAL => 'all';

die "Usage: callgrind.pl FILE LIBRARY=ENTRIES...\n" unless @ARGV > 1;
my ($path, @libraries) = @ARGV;

my %entries;    # path of a library -> address in hex -> 1
for (@libraries) {
	my ($library, $list) = split /=/, $_, 2;
	open my $in, '<', $list or die "$list: $!\n";
	chomp(my @addresses = <$in>);
	$entries{$library} = { map { $_ => 1 } @addresses };
}

my ($instructions, $calls, $here, $inclusive) = (0, 0, undef, 0);
open my $in, '<', $path or die "$path: $!\n";
while (<$in>) {
	if (/^0x([0-9a-f]+) \d+ (\d+)$/) {
		# The line after "calls=" has what the callee cost: that stands elsewhere too.
		if (!$inclusive && $here) {
			$instructions += $2;
			$calls += $2 if $here->{$1};
		}
		$inclusive = 0;
	} elsif (/^calls=/) {
		$inclusive = 1;
	} elsif (/^ob=(.*)/) {
		$here = $entries{$1};
	}
}
die "$path: nothing of the libraries was executed\n" unless $instructions;
print "$instructions $calls\n";
