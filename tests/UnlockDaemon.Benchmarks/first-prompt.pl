# Starts the daemon as its unit does, but with a pseudo-terminal as its console, and prints the seconds from the exec to
# the prompt. The unit must be stopped; systemd and its bus must run, since the daemon asks them who has the console.
use strict;
use warnings;
use Fcntl;
use Time::HiRes 'time';

# ioctl_tty(2)
use constant { TIOCSPTLCK => 0x40045431, TIOCGPTN => 0x80045430 };

my ($configuration, $console, $number) = ('/etc/unlockd/unlockd.yaml', '/dev/hvc9', pack 'i', 0);
sysopen my $terminal, '/dev/ptmx', O_RDWR | O_NOCTTY or die "/dev/ptmx: $!";
ioctl $terminal, TIOCSPTLCK, $number or die "unlock the terminal: $!";
ioctl $terminal, TIOCGPTN, $number or die "the terminal's number: $!";
symlink 'pts/' . unpack('i', $number), $console or die "$console: $!";
system "set -e; cp -p $configuration /run/first-prompt.yaml; mkdir -p /run/unlockd
    sed -i 's/^consoles:.*/consoles: [hvc9]/' $configuration" and die;
my @environment = split ' ', `systemctl show --value -p Environment unlockd`;

my $start = time;
my $daemon = fork // die "fork: $!";
if (!$daemon) {
    open STDERR, '>', '/dev/null';
    exec '/usr/bin/env', @environment, '/usr/bin/unlockd';
}
my $screen = '';
while ($screen !~ /Passphrase: / && time < $start + 30) {
    # EIO: the daemon has closed the terminal after a look, and will open it again.
    sysread($terminal, $screen, 4096, length $screen) // select undef, undef, undef, 0.001;
}
printf "%.3f\n", time - $start;
kill TERM => $daemon;
waitpid $daemon, 0;
system "cp -p /run/first-prompt.yaml $configuration";
unlink $console;
