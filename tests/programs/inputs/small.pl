# SPDX-License-Identifier: MIT
use strict;
use warnings;
my %count;
open(my $in, '<', $0) or die "$0: $!";
while (<$in>) { $count{$1}++ while /([a-z]+)/g; }
close $in;
printf "%d words, %s most\n", scalar(keys %count), (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0];
open(my $out, '>', 'perl.txt') or die $!;
print $out "$_ $count{$_}\n" for sort keys %count;
close $out;
my @st = stat 'perl.txt';
printf "mode %o, links %d\n", $st[2], $st[3];
mkdir 'd' or die;
opendir(my $d, '.') or die;
print join(' ', sort grep { !/^\./ } readdir $d), "\n";
$SIG{ALRM} = sub { die "alarm\n" };
eval { alarm 1; select undef, undef, undef, 10; };
print "ended by $@";
print sprintf('%.15g', exp 1), ' ', join(',', map { sprintf '%03b', $_ } 1 .. 5), ' ', (-e '/etc/passwd' ? 'there' : 'not'), "\n";
print STDERR "to stderr: ", ($! = 2), "\n";
exec '/bin/busybox', 'echo', 'replaced' or die "exec: $!";
