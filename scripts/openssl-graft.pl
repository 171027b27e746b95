#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# Takes what a fix changes out of a fixed C file or header and puts it into a copy of the old one.
# A later version's file as a whole will not do: it may be formatted anew from top to bottom and
# carry changes that have nothing to do with the fix.
#   openssl-graft.pl OLD FIXED OUT DESCRIPTION PATH [NAME]
# DESCRIPTION is the .fix file; of it the lines that stand below "file PATH" count
# (scripts/lib/fixes.sh describes them).
# With NAME, by which the library's build calls the old file, what stays as it is keeps its name and
# its line numbers: they are in the code, where it reports errors, and in the debug information.
use strict;
use warnings;

die "usage: openssl-graft.pl OLD FIXED OUT DESCRIPTION PATH [NAME]\n" if @ARGV < 5 || @ARGV > 6;
my ($old_path, $fixed_path, $out_path, $description, $source, $name_in_build) = @ARGV;

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

# [key, name, rest] of each line below "file $source".
sub items {
    my ($here, @items);
    for (split /\n/, slurp($description)) {
        next if /^\s*(?:#|$)/;
        my ($key, $name, $rest) = /^(\S+)\s+(\S+)(?:\s+(.*\S))?\s*$/
          or die "$description: not 'key value': $_\n";
        if ($key eq 'file' || $key eq 'unit') {
            $here = $key eq 'file' && $name eq $source;
        } elsif ($here) {
            push @items, [$key, $name, $rest];
        }
    }
    return @items;
}

my $old = slurp($old_path);
my $fixed = slurp($fixed_path);

# What may stand before a name that is defined or declared: its type, from the start of a line.
# Neither reaches over a blank line, a comment or a preprocessor line.
my $type = qr/^(?:[A-Za-z_](?:[\w \t*]|\n(?!\n))*?[\s*])/m;

# For each kind a pattern that finds the whole of it; an end is the brace or parenthesis at the
# start of a line, or the semicolon.
my %pattern = (
    function    => sub { qr/$type\Q$_[0]\E\s*\([^;{}]*?\)\s*\{.*?^\}\n/ms },
    declaration => sub { qr/$type\Q$_[0]\E\s*\([^;{}]*?\);\n/m },
    struct      => sub { qr/^(?:typedef\s+)?struct\s+\Q$_[0]\E\s*\{.*?^\}[^;]*;\n/ms },
    define      => sub { qr/^#[ \t]*define[ \t]+\Q$_[0]\E\b(?:[^\n\\]|\\.)*\n/ms },
);

# The offset and length of the one place where it stands; undef if there is none.
sub find {
    my ($text, $kind, $name, $path) = @_;
    my $pattern = $pattern{$kind}->($name);
    my @found;
    push @found, [$-[0], $+[0] - $-[0]] while $text =~ /$pattern/g;
    die "$path: $kind $name stands there " . scalar(@found) . " times\n" if @found > 1;
    return $found[0];
}

# A new #define goes behind the one that it follows in the fixed file.
sub add_define {
    my ($text, $fixed, $name, $line) = @_;
    my $before = substr($fixed, 0, find($fixed, 'define', $name, $fixed_path)->[0]);
    for my $previous (reverse $before =~ /^#[ \t]*define[ \t]+(\w+)/gm) {
        my $there = find($text, 'define', $previous, $old_path) or next;
        substr($text, $there->[0] + $there->[1], 0) = $line;
        return $text;
    }
    die "$old_path has no place for #define $name\n";
}

# OLD => NEW within one function, where the rest of the fixed one has other changes.  White space
# is not compared: the later version may break lines elsewhere.
sub edit {
    my ($text, $fixed, $name, $change) = @_;
    my ($from, $to) = ($change // '') =~ /^(.*\S)\s+=>\s+(\S.*)$/
      or die "$description: edit $name: not 'OLD => NEW'\n";
    my ($from_pattern, $to_pattern) =
      map { join '\s*', map { quotemeta } /(\w+|\S)/g } $from, $to;
    my $there = find($fixed, 'function', $name, $fixed_path)
      or die "$fixed_path: no definition of $name\n";
    substr($fixed, $there->[0], $there->[1]) =~ /$to_pattern/
      or die "$fixed_path: $name has no '$to'\n";
    my $here = find($text, 'function', $name, $old_path)
      or die "$old_path: no definition of $name\n";
    my $body = substr($text, $here->[0], $here->[1]);
    my $times = $body =~ s/$from_pattern/$to/g;
    die "$old_path: $name has '$from' " . ($times || 0) . " times\n" if $times != 1;
    substr($text, $here->[0], $here->[1]) = in_lines($name, $body);
    return $text;
}

# Stands where lines of the output itself begin; put_lines() puts the number there.
my $own_line = "\0own line\n";

# A changed function between #line directives: before it for its own lines, behind it for those of
# the old file that follow.
sub in_lines {
    my ($name, $body) = @_;
    return $body if !defined $name_in_build;
    my $there = find($old, 'function', $name, $old_path);
    my $line = 1 + (substr($old, 0, $there->[0] + $there->[1]) =~ tr/\n//);
    return "$own_line$body#line $line \"$name_in_build\"\n";
}

sub put_lines {
    my ($text) = @_;
    return $text if !defined $name_in_build;
    my $number = 1;
    my $out = "#line 1 \"$name_in_build\"\n";
    for my $line ($text =~ /([^\n]*\n)/g) {
        $number++;
        $out .= $line eq $own_line ? '#line ' . ($number + 1) . " \"$out_path\"\n" : $line;
    }
    return $out;
}

my $text = $old;
my $new = '';    # functions that the old file does not have yet
for (items()) {
    my ($kind, $name, $rest) = @$_;
    if ($kind eq 'edit') {
        $text = edit($text, $fixed, $name, $rest);
        next;
    }
    die "$description: unknown key $kind\n" if !$pattern{$kind};
    my $there = find($fixed, $kind, $name, $fixed_path)
      or die "$fixed_path: there is no $kind $name\n";
    my $body = substr($fixed, $there->[0], $there->[1]);
    my $here = find($text, $kind, $name, $old_path);
    if (!$here && $kind eq 'define') {
        $text = add_define($text, $fixed, $name, $body);
        next;
    }
    if (!$here) {
        $new .= "$body\n";
        next;
    }
    die "$kind $name is the same in $old_path and $fixed_path\n"
      if substr($text, $here->[0], $here->[1]) eq $body;
    $body = in_lines($name, $new . $body) if $kind eq 'function';
    substr($text, $here->[0], $here->[1]) = $body;
    $new = '';
}
die "something new has to stand before something that is replaced\n" if $new ne '';

# The place may hold a link to the old file, which must not be written through.
unlink $out_path;
open my $out, '>', $out_path or die "$out_path: $!\n";
print {$out} put_lines($text) or die "$out_path: $!\n";
close $out or die "$out_path: $!\n";
