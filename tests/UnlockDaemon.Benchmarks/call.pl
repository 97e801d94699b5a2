# call.pl METHOD WORD [SIZE]  - calls the daemon as unlockctl does, without the start of a program; prints the seconds
# until a reply has the word.
use strict;
use warnings;
use IO::Socket::UNIX;
use MIME::Base64;
use Time::HiRes 'time';

my ($method, $word, $size) = @ARGV;
open my $file, '<', '/root/passphrase' or die "/root/passphrase: $!";
my $passphrase = <$file>;
my $socket = IO::Socket::UNIX->new(Peer => '/run/unlockd/org.unlockd') or die "the daemon does not answer: $!";
my $secret = $method =~ /Unlock|Grow/ ? '"passphrase":"' . encode_base64($passphrase, '') . '"' : '';
$secret .= ",\"size\":$size" if $size;
my ($start, $at) = time;
print $socket "{\"method\":\"org.unlockd.$method\",\"more\":true,\"parameters\":{$secret}}\0";
$socket->flush;
$/ = "\0";
while (<$socket>) {
    $at //= time - $start if /$word/;
    last unless /"continues"/;
}
printf "%.3f\n", $at;
