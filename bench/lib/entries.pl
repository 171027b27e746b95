#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# Prints the addresses of a library's patchable entries in hex, one a line: of the plugin's table,
# or of the entries of -fpatchable-function-entry=16,14.  The file may be stripped.
use strict;
use warnings FATAL => 'all';

use constant {
	AREA_BEFORE => 14,    # bytes of padding before the function, in the 16,14 layout
	SHT_RELA => 4,
	R_X86_64_RELATIVE => 8,
};

my ($path) = @ARGV;
die "Usage: entries.pl LIBRARY\n" unless @ARGV == 1;
open my $in, '<:raw', $path or die "$path: $!\n";
my $bytes = do { local $/; <$in> };
die "$path: not a 64-bit little-endian ELF file\n" unless $bytes =~ /^\x7fELF\x02\x01/;

# Elf64_Ehdr: e_shoff at 40, e_shentsize, e_shnum, e_shstrndx at 58.
my $table = unpack 'Q<', substr $bytes, 40, 8;
my ($entry_len, $nr, $names) = unpack 'S<3', substr $bytes, 58, 6;
my @sections = map {
	my %section;
	@section{qw(name type flags addr off len)} =
		unpack 'L<2 Q<4', substr $bytes, $table + $_ * $entry_len, 40;
	\%section;
} 0 .. $nr - 1;
for (@sections) {
	$_->{name} = unpack 'Z*', substr $bytes, $sections[$names]{off} + $_->{name};
}

sub content { return substr $bytes, $_[0]{off}, $_[0]{len} }

my %found;
for my $section (grep { $_->{name} eq '.ulp.entries' } @sections) {
	my $place = $section->{addr};
	for my $distance (unpack 'l<*', content($section)) {
		$found{$place + $distance} = 1;
		$place += 4;
	}
}
for my $section (grep { $_->{name} eq '__patchable_function_entries' } @sections) {
	# The addresses stand in the section itself where relocations are packed (DT_RELR), ...
	$found{$_ + AREA_BEFORE} = 1 for grep { $_ } unpack 'Q<*', content($section);
	# ... else they are addends.
	for my $relocations (grep { $_->{type} == SHT_RELA } @sections) {
		my @words = unpack '(Q< Q< q<)*', content($relocations);
		while (my ($place, $info, $addend) = splice @words, 0, 3) {
			next unless ($info & 0xffffffff) == R_X86_64_RELATIVE;
			next unless $place >= $section->{addr}
				&& $place < $section->{addr} + $section->{len};
			$found{$addend + AREA_BEFORE} = 1;
		}
	}
}
printf "%x\n", $_ for sort { $a <=> $b } keys %found;
