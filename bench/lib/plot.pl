#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# plot.pl RESULTS FIGURE: draws one of the figures of docs/benchmarks.md as SVG.  A figure has some
# series; a series has a point at each of the same places: the median, with a bar from the lower to
# the upper quartile.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use live_rows;

my ($width, $height) = (640, 400);
my ($left, $right, $upper, $lower) = (80, 620, 50, 310);    # of the area with the points
my @colours = ('#4269a5', '#c2571a', '#3a7d44', '#6c757d');
my $folder;

# --- what is drawn ---------------------------------------------------------------------

sub series {
	my ($name, @points) = @_;
	return { name => $name, points => \@points };
}

sub malloc {
	my ($rows, @cases) = rows_read($folder, 'malloc');
	my @series = map {
		my ($what, $name) = @$_;
		series($name, map {
			[quartiles(pair_ratios($rows->{$_}{$what}, $rows->{$_}{without}, 1))]
		} @cases);
	} ['with', 'with the runtime / without'], ['again', 'without / without (the noise)'];
	return { title => 'malloc: throughput with and without the runtime', x => 'threads',
		y => 'ratio', places => \@cases, series => \@series, least => [0.9, 1.1] };
}

sub start {
	my ($rows) = rows_read($folder, 'start');
	my @series = map {
		my ($name, $column) = @$_;
		series($name, map {
			[quartiles(map { $_ / 1000 } live_rows::values($rows->{exec}{$_}, $column))]
		} qw(without with));
	} ['by the clock', 0], ['processor time', 1];
	return { title => 'Start and end of a program', x => '', y => 'µs',
		places => ['without the runtime', 'with the runtime'], series => \@series, least => [0, 100] };
}

sub pause_series {
	my ($rows, @cases) = @_;
	return map {
		my ($name, @what) = @$_;
		series($name, map {
			my $case = $_;
			[quartiles(map { $_ / 1000 } map { live_rows::values($rows->{$case}{$_}, 0) } @what)]
		} @cases);
	} ['bare stop', 'bare-1', 'bare-2'], ['apply', 'apply'], ['revert', 'revert'],
		['nothing done', 'none'];
}

# axis: 0 for the threads, 1 for the functions; of the other one the number that most cases have.
sub pauses {
	my ($axis, $title, $x) = @_;
	my ($rows, @cases) = rows_read($folder, 'pause');
	my %of_other;
	push @{ $of_other{ (split /x/)[1 - $axis] } }, $_ for @cases;
	my ($other) = sort { @{ $of_other{$b} } <=> @{ $of_other{$a} } || $a <=> $b } keys %of_other;
	my @shown = @{ $of_other{$other} };
	return { title => sprintf($title, $other, $other == 1 ? '' : 's'), x => $x, y => 'µs', log => 1,
		places => [map { (split /x/)[$axis] } @shown], series => [pause_series($rows, @shown)] };
}

sub pause_threads {
	return pauses(0, 'Longest pause of a busy thread, %d function%s replaced', 'sleeping threads');
}

sub pause_functions {
	return pauses(1, 'Longest pause of a busy thread, %d sleeping thread%s', 'functions replaced');
}

sub calls {
	my ($rows) = rows_read($folder, 'calls');
	my @points = map { [quartiles(map { $_ / 1000 } live_rows::values($rows->{call}{$_}, 0))] }
		qw(plain entry patched);
	return { title => 'A call of a function', x => '', y => 'ns',
		places => ['without an entry', 'with an entry', 'patched'],
		series => [series('a call', @points)], least => [0, 1] };
}

# --- how -------------------------------------------------------------------------------

sub escaped {
	my $text = shift;
	$text =~ s/&/&amp;/g;
	$text =~ s/</&lt;/g;
	return $text;
}

# text X, Y, TEXT, ANCHOR [, further attributes]
sub text {
	my ($x, $y, $text, $anchor, $more) = @_;
	return sprintf qq(<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>\n), $x, $y, $anchor,
		$more ? " $more" : '', escaped($text);
}

