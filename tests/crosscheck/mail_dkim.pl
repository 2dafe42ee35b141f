#!/usr/bin/perl
# Mail::DKIM (Debian: libmail-dkim-perl) as a peer: JSON lines in, JSON lines out, one answer for each line. Its version in
# Debian 12 knows RSA only.
#
#   {"do": "verify", "message": BASE64, "records": {OWNER: TEXT}}                        -> {"verdicts": ["pass", ...]}
#   {"do": "sign", "message": BASE64, "key": FILE, "domain": ..., "selector": ..., "method": "relaxed/simple"} -> {"message": BASE64}
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use Net::DNS::RR;

my %records;
{
  no warnings 'redefine';
  *Mail::DKIM::DNS::query = sub {
    my ($name, $type) = @_;
    my $text = $records{$name};
    return unless defined $text;
    my $record = Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => [$text =~ /(.{1,255})/gs]);
    return ($record);
  };
}

sub verify {
  my ($order) = @_;
  %records = %{$order->{records}};
  my $verifier = Mail::DKIM::Verifier->new();
  $verifier->PRINT(decode_base64($order->{message}));
  $verifier->CLOSE;
  return {verdicts => [map { $_->result eq 'pass' ? 'pass' : $_->result_detail } $verifier->signatures]};
}

sub sign {
  my ($order) = @_;
  my $signer = Mail::DKIM::Signer->new(
    Algorithm => 'rsa-sha256', Method => $order->{method}, Domain => $order->{domain}, Selector => $order->{selector},
    Key => Mail::DKIM::PrivateKey->load(File => $order->{key}));
  my $message = decode_base64($order->{message});
  $signer->PRINT($message);
  $signer->CLOSE;
  return {message => encode_base64($signer->signature->as_string . "\r\n" . $message, '')};
}

$| = 1;
my $json = JSON::PP->new;
while (my $line = <STDIN>) {
  my $order = $json->decode($line);
  my $answer = eval { $order->{do} eq 'sign' ? sign($order) : verify($order) } // {error => "$@"};
  print $json->encode($answer), "\n";
}
