# SPDX-License-Identifier: MIT
# What perl asks of the system, its modules in between.
use strict;
use warnings;
use Cwd qw(getcwd abs_path);
use Data::Dumper;
use Digest::SHA qw(sha256_hex sha512_base64);
use Digest::MD5 qw(md5_hex);
use Encode qw(encode decode);
use Errno qw(ENOENT EEXIST);
use Fcntl qw(:DEFAULT :flock :seek :mode);
use File::Basename;
use File::Copy;
use File::Find;
use File::Path qw(make_path remove_tree);
use File::Spec;
use File::Temp qw(tempfile tempdir);
use IO::File;
use IO::Handle;
use IO::Select;
use IO::Socket::UNIX;
use IO::Uncompress::Gunzip qw(gunzip);
use IO::Compress::Gzip qw(gzip);
use List::Util qw(sum shuffle reduce first max);
use MIME::Base64;
use Math::BigInt;
use POSIX qw(:signal_h :errno_h :sys_wait_h floor strftime setlocale LC_ALL);
use Socket;
use Storable qw(freeze thaw dclone);
use Time::HiRes qw(usleep time clock_gettime CLOCK_MONOTONIC setitimer ITIMER_REAL);
use Time::Local qw(timegm);
use Unicode::Normalize;

$| = 1;
$Data::Dumper::Sortkeys = $Data::Dumper::Indent = 1;
print sha256_hex('perl'), ' ', md5_hex('perl'), ' ', encode_base64(pack('NnC*', 1, 2, 3 .. 9));
print Math::BigInt->new(2)->bpow(200), ' ', Math::BigInt->new('123456789' x 5)->bmod(97), "\n";
print Dumper(thaw(freeze({ a => [1, 2, { b => undef }], c => \'x' })));
print length(encode('UTF-8', NFD("\x{e4}\x{1e9b}"))), ' ', decode('UTF-16LE', "a\0b\0"), "\n";
print strftime('%Y-%m-%d %H:%M:%S %j', gmtime 1e9), ' ', timegm(gmtime 123456789), ' ', floor(-1.5), "\n";

# Files: modes, locks, seeks, directories, copies, times.
make_path('t/a/b', { mode => 0750 });
sysopen(my $f, 't/file', O_RDWR | O_CREAT | O_EXCL, 0640) or die $!;
print 'again: ', (sysopen(my $g, 't/file', O_RDWR | O_CREAT | O_EXCL) ? 'opened' : $! == EEXIST ? 'EEXIST' : $!), "\n";
syswrite $f, "0123456789" x 10;
sysseek $f, 42, SEEK_SET;
sysread $f, my $got, 5;
print "$got ", -s $f, ' ', sprintf('%o', S_IMODE((stat $f)[2])), ' ', flock($f, LOCK_EX | LOCK_NB) ? 'locked' : $!, "\n";
truncate $f, 33 or die $!;
print -s 't/file', ' ', (-r $f && -w $f && !-x $f ? 'rw' : '?'), "\n";
utime 1e9, 1e9 + 1, 't/file';
print join(' ', (stat 't/file')[8, 9, 3, 4]), "\n";
copy('t/file', 't/a/copy') or die;
move('t/a/copy', 't/a/b/moved') or die;
symlink 'a/b/moved', 't/link' or die;
link 't/file', 't/hard' or die;
print readlink('t/link'), ' ', (lstat 't/link')[7], ' ', (stat 't/hard')[3], "\n";
my @found;
find({ wanted => sub { push @found, $File::Find::name }, no_chdir => 1 }, 't');
print join(' ', sort @found), "\n";
chmod 0400, 't/file';
printf "%o\n", (stat 't/file')[2] & 07777;
print rename('t/hard', 't/renamed') + 0, ' ', unlink('t/renamed', 't/nothing'), "\n";
open(my $in, '<', 'nowhere') and die;
print "$!", ' ', $!{ENOENT} ? 'ENOENT' : 'other', "\n";
{
	my ($fh, $name) = tempfile('xXXXXX', DIR => '.', UNLINK => 1);
	print $fh "temporary\n";
	close $fh;
	print -s $name, "\n";
	my $dir = tempdir(CLEANUP => 1);
	print -d $dir ? 'a directory' : 'none', "\n";
}
open(my $mem, '+<', \(my $buffer = "in memory\nsecond\n")) or die;
my @lines = <$mem>;
print scalar(@lines), " $lines[1]";
open(my $utf, '>:encoding(UTF-8)', 't/utf') or die;
print $utf "\x{20ac}\n";
close $utf;
print -s 't/utf', "\n";
open(my $mapped, '<:mmap', 'long') or die;
my $count = 0;
$count += length while <$mapped>;
print "$count\n";
my $z;
gzip(\('squeeze me ' x 500) => \$z);
gunzip(\$z => \my $plain);
print length($plain), ' ', length($z) < 200 ? 'smaller' : 'not', "\n";
remove_tree('t');
print -e 't' ? 'there' : 'gone', "\n";

# Signals, timers, waiting.
my @signals;
$SIG{$_} = do { my $s = $_; sub { push @signals, $s } } for qw(USR1 USR2 HUP);
kill $_, $$ for qw(USR1 HUP USR1 USR2);
print "@signals\n";
my $set = POSIX::SigSet->new(SIGUSR1);
sigprocmask(SIG_BLOCK, $set, my $old = POSIX::SigSet->new) or die;
kill 'USR1', $$;
my $pending = POSIX::SigSet->new;
sigpending($pending);
print 'pending ', $pending->ismember(SIGUSR1), ' ', scalar(@signals), "\n";
sigprocmask(SIG_SETMASK, $old);
print scalar(@signals), "\n";
eval {
	local $SIG{ALRM} = sub { die "too slow\n" };
	setitimer(ITIMER_REAL, 0.05);
	sleep 10;
};
print $@;
my $began = clock_gettime(CLOCK_MONOTONIC);
usleep 20000;
print clock_gettime(CLOCK_MONOTONIC) - $began >= 0.02 ? "slept\n" : "too short\n";

# Sockets and pipes within the program.
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die $!;
$a->autoflush(1);
print $a "over the socket\n";
print 'ready ', join(',', map { $_ == $b ? 'b' : '?' } IO::Select->new($a, $b)->can_read(1)), ' ', scalar <$b>;
shutdown $a, 1;
print defined(scalar <$b>) ? 'more' : 'end', "\n";
pipe(my $r, my $w) or die;
syswrite $w, 'x' x 1000;
close $w;
print length(do { local $/; <$r> }), "\n";
{
	local $SIG{PIPE} = sub { print "SIGPIPE\n" };
	pipe(my $r2, my $w2);
	close $r2;
	print defined(syswrite $w2, 'x') ? 'written' : "$!", "\n";
}
my $tmp = tempdir(CLEANUP => 1, TMPDIR => 1); # not in a shared directory, where there are no socket names
my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => "$tmp/sock", Listen => 2) or die "listen: $!";
my $client = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => "$tmp/sock") or die "connect: $!";
my $accepted = $server->accept;
print $client "hello\n";
$client->flush;
print 'server reads ', scalar <$accepted>;
close $_ for $server, $client, $accepted;
print "$0 @ARGV ", basename(getcwd()), ' ', File::Spec->canonpath('/a//b/./c'), ' ', $^V ge v5.30 ? 'new' : 'old', "\n";
print join(' ', (getpwuid 0)[0, 2, 3]), ' ', scalar(getgrgid 0), ' ', (umask 027), "\n";
warn "a warning\n";
END { print "at the end $?\n"; $? = 9 }
die "dies here\n";