sub line {
	my ($x1, $y1, $x2, $y2, $colour, $more) = @_;
	return sprintf qq(<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"%s/>\n), $x1, $y1, $x2,
		$y2, $colour, $more ? " $more" : '';
}

# The least and greatest of all that is to be seen.
sub range {
	my $figure = shift;
	my @all = sort { $a <=> $b }
		map({ @$_ } map { @{ $_->{points} } } @{ $figure->{series} }), @{ $figure->{least} || [] };
	return ($all[0], $all[-1]);
}

sub log10 { return log($_[0]) / log(10) }

sub floor { my $n = int $_[0]; return $n > $_[0] ? $n - 1 : $n }

# 1, 2 or 5 times a power of ten, for five to ten steps.
sub step {
	my $span = shift;
	my $power = 10**floor(log10($span / 5));
	my ($step) = grep { $span / $_ <= 10 } map { $_ * $power } 1, 2, 5, 10;
	return $step;
}

# The marks of the upright axis, the first and last being its ends.
sub ticks {
	my $figure = shift;
	my ($low, $high) = range($figure);
	if ($figure->{log}) {
		my $first = floor(log10($low > 0 ? $low : 1));
		my $last = floor(log10($high)) + 1;
		return map { 10**$_ } $first .. $last;
	}
	my $step = step($high > $low ? $high - $low : 1);
	my ($first, $last) = (floor($low / $step), floor($high / $step));
	$last++ if $last * $step < $high;
	return map { $_ * $step } $first .. $last;
}

# Where a value is, from the top.
sub scale {
	my ($figure, @ticks) = @_;
	my $place = $figure->{log} ? sub { log10($_[0] > $ticks[0] ? $_[0] : $ticks[0]) } : sub { $_[0] };
	my ($low, $high) = ($place->($ticks[0]), $place->($ticks[-1]));
	return sub { $lower - ($lower - $upper) * ($place->($_[0]) - $low) / ($high - $low) };
}

sub axes {
	my ($figure, $y_of, @ticks) = @_;
	my $svg = '';
	for (@ticks) {
		my $y = $y_of->($_);
		$svg .= line($left, $y, $right, $y, '#dddddd') . text($left - 8, $y + 4, sprintf('%g', $_), 'end');
	}
	my @places = @{ $figure->{places} };
	for my $i (0 .. $#places) {
		$svg .= text(x_of($figure, $i), $lower + 20, $places[$i], 'middle');
	}
	my $middle = ($upper + $lower) / 2;
	return $svg . line($left, $upper, $left, $lower, '#333333')
		. line($left, $lower, $right, $lower, '#333333')
		. text(($left + $right) / 2, $lower + 42, $figure->{x}, 'middle')
		. text(24, $middle, $figure->{y}, 'middle', qq(transform="rotate(-90 24 $middle)"));
}

sub x_of {
	my ($figure, $i) = @_;
	return $left + ($right - $left) * ($i + 0.5) / @{ $figure->{places} };
}

# Those of different series stand side by side.
sub points {
	my ($figure, $y_of, $which) = @_;
	my $series = $figure->{series}[$which];
	my $colour = $colours[$which];
	my ($svg, @line) = ('');
	for my $i (0 .. $#{ $series->{points} }) {
		my ($low, $median, $high) = map { $y_of->($_) } @{ $series->{points}[$i] };
		my $x = x_of($figure, $i) + 7 * ($which - $#{ $figure->{series} } / 2);
		$svg .= line($x, $low, $x, $high, $colour, 'stroke-width="2"')
			. sprintf(qq(<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>\n), $x, $median, $colour);
		push @line, sprintf '%.1f,%.1f', $x, $median;
	}
	return qq(<polyline points="@line" fill="none" stroke="$colour" stroke-opacity="0.5"/>\n) . $svg;
}

sub legend {
	my $figure = shift;
	my $svg = '';
	my $x = $left;
	my $y = $height - 16;
	for my $i (0 .. $#{ $figure->{series} }) {
		my $name = $figure->{series}[$i]{name};
		$svg .= sprintf(qq(<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>\n), $x + 4, $y - 4,
			$colours[$i]) . text($x + 14, $y, $name, 'start');
		$x += 34 + 7 * length $name;
	}
	return $svg;
}

sub draw {
	my $figure = shift;
	my @ticks = ticks($figure);
	my $y_of = scale($figure, @ticks);
	return qq(<?xml version="1.0" encoding="UTF-8"?>\n<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n)
		. qq(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" )
		. qq(width="$width" height="$height" font-family="sans-serif" font-size="13" fill="#222222">\n)
		. qq(<rect width="$width" height="$height" fill="#ffffff"/>\n)
		. text($left, 24, $figure->{title}, 'start', 'font-size="15" font-weight="bold"')
		. text($right, 42, 'medians, bars from the lower to the upper quartile', 'end', 'font-size="11"')
		. axes($figure, $y_of, @ticks)
		. join('', map { points($figure, $y_of, $_) } 0 .. $#{ $figure->{series} })
		. legend($figure) . "</svg>\n";
}

my %figures = (
	malloc => \&malloc,
	start => \&start,
	'pause-threads' => \&pause_threads,
	'pause-functions' => \&pause_functions,
	calls => \&calls,
);

($folder, my $name) = @ARGV;
if (@ARGV != 2 || !$figures{$name}) {
	print STDERR 'usage: plot.pl RESULTS ', join('|', sort keys %figures), "\n";
	exit 2;
}
binmode STDOUT;
print draw($figures{$name}->());
