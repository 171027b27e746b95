#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# Takes functions out of a fixed C file and puts them into a copy of the old one.  A later
# version's file as a whole will not do: it may be formatted anew from top to bottom and carry
# changes that have nothing to do with the fix.
use strict;
use warnings;

die "usage: openssl-graft.pl OLD.c FIXED.c OUT.c FUNCTION...\n" if @ARGV < 4;
my ($old_path, $fixed_path, $out_path, @names) = @ARGV;

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

# The offset and length of a function's definition: from its type at the start of a line to the
# brace at the start of a line that ends it.  Neither part reaches over a blank line, a comment
# or a preprocessor line before the name.
sub definition {
    my ($text, $name, $path) = @_;
    my @found;
    while ($text =~ /^(?:[A-Za-z_](?:[\w \t*]|\n(?!\n))*?[\s*])\Q$name\E\s*\([^;{}]*?\)\s*\{.*?^\}\n/gms) {
        push @found, [$-[0], $+[0] - $-[0]];
    }
    die "$path: $name is defined " . scalar(@found) . " times\n" if @found > 1;
    return $found[0];
}

my $text = slurp($old_path);
my $fixed = slurp($fixed_path);
my $new = '';    # functions that the old file does not have yet
for my $name (@names) {
    my $there = definition($fixed, $name, $fixed_path)
      or die "$fixed_path: no definition of $name\n";
    my $body = substr($fixed, $there->[0], $there->[1]);
    my $here = definition($text, $name, $old_path);
    if (!$here) {
        $new .= "$body\n";
        next;
    }
    die "$name is the same in $old_path and $fixed_path\n"
      if substr($text, $here->[0], $here->[1]) eq $body;
    substr($text, $here->[0], $here->[1]) = $new . $body;
    $new = '';
}
die "a new function has to stand before one that is replaced\n" if $new ne '';

open my $out, '>', $out_path or die "$out_path: $!\n";
print {$out} $text or die "$out_path: $!\n";
close $out or die "$out_path: $!\n";
