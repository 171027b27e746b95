#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# functions.pl LIBRARY ENTRIES [--list]
# Counts the functions of a library with entries, and those without by reason; --list names the
# latter.  LIBRARY has symbol table and DWARF; ENTRIES is what entries.pl printed.  Works alike for
# all kinds of builds, and takes nothing from the plugin's own records.
use strict;
use warnings FATAL => 'all';

die "Usage: functions.pl LIBRARY ENTRIES [--list]\n" unless @ARGV == 2 || @ARGV == 3;
my ($library, $list, $names_too) = @ARGV;

use constant {
	DW_LANG_MIPS_ASSEMBLER => 0x8001,    # what as(1) and GCC say of assembler files
	ENDBR_LEN => 4,                      # the entry is behind an endbr64
};

sub readelf {
	open my $in, '-|', 'readelf', @_, $library or die "readelf: $!\n";
	return $in;
}

my %entry;
open my $in, '<', $list or die "$list: $!\n";
while (<$in>) {
	chomp;
	$entry{hex $_} = 1;
}

my %executable;    # section number -> 1
$in = readelf('-SW');
while (<$in>) {
	$executable{$1} = 1 if /^ *\[ *(\d+)\] .* [A-Z]*X[A-Z]* +\d+ +\d+ +\d+$/;
}

# Functions by address: one may have several names.
my (%names, %ifunc);
$in = readelf('-sW');
while (<$in>) {
	my (undef, undef, $address, undef, $type, undef, undef, $section, $name) = split /\s+/;
	next unless defined $name && $type =~ /^(?:FUNC|IFUNC)$/ && $executable{$section};
	next if $name =~ /\.cold(?:\.\d+)?$/;    # the unlikely part of a function is none
	$name =~ s/@.*//;
	$names{hex $address}{$name} = 1;
	$ifunc{hex $address} = 1 if $type eq 'IFUNC';
}

# Ranges of addresses by compilation unit, and the units' languages.
my (@ranges, %language, $unit);
$in = readelf('--debug-dump=aranges');
while (<$in>) {
	$unit = hex $1 if /Offset into \.debug_info: +(?:0x)?([0-9a-f]+)/;
	push @ranges, [hex $1, hex $2, $unit] if /^ +([0-9a-f]{16}) ([0-9a-f]{16}) *$/ && hex $2;
}
@ranges = sort { $a->[0] <=> $b->[0] } @ranges;
$in = readelf('--debug-dump=info', '--dwarf-depth=1');
while (<$in>) {
	$unit = hex $1 if /Compilation Unit \@ offset (?:0x)?([0-9a-f]+)/;
	$language{$unit} = $1 if /DW_AT_language +: (\d+)/;
}

# The language of the unit that an address is from, 0 if no unit covers it.
sub language_at {
	my ($address) = @_;
	my ($low, $high) = (0, scalar @ranges);
	while ($low < $high) {
		my $middle = int(($low + $high) / 2);
		if ($ranges[$middle][0] <= $address) { $low = $middle + 1 }
		else { $high = $middle }
	}
	return 0 unless $low;
	my ($start, $len, $at) = @{ $ranges[$low - 1] };
	return $address < $start + $len ? $language{$at} // 0 : 0;
}

my @reasons = ('assembly', 'ifunc resolver', 'compiled elsewhere', 'C');

sub reason {
	my ($address) = @_;
	return $reasons[1] if $ifunc{$address};
	my $language = language_at($address);
	return $reasons[0] if $language == DW_LANG_MIPS_ASSEMBLER;
	# libgcc.a and the crt*.o files come without DWARF.
	return $language ? $reasons[3] : $reasons[2];
}

my ($with, %without) = (0);
for my $address (sort { $a <=> $b } keys %names) {
	if ($entry{$address} || $entry{$address + ENDBR_LEN}) {
		$with++;
		next;
	}
	my $reason = reason($address);
	$without{$reason}++;
	print "$reason\t", join(' ', sort keys %{ $names{$address} }), "\n" if $names_too;
}
exit if $names_too;
print "functions\t", scalar(keys %names), "\n";
print "with an entry\t$with\n";
print "without: $_\t", $without{$_} // 0, "\n" for @reasons;
