# SPDX-License-Identifier: MIT
# Interpreter threads: shared data, locks, conditions, a queue.
use strict;
use warnings;
use threads;
use threads::shared;
use Thread::Queue;

my $sum : shared = 0;
my @order : shared;
my %seen : shared;
my $turn : shared = 0;

my @adders = map {
	my $n = $_;
	threads->create(sub {
		for my $i (1 .. 300) { lock($sum); $sum += $n; }
		{ lock(%seen); $seen{$n} = threads->tid(); }
		return $n * $n;
	});
} 1 .. 4;
print join(',', map { $_->join } @adders), " $sum ", scalar(keys %seen), "\n";

my @takers = map {
	my $me = $_;
	threads->create(sub {
		lock($turn);
		cond_wait($turn) until $turn == $me;
		{ lock(@order); push @order, $me; }
		$turn++;
		cond_broadcast($turn);
	});
} 0 .. 3;
$_->join for @takers;
print "@order\n";

my ($in, $out) = (Thread::Queue->new, Thread::Queue->new);
my @workers = map { threads->create(sub { while (defined(my $x = $in->dequeue)) { $out->enqueue($x ** 2); } }) } 1 .. 3;
$in->enqueue(1 .. 60);
$in->end;
$_->join for @workers;
$out->end;
my $total = 0;
while (defined(my $x = $out->dequeue)) { $total += $x; }
print "$total\n";
my $dies = threads->create({ context => 'list' }, sub { die "in the thread\n" });
print 'joined ', scalar(my @r = $dies->join), ' ', $dies->error;
threads->create(sub { threads->exit(3) })->join;
print threads->list(threads::all) + 0, " left\n";
