#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# live.pl RESULTS TABLE: prints a table in Markdown from the rows that bench/live.sh measured.
# RESULTS is the folder with malloc.tsv, start.tsv, memory.tsv, pause.tsv, processes.tsv, calls.tsv.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use live_rows;

my $folder;

sub row { return '| ' . join(' | ', @_) . " |\n" }

sub head { return row(@_), row('---', ('--:') x $#_) }

sub spread { my ($low, $middle, $high) = @_; return "$middle ($low to $high)" }

sub formatted { my ($format, @numbers) = @_; return spread(map { sprintf $format, $_ } @numbers) }

# Three significant digits.
sub short {
	my $number = shift;
	my $digits = $number >= 100 ? 0 : $number >= 10 ? 1 : 2;
	return sprintf "%.${digits}f", $number;
}

sub verdict { return $_[0] ? 'holds' : '**does not hold**' }

sub microseconds { return map { $_ / 1000 } @_ }

# --- malloc ----------------------------------------------------------------------------

# Values are pairs of malloc and free a second: by the clock, by processor time.
my ($wall, $cpu) = (0, 1);

sub malloc_ratios {
	my ($rows, $case, $what, $column) = @_;
	return pair_ratios($rows->{$case}{$what}, $rows->{$case}{without}, $column);
}

# The noise is how far two runs of the same differ.
sub malloc_targets {
	my ($rows, @cases) = rows_read($folder, 'malloc');
	my @lines;
	for my $case (@cases) {
		my @with = quartiles(malloc_ratios($rows, $case, 'with', $cpu));
		my @again = quartiles(malloc_ratios($rows, $case, 'again', $cpu));
		my $noise = ($again[2] - $again[0]) / 2;
		$noise = 0.005 if $noise < 0.005;
		push @lines, row("malloc's throughput with the runtime, by that without, threads: $case",
			'1.00 within noise', formatted('%.3f', @with) . sprintf('; noise %.3f', $noise),
			verdict(abs($with[1] - 1) <= $noise));
	}
	return @lines;
}

sub malloc {
	my ($rows, @cases) = rows_read($folder, 'malloc');
	my @lines = head('threads', 'without, million pairs a second', 'with', 'with / without',
		'without / without', 'with / without, by the clock');
	for my $case (@cases) {
		my @million = map { (quartiles(live_rows::values($rows->{$case}{$_}, $cpu)))[1] / 1e6 }
			qw(without with);
		push @lines, row($case, map({ sprintf '%.1f', $_ } @million),
			map({ formatted('%.3f', quartiles(malloc_ratios($rows, $case, @$_))) }
				['with', $cpu], ['again', $cpu], ['with', $wall]));
	}
	return @lines;
}

# --- start-up --------------------------------------------------------------------------

sub start_differences {
	my ($rows, $column) = @_;
	my ($with, $without) = @{ $rows->{exec} }{qw(with without)};
	return microseconds(map { $with->{$_}[$column] - $without->{$_}[$column] } sort keys %$with);
}

sub start_targets {
	my ($rows) = rows_read($folder, 'start');
	my @us = quartiles(start_differences($rows, 0));
	return row('start of a program: longer with the runtime by', 'under 100 µs',
		formatted('%.0f µs', @us), verdict($us[1] < 100));
}

sub start {
	my ($rows) = rows_read($folder, 'start');
	my @lines = head('a start and end, µs', 'without', 'with', 'difference', 'with / without');
	for (['by the clock', 0], ['processor time', 1]) {
		my ($name, $column) = @$_;
		my %rounds = %{ $rows->{exec} };
		push @lines, row($name,
			map({ formatted('%.0f', quartiles(microseconds(live_rows::values($rounds{$_}, $column)))) }
				qw(without with)),
			formatted('%.0f', quartiles(start_differences($rows, $column))),
			formatted('%.3f', quartiles(pair_ratios($rounds{with}, $rounds{without}, $column))));
	}
	return @lines;
}

# --- memory ----------------------------------------------------------------------------

# case, what -> KiB
sub memory_kib {
	my ($rows) = rows_read($folder, 'memory');
	return sub {
		my ($case, $what) = @_;
		return (quartiles(live_rows::values($rows->{$case}{$what}, 0)))[1] / 1024;
	};
}

sub memory_targets {
	my $kib = memory_kib();
	my $sum = $kib->('with', 'runtime') + $kib->('with', 'heap') - $kib->('without', 'heap');
	return row('private memory of the runtime in a process', 'under 64 KiB',
		sprintf('%.0f KiB', $sum), verdict($sum < 64));
}

sub memory {
	my $kib = memory_kib();
	my @lines = head('private memory, KiB', 'without the runtime', 'with', 'with, one patch applied');
	my %name = (runtime => 'mappings of libpulp.so.0', heap => 'heap', all => 'the whole process');
	for my $what (qw(runtime heap all)) {
		push @lines, row($name{$what}, map { sprintf '%.0f', $kib->($_, $what) }
				qw(without with patched));
	}
	return @lines;
}

# --- pause -----------------------------------------------------------------------------

# Which bare stop came just before or after which change.
my %bare_of = (apply => 'bare-1', revert => 'bare-2');

sub pause_name {
	my ($threads, $functions) = split /x/, $_[0];
	return "$threads sleeping thread" . ($threads == 1 ? '' : 's') . ", $functions function"
		. ($functions == 1 ? '' : 's');
}

sub pause_ratios {
	my ($rows, $case, $what) = @_;
	return pair_ratios($rows->{$case}{$what}, $rows->{$case}{ $bare_of{$what} }, 0);
}

sub pause_targets {
	my ($rows, @cases) = rows_read($folder, 'pause');
	my @lines;
	for my $case (@cases) {
		for my $what (qw(apply revert)) {
			my @ratio = quartiles(pause_ratios($rows, $case, $what));
			push @lines, row("longest pause, by that of a bare stop: $what, " . pause_name($case),
				'at most 1.5', formatted('%.2f', @ratio), verdict($ratio[1] <= 1.5));
		}
	}
	return @lines;
}

sub pause {
	my ($rows, @cases) = rows_read($folder, 'pause');
	my @lines = head('longest pause, µs', 'nothing done', 'bare stop', 'apply', 'revert',
		'apply / bare', 'revert / bare');
	for my $case (@cases) {
		my @bare = map { live_rows::values($rows->{$case}{$_}, 0) } 'bare-1', 'bare-2';
		my @us = map { [microseconds(@$_)] } [live_rows::values($rows->{$case}{none}, 0)], \@bare,
			map { [live_rows::values($rows->{$case}{$_}, 0)] } qw(apply revert);
		push @lines, row(pause_name($case),
			map({ spread(map { short($_) } quartiles(@$_)) } @us),
			map({ formatted('%.2f', quartiles(pause_ratios($rows, $case, $_))) } qw(apply revert)));
	}
	return @lines;
}

# --- processes -------------------------------------------------------------------------

sub processes {
	my ($rows, @cases) = rows_read($folder, 'processes');
	my @lines = head('processes', 'apply, ms', 'revert, ms', 'apply, ms a process',
		'revert, ms a process');
	for my $nr (@cases) {
		my @ms = map { [map { $_ / 1e6 } quartiles(live_rows::values($rows->{$nr}{$_}, 0))] }
			qw(apply revert);
		push @lines, row($nr, map({ spread(map { short($_) } @$_) } @ms),
			map({ short($_->[1] / $nr) } @ms));
	}
	return @lines;
}

# --- calls -----------------------------------------------------------------------------

my %call_name = (
	plain => 'without an entry',
	entry => 'with an entry, not patched',
	patched => 'patched',
);

sub calls_instructions {
	my ($rows) = rows_read($folder, 'calls');
	return map { $rows->{call}{$_}{instructions}[0] } qw(plain entry patched);
}

sub calls_targets {
	my (undef, $entry, $patched) = calls_instructions();
	my $more = $patched - $entry;
	return row('instructions that a patched call executes more than one not patched',
		'one jump', $more, verdict($more <= 1));
}

sub calls {
	my ($rows) = rows_read($folder, 'calls');
	my @instructions = calls_instructions();
	my @lines = head('a call of a function', 'ns', 'by that without an entry', 'by that with an entry',
		'instructions more than without an entry');
	for my $what (qw(plain entry patched)) {
		my $rounds = $rows->{call};
		push @lines, row($call_name{$what},
			formatted('%.2f', quartiles(microseconds(live_rows::values($rounds->{$what}, 0)))),
			map({ sprintf '%.3f', (quartiles(rounds_ratios($rounds, $what, $_)))[1] } qw(plain entry)),
			sprintf('%d', shift(@instructions) - $rounds->{plain}{instructions}[0]));
	}
	return @lines;
}

# Only the rounds: the counted instructions stand among them.
sub rounds_ratios {
	my ($rounds, $what, $base) = @_;
	my %timed = %{ $rounds->{$what} };
	delete $timed{instructions};
	return pair_ratios(\%timed, $rounds->{$base}, 0);
}

# --- all of it -------------------------------------------------------------------------

sub targets {
	return head('what', 'target', 'measured', ''), malloc_targets(), start_targets(),
		memory_targets(), pause_targets(), calls_targets();
}

my %tables = (
	targets => \&targets,
	malloc => \&malloc,
	start => \&start,
	memory => \&memory,
	pause => \&pause,
	processes => \&processes,
	calls => \&calls,
);

($folder, my $table) = @ARGV;
if (@ARGV != 2 || !$tables{$table}) {
	print STDERR 'usage: live.pl RESULTS ', join('|', sort keys %tables), "\n";
	exit 2;
}
binmode STDOUT;
print $tables{$table}->();
