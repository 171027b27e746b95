#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# tables.pl RESULTS TABLE: prints a table in Markdown from the rows that were measured.
# RESULTS is a folder with sizes.tsv, functions.tsv and instructions.tsv.
use strict;
use warnings FATAL => 'all';

my %title = (plain => 'plain', stock => '`-fpatchable-function-entry=16,14`', plugin => 'plugin');
my @variants = qw(plain stock plugin);
my @libraries = qw(libcrypto.so.3 libssl.so.3 libc.so.6);
my %program_of = ('libcrypto.so.3' => 'openssl', 'libssl.so.3' => 'openssl',
	'libc.so.6' => 'glibc');
my $folder;

# rows NAME: the rows of a results file as arrays.
sub rows {
	open my $in, '<', "$folder/$_[0].tsv" or die "$folder/$_[0].tsv: $!\n";
	return map { chomp; [split /\t/] } <$in>;
}

sub commas {
	my $text = sprintf '%.0f', shift;
	1 while $text =~ s/^(-?\d+)(\d{3})/$1,$2/;
	return $text;
}

sub percent { return sprintf '%+.1f %%', 100 * ($_[0] / $_[1] - 1) }

sub row { return '| ' . join(' | ', @_) . " |\n" }

sub head { return row(@_), row('---', ('--:') x $#_) }

# --- sizes -----------------------------------------------------------------------------

# [key, text, whether the growth is shown]
my @size_rows = (
	['size-text', 'text by size(1), bytes', 1],
	['text', 'of it the section .text', 1],
	['list', 'list of the entries', 0],
	['size-data', 'data by size(1)', 1],
	['stripped', 'stripped file', 1],
	['relocations', 'dynamic relocations', 0],
	['list-relocations', 'of them in the list of entries', 0],
	['dwarf', 'DWARF', 0],
	['dwarf-compressed', 'DWARF, compressed', 0],
	['facts', 'facts', 0],
	['facts-compressed', 'facts, compressed', 0],
);

sub sizes {
	my %size;    # library -> variant -> key -> number
	$size{$_->[0]}{$_->[1]}{$_->[2]} = $_->[3] for rows('sizes');
	return \%size;
}

sub cell {
	my ($sizes, $plain, $variant, $key, $growth) = @_;
	my $value = $sizes->{$variant}{$key} // return '';
	my $text = commas($value);
	return $text if !$growth || $variant eq $plain;
	return "$text (" . percent($value, $sizes->{$plain}{$key}) . ')';
}

sub table_sizes {
	my $size = sizes();
	my @out;
	for my $library (@libraries) {
		push @out, head("**$library**", map { $title{$_} } @variants);
		for (@size_rows) {
			my ($key, $text, $growth) = @$_;
			push @out, row($text,
				map { cell($size->{$library}, 'plain', $_, $key, $growth) } @variants);
		}
		push @out, "\n";
	}
	pop @out;
	return @out;
}

sub table_cet {
	my $size = sizes();
	my @out = head('', 'plain', 'plugin');
	for my $library ('libcrypto.so.3', 'libssl.so.3') {
		for (grep { $_->[0] =~ /^(size-text|text|stripped)$/ } @size_rows) {
			my ($key, $text) = @$_;
			push @out, row("$library: $text",
				map { cell($size->{$library}, 'plain-cet', $_, $key, 1) } 'plain-cet',
				'plugin-cet');
		}
	}
	return @out;
}

# What the entries cost alone, and with the optimisations off that the plugin switches off.
sub table_keep {
	my $size = sizes();
	my ($count, $order) = instructions();
	my $of = $count->{openssl};
	my @out = head('', 'plain', 'entries alone', 'plugin');
	for my $library ('libcrypto.so.3', 'libssl.so.3') {
		for (grep { $_->[0] =~ /^(size-text|relocations)$/ } @size_rows) {
			my ($key, $text, $growth) = @$_;
			push @out, row("$library: $text",
				map { cell($size->{$library}, 'plain', $_, $key, $growth) } 'plain',
				'plugin-keep', 'plugin');
		}
	}
	for my $workload (@{ $order->{openssl} }) {
		push @out, row("$workload, more a call", '',
			map { sprintf '%.2f', more_a_call($of, $_, $workload) } 'plugin-keep',
			'plugin');
	}
	return @out;
}

sub table_facts {
	my $size = sizes();
	my @out = head('', 'facts', 'compressed', 'of the stripped file', 'of the DWARF, both raw',
		'of the DWARF, both compressed');
	for my $library (@libraries) {
		my $of = $size->{$library}{plugin};
		next unless $of->{facts};
		my $share = sub { sprintf '%.1f %%', 100 * $of->{$_[0]} / $of->{$_[1]} };
		push @out, row($library, commas($of->{facts}), commas($of->{'facts-compressed'}),
			$share->('facts-compressed', 'stripped'), $share->('facts', 'dwarf'),
			$share->('facts-compressed', 'dwarf-compressed'));
	}
	return @out;
}

# --- functions ---------------------------------------------------------------------------

# Returns number{library}{variant}{what} and the order of what.
sub functions {
	my (%number, @order, %seen);
	for (rows('functions')) {
		my ($library, $variant, $what, $number) = @$_;
		$number{$library}{$variant}{$what} = $number;
		push @order, $what unless $seen{$what}++;
	}
	return \%number, \@order;
}

sub table_functions {
	my ($number, $order) = functions();
	my @out;
	for my $library (@libraries) {
		my $of = $number->{$library};
		push @out, head("**$library**", map { $title{$_} } @variants);
		for my $what (grep { !/^ulp: / } @$order) {
			next unless grep { $of->{$_}{$what} } @variants;
			push @out, row($what, map { commas($of->{$_}{$what} // 0) } @variants);
		}
		push @out, "\n";
	}
	pop @out;
	return @out;
}

# What the tool says of the build with the plugin.
sub table_reasons {
	my ($number, $order) = functions();
	my @out = head('', @libraries);
	for my $what (grep { /^ulp: / } @$order) {
		my @cells = map { $number->{$_}{plugin}{$what} // 0 } @libraries;
		push @out, row($what =~ s/^ulp: //r, map { commas($_) } @cells) if grep { $_ } @cells;
	}
	return @out;
}

# --- instructions ---------------------------------------------------------------------------

# program -> variant -> workload -> [instructions, calls], and the workloads' order.
sub instructions {
	my (%count, %order);
	for (rows('instructions')) {
		my ($program, $variant, $workload, @numbers) = @$_;
		push @{ $order{$program} }, $workload if $variant eq 'plain';
		$count{$program}{$variant}{$workload} = \@numbers;
	}
	return \%count, \%order;
}

# Instructions that a variant adds for each call of a function with an entry; 0 without calls.
sub more_a_call {
	my ($of, $variant, $workload) = @_;
	my ($instructions, $calls) = @{ $of->{$variant}{$workload} };
	my $more = $instructions - $of->{plain}{$workload}[0];
	return $calls > 0 ? $more / $calls : $more;
}

# Geometric mean over the workloads of the ratios to the plain build.
sub mean_ratio {
	my ($of, $variant) = @_;
	my $sum = 0;
	$sum += log($of->{$variant}{$_}[0] / $of->{plain}{$_}[0]) for keys %{ $of->{plain} };
	return exp($sum / keys %{ $of->{plain} });
}

sub table_instructions {
	my ($count, $order) = instructions();
	my @out;
	for my $program ('openssl', 'glibc') {
		my $of = $count->{$program};
		push @out, head("**$program**", 'plain, instructions', 'stock, ratio', 'plugin, ratio',
			'calls', 'stock, more a call', 'plugin, more a call');
		for my $workload (@{ $order->{$program} }) {
			my $plain = $of->{plain}{$workload}[0];
			my @ratios = map { sprintf '%.3f', $of->{$_}{$workload}[0] / $plain }
				'stock', 'plugin';
			my @more = map { sprintf '%.2f', more_a_call($of, $_, $workload) } 'stock',
				'plugin';
			push @out, row($workload, commas($plain), @ratios,
				commas($of->{plugin}{$workload}[1]), @more);
		}
		push @out, row('geometric mean', '', (map { sprintf '%.3f', mean_ratio($of, $_) } 'stock',
			'plugin'), '', '', '');
		push @out, "\n";
	}
	pop @out;
	return @out;
}

# --- targets ----------------------------------------------------------------------------

sub holds { return $_[0] ? 'holds' : '**does not hold**' }

# Row for a limit that the value of every workload should keep.
sub limit_row {
	my ($text, $program, $limit, $mean, %value) = @_;
	my ($most) = sort { $b <=> $a } values %value;
	my $above = grep { $_ > $limit } values %value;
	return row($text, "$program, " . keys(%value) . ' workloads', "$most at most, $mean",
		$above ? "not in $above, by " . sprintf('%.2f', $most - $limit) . ' at most'
			: 'holds');
}

sub limit_rows {
	my ($program, $of) = @_;
	my (%more, %share);
	for (keys %{ $of->{plain} }) {
		my $stock = more_a_call($of, 'stock', $_);
		$more{$_} = sprintf '%.2f', more_a_call($of, 'plugin', $_);
		$share{$_} = sprintf '%.2f', $stock ? more_a_call($of, 'plugin', $_) / $stock : 0;
	}
	my ($more, $calls) = (0, 0);
	for (keys %more) {
		$more += $more{$_};
		$calls++ if $of->{plugin}{$_}[1] > 0;
	}
	my $mean = sprintf '%.2f in the mean', $more / $calls;
	my $means = sprintf '%.2f by the geometric means',
		(mean_ratio($of, 'plugin') - 1) / (mean_ratio($of, 'stock') - 1);
	return (limit_row('one instruction more a call at most', $program, 1, $mean, %more),
		limit_row('half of what stock adds at most', $program, 0.5, $means, %share));
}

sub table_targets {
	my $size = sizes();
	my ($count) = instructions();
	my @out = (row('target', 'where', 'measured', ''), row(('---') x 4));
	for my $library (@libraries) {
		my ($plain, $plugin) = @{ $size->{$library} }{qw(plain plugin)};
		push @out, row('text grows by 3 % at most', $library,
			percent($plugin->{'size-text'}, $plain->{'size-text'}),
			holds($plugin->{'size-text'} <= 1.03 * $plain->{'size-text'}));
	}
	for my $library (@libraries) {
		my $relocations = $size->{$library}{plugin}{'list-relocations'};
		push @out, row('no dynamic relocation for entries', $library, $relocations,
			holds($relocations == 0));
	}
	for my $library (@libraries) {
		my ($plain, $plugin) = @{ $size->{$library} }{qw(plain plugin)};
		my $more = $plugin->{relocations} - $plain->{relocations};
		push @out, row('no dynamic relocation more in all', $library, $more, holds($more <= 0));
	}
	push @out, limit_rows($_, $count->{$_}) for 'openssl', 'glibc';
	my ($functions) = functions();
	for my $library (@libraries) {
		my $of = $functions->{$library}{plugin};
		my $told = 0;
		$told += $of->{$_} for grep { /^ulp: / } keys %$of;
		push @out, row('`ulp livepatchable` counts the same', $library,
			commas($of->{'ulp: has an entry'}) . ' of ' . commas($told),
			holds($of->{'ulp: has an entry'} == $of->{'with an entry'}
				&& $told == $of->{functions}));
	}
	my @differ = map {
		my $of = $count->{$_};
		grep { $of->{plain}{$_}[0] != $of->{'plain-again'}{$_}[0] } sort keys %{ $of->{plain} };
	} keys %$count;
	push @out, row('a second run of the plain build counts the same', 'all workloads',
		@differ ? "not: @differ" : 'ratio 1.000', holds(!@differ));
	return @out;
}

# ---------------------------------------------------------------------------------------

my %tables = (
	functions => \&table_functions,
	reasons => \&table_reasons,
	sizes => \&table_sizes,
	cet => \&table_cet,
	keep => \&table_keep,
	facts => \&table_facts,
	instructions => \&table_instructions,
	targets => \&table_targets,
);
($folder, my $name) = @ARGV;
die "Usage: tables.pl RESULTS TABLE\n" unless @ARGV == 2 && $tables{$name};
print $tables{$name}->();
