# SPDX-License-Identifier: GPL-3.0-or-later
# The rows that bench/live.sh measured, and what they say of the targets, for live.pl and plot.pl.
package live_rows;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
our @EXPORT = qw(rows_read cases quartiles values pair_ratios);

# rows_read FOLDER, PART: case -> what -> round -> [values]; and the cases in the order of the file.
sub rows_read {
	my ($folder, $part) = @_;
	my (%row, @cases);
	open my $in, '<', "$folder/$part.tsv" or die "$folder/$part.tsv: $!\n";
	while (my $line = <$in>) {
		chomp $line;
		my (undef, $case, $what, $round, @value) = split /\t/, $line;
		push @cases, $case if !$row{$case};
		$row{$case}{$what}{$round} = \@value;
	}
	die "$folder/$part.tsv: no rows\n" if !@cases;
	return (\%row, @cases);
}

# Lower quartile, median and upper quartile.
sub quartiles {
	my @sorted = sort { $a <=> $b } @_;
	die "nothing was measured\n" if !@sorted;
	return map { at($_ * $#sorted, \@sorted) } 0.25, 0.5, 0.75;
}

# The value at a place between two of them.
sub at {
	my ($place, $sorted) = @_;
	my $low = int $place;
	my $high = $low < $#$sorted ? $low + 1 : $low;
	return $sorted->[$low] + ($place - $low) * ($sorted->[$high] - $sorted->[$low]);
}

# values ROUNDS, COLUMN: what one thing was in each round.
sub values {
	my ($rounds, $column) = @_;
	return map { $rounds->{$_}[$column] } sort { $a <=> $b } grep { /^\d+$/ } keys %$rounds;
}

# pair_ratios ROUNDS, BASE, COLUMN: of each round that both have.
sub pair_ratios {
	my ($rounds, $base, $column) = @_;
	return map { $rounds->{$_}[$column] / $base->{$_}[$column] }
		grep { $base->{$_} && $base->{$_}[$column] > 0 } sort keys %$rounds;
}

1;
